//! Ogg (RFC 3533) with one stream of Opus (RFC 7845) or Speex in it.
//!
//! Pages are checked by their checksum, so that damage costs a page, not the stream. The codec is
//! the one the stream names, whatever was declared. Other streams beside it are passed over;
//! streams one behind the other are decoded one after the other.

use crate::AudioError;
use crate::codec::opus::OpusPackets;
use crate::codec::speex::SpeexPackets;
use crate::framing::{Framer, Step};
use crate::limits::{OGG_PACKET_BYTES_MAX, OGG_PAGE_BYTES_MAX};
use crate::sink::Sink;

const HEADER_BYTES: usize = 27;
const CAPTURE_PATTERN: &[u8] = b"OggS";
const CONTINUED: u8 = 1;
const FIRST_PAGE: u8 = 2;
const LAST_PAGE: u8 = 4;

/// Decodes the packets of one logical stream.
pub(super) trait Packets: Send {
    /// A page begins on which the last packet ends at `granule`; none where no packet ends on it.
    /// `last` when it is the last page of the stream.
    fn page(&mut self, granule: Option<u64>, last: bool);

    /// Takes the next packet; the first is the one that named the codec.
    fn packet(&mut self, packet: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError>;
}

/// Finds and decodes Ogg pages.
#[derive(Default)]
pub(crate) struct Ogg {
    stream: Option<Stream>,
}

struct Stream {
    serial: u32,
    packets: Box<dyn Packets>,
    /// The packet that is being put together.
    partial: Vec<u8>,
    /// Whether that packet is to be thrown away.
    spoilt: bool,
}

impl Framer for Ogg {
    const WINDOW_BYTES_MAX: usize = OGG_PAGE_BYTES_MAX;

    fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        let too_short = if last { Step::Junk(1) } else { Step::More };
        if !bytes.starts_with(CAPTURE_PATTERN) {
            let is_start = CAPTURE_PATTERN.starts_with(bytes);
            return if is_start {
                too_short
            } else {
                Step::Junk(distance_to_page(bytes))
            };
        }
        if bytes.len() < HEADER_BYTES {
            return too_short;
        }
        let segments = usize::from(bytes[26]);
        let Some(lacing) = bytes.get(HEADER_BYTES..HEADER_BYTES + segments) else {
            return too_short;
        };
        let len = HEADER_BYTES + segments + lacing.iter().map(|&n| usize::from(n)).sum::<usize>();
        match bytes.get(..len) {
            None => too_short,
            Some(page) if is_sound(page) => Step::Frame(len),
            Some(_) => Step::Junk(1),
        }
    }

    fn frame(&mut self, frame: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let page = Page::split(frame);
        if page.flags & FIRST_PAGE != 0 {
            let packets: Option<Box<dyn Packets>> = match page.body {
                body if body.starts_with(b"OpusHead") => Some(Box::new(OpusPackets::default())),
                body if body.starts_with(b"Speex   ") => Some(Box::new(SpeexPackets::default())),
                _ => None,
            };
            if let Some(packets) = packets {
                let (partial, spoilt) = (Vec::new(), false);
                self.stream = Some(Stream {
                    serial: page.serial,
                    packets,
                    partial,
                    spoilt,
                });
            }
        }
        match &mut self.stream {
            Some(stream) if stream.serial == page.serial => stream.page(&page, sink),
            _ => Ok(()),
        }
    }
}

impl Stream {
    fn page(&mut self, page: &Page<'_>, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.packets.page(page.granule, page.flags & LAST_PAGE != 0);
        // Where a page is missing, the end or the beginning of a packet was on it.
        if page.flags & CONTINUED == 0 {
            self.partial.clear();
            self.spoilt = false;
        } else if self.partial.is_empty() {
            self.spoilt = true;
        }
        let mut body = page.body;
        for &len in page.lacing {
            let (segment, rest) = body.split_at(usize::from(len).min(body.len()));
            body = rest;
            self.segment(segment, sink)?;
        }
        Ok(())
    }

    /// Takes a part of a packet; one of less than 255 bytes ends it.
    fn segment(&mut self, segment: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        if self.partial.len() + segment.len() > OGG_PACKET_BYTES_MAX {
            self.spoilt = true;
        }
        if !self.spoilt {
            self.partial.extend_from_slice(segment);
        }
        if segment.len() == 255 {
            return Ok(());
        }
        let packet = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.spoilt) {
            // It still counts: headers are told from audio by their number.
            return self.packets.packet(&[], sink);
        }
        self.packets.packet(&packet, sink)
    }
}

/// The fields of a page.
struct Page<'a> {
    flags: u8,
    granule: Option<u64>,
    serial: u32,
    lacing: &'a [u8],
    body: &'a [u8],
}

impl<'a> Page<'a> {
    /// Splits a page that [`Ogg::step`] has found sound.
    fn split(bytes: &'a [u8]) -> Self {
        let mut granule = [0; 8];
        granule.copy_from_slice(&bytes[6..14]);
        let segments = usize::from(bytes[26]);
        Self {
            flags: bytes[5],
            granule: u64::try_from(i64::from_le_bytes(granule)).ok(),
            serial: u32::from_le_bytes([bytes[14], bytes[15], bytes[16], bytes[17]]),
            lacing: &bytes[HEADER_BYTES..HEADER_BYTES + segments],
            body: &bytes[HEADER_BYTES + segments..],
        }
    }
}

fn distance_to_page(bytes: &[u8]) -> usize {
    let pattern = CAPTURE_PATTERN;
    let starts =
        |at: &usize| pattern.starts_with(&bytes[*at..(*at + pattern.len()).min(bytes.len())]);
    (1..bytes.len()).find(starts).unwrap_or(bytes.len())
}

/// Checks version and checksum.
fn is_sound(page: &[u8]) -> bool {
    let stored = u32::from_le_bytes([page[22], page[23], page[24], page[25]]);
    let sum = crc(crc(crc(0, &page[..22]), &[0; 4]), &page[26..]);
    page[4] == 0 && sum == stored
}

/// The checksum of RFC 3533, section 6: polynomial 0x04C11DB7, not reflected, from 0.
fn crc(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |sum, &byte| {
        (sum << 8) ^ CRC_TABLE[usize::from((sum >> 24) as u8 ^ byte)]
    })
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut sum = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000_0000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x04C1_1DB7
            };
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};
