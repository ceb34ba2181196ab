//! An open recognition task: coded audio in, recognition events out.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use mynah_audio::{AudioError, Fault, LiveDecoder, LiveFormat};
use mynah_session::{AudioFormat, RecognitionEvent, RecognitionRequest, RecognizedText};
use mynah_speech::{
    HotWords, RecognizedSentence, SegmenterOptions, Stream, StreamEvent, StreamOptions, TextOptions,
};
use mynah_store::KeyId;
use mynah_text::HotWord;
use mynah_wire::ApiError;

use crate::App;
use crate::hot_words;

/// A task in its slot.
pub(crate) struct OpenTask {
    decoder: LiveDecoder,
    stream: Arc<Stream>,
    /// Messages not decoded yet, and decoded audio that the stream had no room for. Both are
    /// bounded by [`OpenTask::is_full`]: nothing is read while either holds anything.
    waiting: VecDeque<Bytes>,
    samples: Vec<f32>,
    /// Whether the client has sent all of its audio.
    complete: bool,
    /// Whether the stream has been told so.
    ended: bool,
}

impl OpenTask {
    /// Finds the models, the hot words and a slot for a request of `key`.
    pub(crate) async fn open(
        request: &RecognitionRequest,
        key: &KeyId,
        app: &App,
    ) -> Result<Self, ApiError> {
        if app.shutdown.is_cancelled() {
            return Err(ApiError::unavailable());
        }
        let pipeline = app.serving.pipeline(&request.model)?;
        app.task_rates.check(key, &request.model)?;
        let RecognitionRequest {
            model,
            hot_words,
            languages,
            ..
        } = request;
        let hot_words = hot_words::find(&app.store, key, model, hot_words, languages).await?;
        let decoder = LiveDecoder::new(live_format(request.format), request.sample_rate_hz)
            .map_err(|error| api_error(&error))?;
        let stream = app
            .engine
            .open_live(pipeline, stream_options(request, hot_words))
            .map_err(|full| {
                tracing::info!(model = %request.model, %full, "task refused");
                ApiError::rate_quota()
            })?;
        Ok(Self {
            decoder,
            stream: Arc::new(stream),
            waiting: VecDeque::new(),
            samples: Vec::new(),
            complete: false,
            ended: false,
        })
    }

    /// Takes a message of audio.
    pub(crate) fn push(&mut self, bytes: Bytes) -> Result<(), ApiError> {
        self.waiting.push_back(bytes);
        self.pump()
    }

    /// The client has sent all of its audio.
    pub(crate) fn finish(&mut self) -> Result<(), ApiError> {
        self.complete = true;
        self.pump()
    }

    /// Whether audio waits for room: then no more should be read.
    pub(crate) fn is_full(&self) -> bool {
        !self.samples.is_empty() || !self.waiting.is_empty()
    }

    /// The stream that recognises the task's audio.
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
            if let Some(bytes) = self.waiting.pop_front() {
                let rest = self.decoder.push(&bytes, &mut self.samples);
                let rest = rest.map_err(|error| api_error(&error))?.len();
                if rest > 0 {
                    self.waiting.push_front(bytes.slice(bytes.len() - rest..));
                }
            } else if self.complete && !self.ended {
                self.ended = true;
                self.decoder
                    .finish(&mut self.samples)
                    .map_err(|error| api_error(&error))?;
            } else {
                if self.ended {
                    self.stream.finish();
                }
                return Ok(());
            }
        }
    }
}

/// What the stream reports, in the session's terms.
pub(crate) fn event(event: StreamEvent) -> RecognitionEvent {
    match event {
        StreamEvent::Speech => RecognitionEvent::Speech,
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

fn stream_options(request: &RecognitionRequest, hot_words: Vec<HotWord>) -> StreamOptions {
    let segmentation = request.segmentation;
    StreamOptions {
        languages: request.languages.clone(),
        segmentation: SegmenterOptions {
            max_sentence_silence_ms: segmentation.max_sentence_silence_ms,
            semantic: segmentation.semantic,
            multi_threshold: segmentation.multi_threshold,
            speech_noise_threshold: segmentation.speech_noise_threshold,
        },
        text: TextOptions {
            punctuation: request.text.punctuation,
            inverse_text_normalization: request.text.inverse_text_normalization,
            disfluency_removal: request.text.disfluency_removal,
        },
        partials: request.partials,
        hot_words: Arc::new(HotWords::new(hot_words)),
        ..StreamOptions::default()
    }
}

fn live_format(format: AudioFormat) -> LiveFormat {
    match format {
        AudioFormat::Pcm => LiveFormat::Pcm,
        AudioFormat::Wav => LiveFormat::Wav,
        AudioFormat::Mp3 => LiveFormat::Mp3,
        AudioFormat::Opus => LiveFormat::Opus,
        AudioFormat::Speex => LiveFormat::Speex,
        AudioFormat::Aac => LiveFormat::Aac,
        AudioFormat::Amr => LiveFormat::Amr,
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
