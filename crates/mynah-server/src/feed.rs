//! Coded audio into an engines' stream, and what the stream reports in a session's terms: what
//! every protocol has in common between its session and the engines.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use mynah_audio::{AudioError, Fault, LiveDecoder, LiveFormat};
use mynah_session::{AudioFormat, HotWordSources, RecognitionEvent, RecognizedText, Segmentation};
use mynah_speech::{
    HotWords, Pipeline, RecognizedSentence, SegmenterOptions, Stream, StreamEvent, StreamOptions,
};
use mynah_store::KeyId;
use mynah_wire::ApiError;

use crate::App;
use crate::hot_words;

/// What a request is to the engines.
pub(crate) struct Order {
    /// The model id as given.
    pub(crate) model: String,
    /// Where its hot words come from.
    pub(crate) hot_words: HotWordSources,
    /// Who recognises it.
    pub(crate) pipeline: Arc<Pipeline>,
    /// How.
    pub(crate) options: StreamOptions,
    /// The audio's format.
    pub(crate) format: AudioFormat,
    /// The sample rate that was declared, in Hz.
    pub(crate) sample_rate_hz: u32,
    /// Whether more streams may follow in the same slot ([`Feed::renew`]). Then a stream without
    /// any audio is no fault, and an Ogg stream may go on from one to the next.
    pub(crate) renewable: bool,
}

/// A stream in its slot, and the audio on its way there.
pub(crate) struct Feed {
    decoder: LiveDecoder,
    format: AudioFormat,
    renewable: bool,
    stream: Arc<Stream>,
    /// What was not decoded yet, and decoded audio that the stream had no room for. Both are
    /// bounded by [`Feed::is_full`]: nothing is read while either holds anything.
    waiting: VecDeque<Piece>,
    samples: Vec<f32>,
    /// Whether the stream's audio is complete. What waits then is for the next one.
    ended: bool,
}

/// What comes from a client.
enum Piece {
    Audio(Bytes),
    /// The stream's audio is complete.
    End,
}

impl Feed {
    /// Takes a slot.
    pub(crate) fn open(order: Order, app: &App) -> Result<Self, ApiError> {
        let decoder = order.decoder()?;
        let model = order.pipeline.recognizer.clone();
        let stream = app.engine.open_live(order.pipeline, order.options);
        let stream = stream.map_err(|full| {
            tracing::info!(%model, %full, "stream refused");
            ApiError::rate_quota()
        })?;
        Ok(Self {
            decoder,
            format: order.format,
            renewable: order.renewable,
            stream: Arc::new(stream),
            waiting: VecDeque::new(),
            samples: Vec::new(),
            ended: false,
        })
    }

    /// Begins another stream in the same slot, with the audio that has been given since the last
    /// one's end.
    pub(crate) fn renew(&mut self, order: Order) -> Result<(), ApiError> {
        let goes_on = order.format == AudioFormat::Opus && self.format == order.format;
        if !goes_on {
            self.decoder = order.decoder()?;
        }
        self.format = order.format;
        self.stream = Arc::new(self.stream.renew(order.pipeline, order.options));
        self.samples.clear();
        self.ended = false;
        self.pump()
    }

    /// Takes a message of audio.
    pub(crate) fn push(&mut self, bytes: Bytes) -> Result<(), ApiError> {
        self.waiting.push_back(Piece::Audio(bytes));
        self.pump()
    }

    /// The client has sent all of the stream's audio.
    pub(crate) fn finish(&mut self) -> Result<(), ApiError> {
        self.waiting.push_back(Piece::End);
        self.pump()
    }

    /// Forgets the audio since the last end, as far as the stream has not got it.
    pub(crate) fn clear(&mut self) {
        while let Some(Piece::Audio(_)) = self.waiting.back() {
            self.waiting.pop_back();
        }
        if self.waiting.is_empty() && !self.ended {
            self.samples.clear();
        }
    }

    /// Whether audio waits: then no more should be read.
    pub(crate) fn is_full(&self) -> bool {
        !self.samples.is_empty() || !self.waiting.is_empty()
    }

    /// Whether it is room in the stream that audio waits for, and not the stream's end.
    pub(crate) fn waits_for_room(&self) -> bool {
        !self.samples.is_empty()
    }

    /// The stream that recognises the audio.
    pub(crate) fn stream(&self) -> Arc<Stream> {
        self.stream.clone()
    }

