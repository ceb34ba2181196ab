//! AAC with ADTS headers (ISO/IEC 13818-7, 6.2), and bare AAC access units for containers.
//!
//! With the feature `aac-he` the decoder is Fraunhofer's; it knows HE-AAC v1 and v2. Without it the
//! decoder is Symphonia's, which knows the low-complexity profile only: what declares HE-AAC is
//! refused, since decoding just its core would halve the bandwidth without a word.

#[cfg(feature = "aac-he")]
mod fdk;
#[cfg(feature = "aac-he")]
mod he;
#[cfg(not(feature = "aac-he"))]
mod lc;

#[cfg(feature = "aac-he")]
pub(crate) use he::Units;
#[cfg(not(feature = "aac-he"))]
pub(crate) use lc::Units;

use crate::AudioError;
use crate::codec::mp3::distance_to;
use crate::framing::{Framer, Step};
use crate::limits::ADTS_FRAME_BYTES_MAX;
use crate::sink::Sink;
use crate::sniff::id3v2_bytes;

/// Bytes of a header without its checksum.
const HEADER_BYTES: usize = 7;

/// Finds and decodes ADTS frames.
#[derive(Default)]
pub(crate) struct Adts {
    units: Option<Units>,
    /// The header of the last frame, while in step with the stream.
    last: Option<Header>,
}

impl Framer for Adts {
    const WINDOW_BYTES_MAX: usize = ADTS_FRAME_BYTES_MAX + HEADER_BYTES;

    fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        if bytes.len() < 10 && b"ID3".starts_with(&bytes[..bytes.len().min(3)]) && !last {
            return Step::More;
        }
        if let Some(len) = id3v2_bytes(bytes) {
            return Step::Metadata(len);
        }
        let Some(header) = Header::read(bytes) else {
            if bytes.len() < HEADER_BYTES && bytes[0] == 0xFF && !last {
                return Step::More;
            }
            self.last = None;
            return Step::Junk(distance_to(0xFF, bytes));
        };
        if bytes.len() < header.frame_bytes {
            return if last {
                Step::Junk(bytes.len())
            } else {
                Step::More
            };
        }
        let next = &bytes[header.frame_bytes..];
        let is_in_step = self.last.is_some_and(|last| last.is_like(header));
        let is_confirmed = match Header::read(next) {
            _ if is_in_step => true,
            Some(next) => next.is_like(header),
            None if next.len() < HEADER_BYTES && !last => return Step::More,
            None => next.is_empty(),
        };
        if !is_confirmed {
            return Step::Junk(1 + distance_to(0xFF, &bytes[1..]));
        }
        self.last = Some(header);
        Step::Frame(header.frame_bytes)
    }

    fn frame(&mut self, frame: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let Some(header) = Header::read(frame) else {
            return Ok(());
        };
        let units = match &mut self.units {
            Some(units) => units,
            units => units.insert(Units::adts(header)?),
        };
        units.decode(frame, sink)
    }

    fn drain(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.units
            .as_mut()
            .map_or(Ok(()), |units| units.flush(sink))
    }
}

/// What an ADTS header says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    object_type: u8,
    rate_index: u8,
    channel_config: u8,
    /// Bytes in front of the access unit.
    prefix_bytes: usize,
    frame_bytes: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, b1, b2, b3, b4, b5, _, ..] = bytes else {
            return None;
        };
        let rate_index = (b2 >> 2) & 15;
        let prefix_bytes = if b1 & 1 == 0 {
            HEADER_BYTES + 2
        } else {
            HEADER_BYTES
        };
        let frame_bytes = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
        if b1 & 0xF6 != 0xF0 || rate_index > 12 || frame_bytes <= prefix_bytes {
            return None;
        }
        Some(Self {
            object_type: (b2 >> 6) + 1,
            rate_index,
            channel_config: (b2 & 1) << 2 | b3 >> 6,
            prefix_bytes,
            frame_bytes,
        })
    }

    fn is_like(self, other: Self) -> bool {
        (self.object_type, self.rate_index, self.channel_config)
            == (other.object_type, other.rate_index, other.channel_config)
    }

    /// The same as an `AudioSpecificConfig` (ISO/IEC 14496-3, 1.6.2.1).
    #[cfg(not(feature = "aac-he"))]
    fn audio_specific_config(self) -> [u8; 2] {
        [
            self.object_type << 3 | self.rate_index >> 1,
            (self.rate_index & 1) << 7 | self.channel_config << 3,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_are_found() {
        let header = Header::read(&[0xFF, 0xF1, 0x60, 0x40, 0x17, 0x3F, 0xFC]).unwrap();
        assert_eq!(
            (header.object_type, header.rate_index, header.channel_config),
            (2, 8, 1)
        );
        assert_eq!((header.prefix_bytes, header.frame_bytes), (7, 185));
    }
}
