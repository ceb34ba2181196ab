//! One file in recognition: decoded on a thread of its own, recognised by the workers, its sentences
//! taken in order. Dropping it stops both.

use std::ops::RangeInclusive;
use std::sync::Arc;

use mynah_audio::limits::OUTPUT_RATE_HZ;
use mynah_audio::{AudioError, Fault, FileDecoder};
use mynah_speech::{Pipeline, RecognizedSentence, Stream, StreamEvent, StreamOptions};
use mynah_wire::ApiError;
use tokio::sync::mpsc;

use super::{AudioFile, Place, Transcript, blocking};
use crate::App;
use crate::limits::BLOCKS_WAITING_MAX;

/// What is wanted of a file.
pub(crate) struct Wanted {
    /// The model id as given.
    pub(crate) model: String,
    /// The recognisers.
    pub(crate) pipeline: Arc<Pipeline>,
    /// What is asked of them.
    pub(crate) options: StreamOptions,
    /// How long the audio may be.
    pub(crate) seconds: RangeInclusive<u64>,
}

/// A file in recognition.
pub(crate) struct Recognition {
    stream: Stream,
    blocks: mpsc::Receiver<Result<Vec<f32>, AudioError>>,
    /// Decoded audio that the stream had no room for.
    waiting: Vec<f32>,
    decoded: bool,
    /// The first sentence, awaited and not given out yet.
    first: Option<RecognizedSentence>,
    /// Whether the last sentence has been found.
    over: bool,
    length_ms: u64,
    _place: Place,
}

impl Recognition {
    /// Begins, once the whole file has been decoded once: then its length is known, and a file that
    /// is none, or too long, is refused before there is any result.
    pub(crate) async fn begin(
        app: &App,
        place: Place,
        file: AudioFile,
        wanted: Wanted,
    ) -> Result<Self, ApiError> {
        let ms_max = wanted.seconds.end() * 1000;
        let measured = blocking(move || (measure(&file, ms_max), file)).await?;
        let (length_ms, file) = (measured.0?, measured.1);
        let ms = wanted.seconds.start() * 1000..=ms_max;
        if !ms.contains(&length_ms) {
            let (min, max) = wanted.seconds.into_inner();
            return Err(ApiError::audio_length(min, max));
        }
        let (sender, blocks) = mpsc::channel(BLOCKS_WAITING_MAX);
        tokio::task::spawn_blocking(move || decode(&file, &sender));
        Ok(Self {
            stream: app.engine.open_file(wanted.pipeline, wanted.options),
            blocks,
            waiting: Vec::new(),
            decoded: false,
            first: None,
            over: false,
            length_ms,
            _place: place,
        })
    }

    /// Length of the audio in milliseconds.
    pub(crate) fn length_ms(&self) -> u64 {
        self.length_ms
    }

    /// Length of the audio in seconds, a started one counted whole.
    pub(crate) fn seconds(&self) -> u64 {
        self.length_ms.div_ceil(1000)
    }

    /// Waits for the first sentence, which [`Recognition::next`] gives out all the same: what goes
    /// wrong until then can still be told by an HTTP status.
    pub(crate) async fn await_first(&mut self) -> Result<(), ApiError> {
        self.first = self.next().await?;
        Ok(())
    }

