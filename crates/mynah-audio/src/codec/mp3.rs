//! MPEG audio (mp3, and layers I and II with it), frame by frame.
//!
//! The decoder library loses audio without an error when it is shown less than a frame, so frames
//! are found here and handed over whole. A frame counts once a second one of the same kind follows
//! it. The decoder's own delay is always cut off; the encoder's delay and the padding at the end are
//! known where the first frame is a Xing or Info tag.

use nanomp3::{Decoder, MAX_SAMPLES_PER_FRAME, VbrTag};

use crate::AudioError;
use crate::framing::{Framer, Step};
use crate::limits::MPEG_FRAME_BYTES_MAX;
use crate::sink::{Sink, Spec};
use crate::sniff::id3v2_bytes;

/// Bytes of a frame's header.
pub(crate) const HEADER_BYTES: usize = 4;
/// Delay of every layer III decoder, in sampling instants.
const DECODER_DELAY: u32 = 529;

/// Finds and decodes MPEG audio frames.
pub(crate) struct Mp3 {
    decoder: Decoder,
    /// The header of the last frame, while in step with the stream.
    last: Option<Header>,
    started: bool,
    end: Option<End>,
}

/// Where the audio of a tagged stream ends.
struct End {
    /// Frames that the tag announces and that have not come.
    frames: u32,
    /// Sampling instants of them that are audio.
    audio: u64,
}

impl Mp3 {
    pub(crate) fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            last: None,
            started: false,
            end: None,
        }
    }

    /// Prepares for the stream that a tag describes; several may follow one another.
    fn begin(&mut self, tag: VbrTag, header: Header, sink: &mut Sink<'_>) {
        self.started = true;
        self.decoder = Decoder::new();
        let (delay, padding) = tag
            .encoder_delay_padding
            .map_or((0, None), |(d, p)| (d, Some(p)));
        sink.skip(u64::from(delay) + u64::from(DECODER_DELAY));
        self.end = tag.frames.zip(padding).map(|(frames, padding)| {
            let all = u64::from(frames) * header.frame_samples as u64;
            let cut = u64::from(padding).saturating_sub(u64::from(DECODER_DELAY));
            End {
                frames,
                audio: all.saturating_sub(cut),
            }
        });
    }

    /// Cuts `frames` sampling instants down to those before the announced end.
    fn before_end(&mut self, frames: usize) -> usize {
        let Some(end) = &mut self.end else {
            return frames;
        };
        let kept = end.audio.min(frames as u64);
        end.audio -= kept;
        end.frames = end.frames.saturating_sub(1);
        if end.frames == 0 {
            self.end = None;
        }
        kept as usize
    }
}

impl Framer for Mp3 {
    const WINDOW_BYTES_MAX: usize = MPEG_FRAME_BYTES_MAX + HEADER_BYTES;

    fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        if bytes.len() < 10 && b"ID3".starts_with(&bytes[..bytes.len().min(3)]) && !last {
            return Step::More;
        }
        if let Some(len) = id3v2_bytes(bytes) {
            return Step::Metadata(len);
        }
        let Some(header) = Header::read(bytes) else {
            let could_be = bytes.len() < HEADER_BYTES && bytes[0] == 0xFF && !last;
            if could_be {
                return Step::More;
            }
            self.last = None;
            return Step::Junk(distance_to(0xFF, bytes));
        };
        let is_in_step = self.last.is_some_and(|last| last.is_like(header));
        if bytes.len() < header.frame_bytes {
            return if last {
                Step::Junk(bytes.len())
            } else {
                Step::More
            };
        }
        let next = &bytes[header.frame_bytes..];
        if is_in_step || (next.is_empty() && last) {
            self.last = Some(header);
            return Step::Frame(header.frame_bytes);
        }
        match Header::read(next) {
            Some(next) if next.is_like(header) => {
                self.last = Some(header);
                Step::Frame(header.frame_bytes)
            }
            None if next.len() < HEADER_BYTES && !last => Step::More,
            _ => Step::Junk(1 + distance_to(0xFF, &bytes[1..])),
        }
    }

    fn frame(&mut self, frame: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let Some(header) = Header::read(frame) else {
            return Ok(());
        };
        if let Some(tag) = VbrTag::parse(frame) {
            self.begin(tag, header, sink);
            return Ok(());
        }
        if !self.started {
            self.started = true;
            sink.skip(u64::from(DECODER_DELAY));
        }
        let mut pcm = [0.0f32; MAX_SAMPLES_PER_FRAME];
        let (_, result) = self.decoder.decode(frame, &mut pcm);
        let kept = self.before_end(header.frame_samples);
        match result {
            Ok(info) if info.samples_produced > 0 => {
                let channels = u16::from(info.channels.num());
                let kept = kept.min(info.samples_produced) * usize::from(channels);
                sink.write(
                    &pcm[..kept],
                    Spec {
                        rate_hz: info.sample_rate,
                        channels,
                    },
                )
            }
            _ => sink.silence(
                kept,
                Spec {
                    rate_hz: header.rate_hz,
                    channels: 1,
                },
            ),
        }
    }
}

