//! How much of an MP4 audio track comes before its first audible sample.
//!
//! Encoders start with a frame or two of run-up and say so in an edit list (ISO/IEC 14496-12,
//! 8.6.6), which Symphonia does not read. Without it, all word times would be late by up to 0.13 s.

use std::io::{Read as _, Seek as _, SeekFrom};

use super::Counted;
use crate::AudioError;

/// Most boxes that are looked at.
const BOXES_MAX: usize = 4_096;
/// Bytes that are read of a box with fields.
const FIELDS_BYTES: u64 = 64;
/// Longest run-up that is believed, in sampling instants.
const PRIMING_FRAMES_MAX: u64 = 16_384;

/// The run-up of a track.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Priming {
    pub(super) track: u32,
    /// In units of the track's time scale, which for audio is its sampling rate.
    pub(super) frames: u64,
}

/// Reads the run-up of the first audio track and leaves the file at its start.
pub(super) fn of_mp4(file: &mut Counted) -> Result<Option<Priming>, AudioError> {
    let len = file.len_bytes;
    let mut walk = Walk {
        file,
        boxes_left: BOXES_MAX,
        track: Track::default(),
        found: None,
    };
    // What cannot be read here is for the demuxer to complain about.
    let _ = walk.boxes(0, len, 0);
    let found = walk.found;
    file.seek(SeekFrom::Start(0))?;
    Ok(found)
}

struct Walk<'a> {
    file: &'a mut Counted,
    boxes_left: usize,
    track: Track,
    found: Option<Priming>,
}

#[derive(Default)]
struct Track {
    priming: Priming,
    is_audio: bool,
}

impl Walk<'_> {
    /// Visits the boxes between two positions; `depth` bounds the recursion.
    fn boxes(&mut self, mut at: u64, end: u64, depth: u32) -> Result<(), AudioError> {
        while at + 8 <= end && self.boxes_left > 0 && self.found.is_none() {
            self.boxes_left -= 1;
            let head = self.read(at, 16)?;
            let (header, size) = match u64::from(number(&head, 0)) {
                0 => (8, end - at),
                1 => (
                    16,
                    u64::from(number(&head, 8)) << 32 | u64::from(number(&head, 12)),
                ),
                size => (8, size),
            };
            let next = at.saturating_add(size).min(end);
            if size < header {
                break;
            }
            match head.get(4..8) {
                Some(b"moov" | b"mdia" | b"edts") if depth < 4 => {
                    self.boxes(at + header, next, depth + 1)?;
                }
                Some(b"trak") if depth < 4 => {
                    self.track = Track::default();
                    self.boxes(at + header, next, depth + 1)?;
                    if self.track.is_audio {
                        self.found = Some(self.track.priming);
                    }
                }
                Some(kind) => {
                    self.fields(kind, at + header)?;
                }
                None => break,
            }
            at = next;
        }
        Ok(())
    }

    fn fields(&mut self, kind: &[u8], at: u64) -> Result<(), AudioError> {
        if !matches!(kind, b"elst" | b"hdlr" | b"tkhd") {
            return Ok(());
        }
        let body = self.read(at, FIELDS_BYTES)?;
        let is_long = body.first() == Some(&1);
        match kind {
            b"tkhd" => self.track.priming.track = number(&body, if is_long { 20 } else { 12 }),
            b"hdlr" => self.track.is_audio = body.get(8..12) == Some(b"soun"),
            _ if is_long => {
                let start = u64::from(number(&body, 16)) << 32 | u64::from(number(&body, 20));
                self.edit(start);
            }
            _ => self.edit(u64::from(number(&body, 12))),
        }
        Ok(())
    }

    /// Notes where the first edit starts; an empty edit has a start of -1.
    fn edit(&mut self, start: u64) {
        if start <= PRIMING_FRAMES_MAX {
            self.track.priming.frames = start;
        }
    }

    fn read(&mut self, at: u64, len: u64) -> Result<Vec<u8>, AudioError> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(at))?;
        self.file.by_ref().take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The big-endian number at an offset; 0 behind the end.
fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes
        .get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok());
    u32::from_be_bytes(bytes.unwrap_or_default())
}