    /// The next sentence; none at the end. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Option<RecognizedSentence>, ApiError> {
        if self.over || self.first.is_some() {
            return Ok(self.first.take());
        }
        loop {
            self.feed();
            let full = !self.waiting.is_empty();
            let event = tokio::select! {
                event = self.stream.next() => event,
                block = self.blocks.recv(), if !full && !self.decoded => {
                    self.take(block)?;
                    continue;
                }
                () = self.stream.wait_for_room(), if full => continue,
            };
            match event {
                StreamEvent::Final { sentence, .. } => return Ok(Some(sentence)),
                StreamEvent::Finished { .. } => {
                    self.over = true;
                    return Ok(None);
                }
                StreamEvent::Failed(error) => {
                    tracing::error!(%error, "a recognition engine failed");
                    return Err(ApiError::model_service_failed());
                }
                StreamEvent::Speech { .. }
                | StreamEvent::Partial(_)
                | StreamEvent::Nothing { .. } => {}
            }
        }
    }

    /// All sentences.
    pub(crate) async fn finish(mut self) -> Result<Transcript, ApiError> {
        let mut transcript = Transcript::default();
        while let Some(sentence) = self.next().await? {
            transcript.add(sentence);
        }
        Ok(transcript)
    }

    fn take(&mut self, block: Option<Result<Vec<f32>, AudioError>>) -> Result<(), ApiError> {
        match block {
            Some(Ok(samples)) => self.waiting = samples,
            Some(Err(error)) => return Err(api_error(&error)),
            None => {
                self.decoded = true;
                self.stream.finish();
            }
        }
        Ok(())
    }

    /// Hands on as much as there is room for.
    fn feed(&mut self) {
        let fits = self.stream.room().min(self.waiting.len());
        if fits > 0 {
            self.stream.push(&self.waiting[..fits]);
            self.waiting.drain(..fits);
        }
    }
}

/// The length of a file's audio in milliseconds; no more than a little over `ms_max` is decoded.
fn measure(file: &AudioFile, ms_max: u64) -> Result<u64, ApiError> {
    let decoder = FileDecoder::open(file.path()).map_err(|error| api_error(&error))?;
    let mut samples = 0;
    for block in decoder {
        samples += block.map_err(|error| api_error(&error))?.len() as u64;
        if samples_to_ms(samples) > ms_max {
            break;
        }
    }
    Ok(samples_to_ms(samples))
}

fn samples_to_ms(samples: u64) -> u64 {
    samples * 1000 / u64::from(OUTPUT_RATE_HZ)
}

/// Decodes a file until its end, or until nobody wants more of it.
fn decode(file: &AudioFile, blocks: &mpsc::Sender<Result<Vec<f32>, AudioError>>) {
    let mut decoder = match FileDecoder::open(file.path()) {
        Ok(decoder) => decoder,
        Err(error) => {
            let _ = blocks.blocking_send(Err(error));
            return;
        }
    };
    while let Some(block) = decoder.next()
        && blocks.blocking_send(block).is_ok()
    {}
}

fn api_error(error: &AudioError) -> ApiError {
    tracing::info!(%error, "a file cannot be decoded");
    match error.fault() {
        Fault::Client => ApiError::illegal_audio(),
        Fault::Server => ApiError::internal(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A WAV file of silence.
    fn silence(ms: u32) -> AudioFile {
        let bytes = ms * 32;
        let mut header = Vec::from(*b"RIFF");
        header.extend((bytes + 36).to_le_bytes());
        header.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        header.extend(OUTPUT_RATE_HZ.to_le_bytes());
        header.extend((OUTPUT_RATE_HZ * 2).to_le_bytes());
        header.extend(b"\x02\0\x10\0data");
        header.extend(bytes.to_le_bytes());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&header).unwrap();
        file.write_all(&vec![0; bytes as usize]).unwrap();
        AudioFile::Temporary(file)
    }

    #[test]
    fn a_file_is_measured_no_further_than_needed() {
        assert_eq!(measure(&silence(2500), 10_000).unwrap(), 2500);
        let long = measure(&silence(60_000), 3_000).unwrap();
        assert!((3_001..10_000).contains(&long), "{long}");
    }

    #[test]
    fn what_is_no_audio_is_the_clients_fault() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"<html>not found</html>").unwrap();
        let error = measure(&AudioFile::Temporary(file), 1000).unwrap_err();
        assert_eq!(error, ApiError::illegal_audio());
    }

    #[test]
    fn decoding_ends_when_nobody_listens() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        decode(&silence(60_000), &sender);
    }
}