/// Offset of the first `byte` in `bytes`, or their length, but at least 1.
pub(crate) fn distance_to(byte: u8, bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|&b| b == byte)
        .unwrap_or(bytes.len())
        .max(1)
}

/// The header of an MPEG-1, -2 or -2.5 audio frame (ISO/IEC 11172-3, 2.4.1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    version: u8,
    layer: u8,
    rate_hz: u32,
    /// Sampling instants in the frame.
    frame_samples: usize,
    frame_bytes: usize,
}

impl Header {
    /// Reads the header at the front of `bytes`; none where there is no valid one.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, b1, b2, b3, ..] = bytes else {
            return None;
        };
        let version = (b1 >> 3) & 3;
        let layer = 4 - ((b1 >> 1) & 3);
        let (bitrate, rate, emphasis) = (b2 >> 4, (b2 >> 2) & 3, b3 & 3);
        let is_reserved = b1 < 0xE0 || version == 1 || layer == 4 || rate == 3 || emphasis == 2;
        if is_reserved || bitrate == 0 || bitrate == 15 {
            return None;
        }
        let rate_hz =
            [44_100, 48_000, 32_000][usize::from(rate)] >> [2, 0, 1, 0][usize::from(version)];
        let bits_per_second = bitrate_kbps(version, layer, bitrate) * 1_000;
        let padding = usize::from((b2 >> 1) & 1);
        let frame_samples = match layer {
            1 => 384,
            3 if version != 3 => 576,
            _ => 1_152,
        };
        let slots = frame_samples / 8 * bits_per_second / rate_hz as usize;
        let frame_bytes = if layer == 1 {
            (slots / 4 + padding) * 4
        } else {
            slots + padding
        };
        Some(Self {
            version,
            layer,
            rate_hz,
            frame_samples,
            frame_bytes,
        })
    }

    /// Says whether two frames can belong to one stream.
    pub(crate) fn is_like(self, other: Self) -> bool {
        self.version == other.version && self.layer == other.layer && self.rate_hz == other.rate_hz
    }
}

fn bitrate_kbps(version: u8, layer: u8, index: u8) -> usize {
    const TABLES: [[usize; 14]; 5] = [
        [
            32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ],
        [
            32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ],
        [
            32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ],
        [
            32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let table = match (version, layer) {
        (3, layer) => usize::from(layer) - 1,
        (_, 1) => 3,
        _ => 4,
    };
    TABLES[table][usize::from(index) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_gives_the_frame_length() {
        let layer_three = Header::read(&[0xFF, 0xFB, 0x90, 0x00]).unwrap();
        assert_eq!(
            (layer_three.frame_bytes, layer_three.rate_hz),
            (417, 44_100)
        );
        let half_rate = Header::read(&[0xFF, 0xF3, 0x48, 0xC4]).unwrap();
        assert_eq!((half_rate.frame_bytes, half_rate.frame_samples), (144, 576));
        assert!(Header::read(&[0xFF, 0xFB, 0xF0, 0x00]).is_none());
    }

    #[test]
    fn no_header_announces_more_than_the_limit() {
        for b1 in 0xE0..=0xFF {
            for b2 in 0..=0xFF {
                let bytes = Header::read(&[0xFF, b1, b2, 0]).map_or(0, |header| header.frame_bytes);
                assert!(bytes <= MPEG_FRAME_BYTES_MAX, "{b1:x} {b2:x}: {bytes}");
            }
        }
    }
}