    /// Decodes and hands on as much as there is room for.
    pub(crate) fn pump(&mut self) -> Result<(), ApiError> {
        loop {
            let fits = self.stream.room().min(self.samples.len());
            if fits > 0 {
                self.stream.push(&self.samples[..fits]);
                self.samples.drain(..fits);
            }
            if !self.samples.is_empty() {
                return Ok(());
            }
            if self.ended {
                self.stream.finish();
                return Ok(());
            }
            match self.waiting.pop_front() {
                None => return Ok(()),
                Some(Piece::Audio(bytes)) => self.decode(&bytes)?,
                Some(Piece::End) => {
                    self.ended = true;
                    self.end()?;
                }
            }
        }
    }

    fn decode(&mut self, bytes: &Bytes) -> Result<(), ApiError> {
        let rest = self.decoder.push(bytes, &mut self.samples);
        let rest = rest.map_err(|error| api_error(&error))?.len();
        if rest > 0 {
            let rest = bytes.slice(bytes.len() - rest..);
            self.waiting.push_front(Piece::Audio(rest));
        }
        Ok(())
    }

    /// Gives out what the decoder holds back.
    fn end(&mut self) -> Result<(), ApiError> {
        if self.renewable && self.format == AudioFormat::Opus {
            let any = self.decoder.has_audio();
            return if any {
                Ok(())
            } else {
                Err(ApiError::no_valid_audio())
            };
        }
        match self.decoder.finish(&mut self.samples) {
            Err(AudioError::NothingDecodable { .. }) if self.renewable => Ok(()),
            ended => ended.map_err(|error| api_error(&error)),
        }
    }
}

impl Order {
    /// Looks for the hot words that a call of `key` names.
    pub(crate) async fn find_hot_words(&mut self, key: &KeyId, app: &App) -> Result<(), ApiError> {
        let languages = &self.options.languages;
        let words = hot_words::find(&app.store, key, &self.model, &self.hot_words, languages);
        self.options.hot_words = Arc::new(HotWords::new(words.await?));
        Ok(())
    }

    fn decoder(&self) -> Result<LiveDecoder, ApiError> {
        LiveDecoder::new(live_format(self.format), self.sample_rate_hz)
            .map_err(|error| api_error(&error))
    }
}

/// How sentences are told apart, in the engines' terms.
pub(crate) fn segmenter_options(segmentation: Segmentation) -> SegmenterOptions {
    SegmenterOptions {
        max_sentence_silence_ms: segmentation.max_sentence_silence_ms,
        semantic: segmentation.semantic,
        multi_threshold: segmentation.multi_threshold,
        speech_noise_threshold: segmentation.speech_noise_threshold,
    }
}

/// What the stream reports, in the session's terms.
pub(crate) fn recognition_event(event: StreamEvent) -> RecognitionEvent {
    match event {
        StreamEvent::Speech { begin_ms } => RecognitionEvent::Speech { begin_ms },
        StreamEvent::Partial(sentence) => RecognitionEvent::Partial(text(sentence)),
        StreamEvent::Final {
            sentence,
            rest,
            heard_ms,
        } => RecognitionEvent::Final {
            sentence: text(sentence),
            rest: rest.map(text),
            heard_ms,
        },
        StreamEvent::Nothing { heard_ms } => RecognitionEvent::Nothing { heard_ms },
        StreamEvent::Finished { heard_ms } => RecognitionEvent::Finished { heard_ms },
        StreamEvent::Failed(error) => {
            tracing::error!(%error, "a recognition engine failed");
            RecognitionEvent::Failed(ApiError::model_service_failed())
        }
    }
}

fn text(sentence: RecognizedSentence) -> RecognizedText {
    let RecognizedSentence {
        begin_ms,
        end_ms,
        text,
        words,
        language,
    } = sentence;
    RecognizedText {
        begin_ms,
        end_ms,
        text,
        words,
        language,
    }
}

fn live_format(format: AudioFormat) -> LiveFormat {
    match format {
        AudioFormat::Aac => LiveFormat::Aac,
        AudioFormat::ALaw => LiveFormat::ALaw,
        AudioFormat::Amr => LiveFormat::Amr,
        AudioFormat::Mp3 => LiveFormat::Mp3,
        AudioFormat::MuLaw => LiveFormat::MuLaw,
        AudioFormat::Opus => LiveFormat::Opus,
        AudioFormat::Pcm => LiveFormat::Pcm,
        AudioFormat::Speex => LiveFormat::Speex,
        AudioFormat::Wav => LiveFormat::Wav,
    }
}

/// An audio error as the API documents it.
fn api_error(error: &AudioError) -> ApiError {
    tracing::info!(%error, "audio cannot be decoded");
    match (error, error.fault()) {
        (AudioError::Unsupported(_), _) => ApiError::unsupported_format(),
        (_, Fault::Client) => ApiError::no_valid_audio(),
        (_, Fault::Server) => ApiError::internal(),
    }
}
