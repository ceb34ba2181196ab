//! What bytes are, by their first ones. Names of files and declarations are never asked.

use crate::codec::mp3;

/// Bytes from the start of a stream or file that [`sniff`] makes use of.
pub(crate) const SNIFF_BYTES: usize = 64;

/// A kind of file or stream that is recognised, whether or not it can be decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Container {
    /// AAC with ADTS headers.
    Adts,
    /// Apple's AIFF or AIFF-C.
    Aiff,
    /// AMR narrowband or wideband.
    Amr,
    /// Microsoft's Advanced Systems Format: wma, wmv.
    Asf,
    /// RIFF with video.
    Avi,
    /// Apple's Core Audio Format.
    Caf,
    /// Free Lossless Audio Codec.
    Flac,
    /// Flash video.
    Flv,
    /// Matroska or `WebM`.
    Matroska,
    /// ISO base media: mp4, m4a, mov, 3gp.
    Mp4,
    /// MPEG audio: mp3, mp2.
    Mpeg,
    /// MPEG programme stream.
    MpegPs,
    /// Ogg, whatever it carries.
    Ogg,
    /// RIFF/WAVE.
    Wav,
}

impl Container {
    /// The name a person would use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adts => "AAC (ADTS)",
            Self::Aiff => "AIFF",
            Self::Amr => "AMR",
            Self::Asf => "ASF (wma, wmv)",
            Self::Avi => "AVI",
            Self::Caf => "CAF",
            Self::Flac => "FLAC",
            Self::Flv => "FLV",
            Self::Matroska => "Matroska or WebM",
            Self::Mp4 => "MP4",
            Self::Mpeg => "MP3",
            Self::MpegPs => "an MPEG programme stream",
            Self::Ogg => "Ogg",
            Self::Wav => "WAV",
        }
    }

    pub(crate) fn describe(found: Option<Self>) -> &'static str {
        found.map_or("nothing that is known here", Self::as_str)
    }
}

/// Tells what begins with `head`. A tag in front of the audio must have been left out.
pub(crate) fn sniff(head: &[u8]) -> Option<Container> {
    const ASF_GUID: &[u8] = &[0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11];
    const STARTS: [(&[u8], Container); 9] = [
        (b"#!AMR", Container::Amr),
        (ASF_GUID, Container::Asf),
        (b"caff", Container::Caf),
        (b"fLaC", Container::Flac),
        (b"FLV\x01", Container::Flv),
        (b"\x1A\x45\xDF\xA3", Container::Matroska),
        (b"\x00\x00\x01\xBA", Container::MpegPs),
        (b"OggS", Container::Ogg),
        (b"ID3", Container::Mpeg),
    ];
    let starts = STARTS.iter().find(|(magic, _)| head.starts_with(magic));
    starts
        .map(|&(_, container)| container)
        .or_else(|| sniff_boxes(head))
        .or_else(|| sniff_sync(head))
}

/// Tells apart what has its name behind a size.
fn sniff_boxes(head: &[u8]) -> Option<Container> {
    let kind = head.get(8..12);
    match (head.get(..4)?, kind) {
        (b"RIFF" | b"RF64", Some(b"WAVE")) => Some(Container::Wav),
        (b"RIFF", Some(b"AVI ")) => Some(Container::Avi),
        (b"FORM", Some(b"AIFF" | b"AIFC")) => Some(Container::Aiff),
        _ => match head.get(4..8)? {
            b"ftyp" | b"moov" | b"mdat" | b"styp" | b"wide" => Some(Container::Mp4),
            _ => None,
        },
    }
}

/// Tells apart what has nothing but a bit pattern at its start.
fn sniff_sync(head: &[u8]) -> Option<Container> {
    match head {
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Some(Container::Adts),
        _ => mp3::Header::read(head).map(|_| Container::Mpeg),
    }
}

/// Length of the `ID3v2` tag at the front of `bytes`, with its header, in bytes.
pub(crate) fn id3v2_bytes(bytes: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = bytes else {
        return None;
    };
    let size = [a, b, c, d]
        .iter()
        .fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Some(10 + size + footer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id3_sizes_have_seven_bits_a_byte() {
        assert_eq!(id3v2_bytes(b"ID3\x04\0\0\0\0\x02\x01"), Some(10 + 257));
        assert_eq!(id3v2_bytes(b"ID3\x04\0\x10\0\0\0\x05rest"), Some(25));
        assert_eq!(id3v2_bytes(b"ID3\x04\0\0\0\0\x02"), None);
    }

    #[test]
    fn an_mpeg_programme_stream_is_not_audio() {
        assert_eq!(
            sniff(b"\x00\x00\x01\xBA\x44\x00\x04"),
            Some(Container::MpegPs)
        );
    }
}
