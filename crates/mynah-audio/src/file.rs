//! Whole files: any container that is known here in, blocks of mono f32 at 16 kHz out.
//!
//! What a file is, its first bytes decide; its name is never asked. Formats that are streams by
//! nature go through the decoders of the live path, which trim delays and know more codecs; the
//! other containers are taken apart by Symphonia. Either way memory does not grow with the file.
//!
//! This is the seam at which decoding can move to a child process: a path goes in, blocks come out.

mod demux;
mod priming;

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::demux::Demuxed;
use crate::AudioError;
use crate::codec::Codec;
use crate::codec::aac::Adts;
use crate::codec::amr::Amr;
use crate::codec::mp3::Mp3;
use crate::codec::ogg::Ogg;
use crate::codec::wav::WavCodec;
use crate::framing::Framed;
use crate::guard::guarded;
use crate::limits::{FILE_BLOCK_SAMPLES, FILE_READ_BYTES, OUTPUT_RATE_HZ, SLICE_BYTES};
use crate::sink::{Mixer, Sink};
use crate::sniff::{Container, SNIFF_BYTES, id3v2_bytes, sniff};

/// Decodes one file, block by block.
///
/// It is an iterator over blocks of about a second ([`FILE_BLOCK_SAMPLES`]); the first error ends
/// it. A file that holds no audio ends with [`AudioError::NothingDecodable`].
pub struct FileDecoder {
    container: Container,
    /// `None` at the end.
    source: Option<Source>,
    mixer: Mixer,
    duration: Option<Duration>,
    position: Arc<AtomicU64>,
    len_bytes: u64,
}

enum Source {
    Demuxed(Box<Demuxed>),
    Stream {
        file: BufReader<Counted>,
        codec: Box<dyn Codec>,
    },
}

impl FileDecoder {
    /// Opens a file and finds out what it is.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let mut file = Counted::open(path)?;
        let (container, head) = recognise(&mut file)?;
        let (position, len_bytes) = (Arc::clone(&file.position), file.len_bytes);
        let codec: Option<Box<dyn Codec>> = match container {
            Container::Adts => Some(Box::new(Framed::new(Adts::default()))),
            Container::Amr => Some(Box::new(Framed::new(Amr::default()))),
            Container::Mpeg => Some(Box::new(Framed::new(Mp3::new()))),
            Container::Ogg if contains(&head, b"OpusHead") || contains(&head, b"Speex   ") => {
                Some(Box::new(Framed::new(Ogg::default())))
            }
            // The tag of the sample format stands right behind the first chunk's header.
            Container::Wav if !is_adpcm(&head) => Some(Box::new(WavCodec::new(OUTPUT_RATE_HZ))),
            _ => None,
        };
        let (source, duration) = if let Some(codec) = codec {
            let file = BufReader::with_capacity(FILE_READ_BYTES, file);
            (Source::Stream { file, codec }, None)
        } else {
            let demuxed = Demuxed::open(container, file)?;
            let duration = demuxed.duration();
            (Source::Demuxed(Box::new(demuxed)), duration)
        };
        let source = Some(source);
        Ok(Self {
            container,
            source,
            mixer: Mixer::default(),
            duration,
            position,
            len_bytes,
        })
    }

    /// What the file is.
    pub fn container(&self) -> Container {
        self.container
    }

    /// The length that the container states; none where it states none.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// How much of the file has been read, from 0 to 1.
    pub fn progress(&self) -> f32 {
        match (&self.source, self.len_bytes) {
            (None, _) | (_, 0) => 1.0,
            (_, len) => (self.position.load(Ordering::Relaxed) as f32 / len as f32).min(1.0),
        }
    }

    fn next_block(&mut self) -> Result<Vec<f32>, AudioError> {
        let mut out = Vec::new();
        while out.len() < FILE_BLOCK_SAMPLES {
            let Some(source) = &mut self.source else {
                break;
            };
            let mut sink = Sink {
                mixer: &mut self.mixer,
                out: &mut out,
            };
            if !source.advance(&mut sink)? {
                sink.finish()?;
                self.source = None;
                if !self.mixer.wrote() {
                    return Err(self.nothing());
                }
            }
        }
        Ok(out)
    }

    fn nothing(&self) -> AudioError {
        AudioError::NothingDecodable {
            expected: self.container.as_str(),
            found: None,
        }
    }
}

impl Iterator for FileDecoder {
    type Item = Result<Vec<f32>, AudioError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.source.as_ref()?;
        let block = guarded(self.container.as_str(), || self.next_block());
        let block = block.map_err(|error| match error {
            AudioError::NothingDecodable { .. } => self.nothing(),
            error => error,
        });
        if block.is_err() {
            self.source = None;
        }
        Some(block).filter(|block| !matches!(block, Ok(samples) if samples.is_empty()))
    }
}

impl Source {
    /// Decodes a little more; `false` at the end.
    fn advance(&mut self, sink: &mut Sink<'_>) -> Result<bool, AudioError> {
        match self {
            Self::Demuxed(demuxed) => demuxed.advance(sink),
            Self::Stream { file, codec } => {
                let bytes = file.fill_buf()?;
                let taken = bytes.len().min(SLICE_BYTES);
                if taken == 0 {
                    codec.finish(sink)?;
                    return Ok(false);
                }
                codec.push(&bytes[..taken], sink)?;
                file.consume(taken);
                Ok(true)
            }
        }
    }
}

/// Finds out what a file is and leaves it at the start of the audio; returns its first bytes too.
fn recognise(file: &mut Counted) -> Result<(Container, Vec<u8>), AudioError> {
    let mut start = 0;
    // Tags may follow one another, but not without end.
    for _ in 0..4 {
        file.seek(SeekFrom::Start(start))?;
        let mut head = Vec::with_capacity(SNIFF_BYTES);
        file.by_ref()
            .take(SNIFF_BYTES as u64)
            .read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(start))?;
        match (id3v2_bytes(&head), sniff(&head)) {
            (Some(tag), _) if start + tag < file.len_bytes => start += tag,
            (_, Some(container)) => return Ok((container, head)),
            // Junk in front of MPEG audio is common, and its decoder gets past it.
            (_, None) if start > 0 => return Ok((Container::Mpeg, head)),
            (_, None) => {
                let hex: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
                let what = format!("a file that begins with the bytes [{}]", hex.join(" "));
                return Err(AudioError::Unsupported(what));
            }
        }
    }
    Err(AudioError::Unsupported(
        "a file of nothing but tags".to_owned(),
    ))
}

fn contains(head: &[u8], name: &[u8]) -> bool {
    head.windows(name.len()).any(|window| window == name)
}

/// Says whether the format chunk that opens a WAV file names a compressed format.
fn is_adpcm(head: &[u8]) -> bool {
    head.get(12..16) == Some(b"fmt ") && matches!(head.get(20..22), Some([0x02 | 0x11, 0]))
}

/// A file that counts how far it has been read.
struct Counted {
    file: File,
    position: Arc<AtomicU64>,
    len_bytes: u64,
}

impl Counted {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len_bytes = file.metadata()?.len();
        Ok(Self {
            file,
            position: Arc::default(),
            len_bytes,
        })
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.file.seek(to)?;
        self.position.store(position, Ordering::Relaxed);
        Ok(position)
    }
}
