//! The engines that one worker thread owns.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::silero::Silero;
use crate::whisper::{self, Whisper};
use crate::{Moonshine, Muggle, Recognizer, Runtime, SpeechError};

/// Opens engines from installed models.
#[derive(Clone)]
pub struct EngineFactory {
    runtime: Runtime,
    models: PathBuf,
}

impl EngineFactory {
    /// A factory for the models in the folder `models`, one subfolder a model id.
    pub fn new(runtime: Runtime, models: &Path) -> Self {
        Self {
            runtime,
            models: models.to_owned(),
        }
    }

    /// Opens the recogniser with the model id `id`, `whisper-small` for instance.
    pub fn recognizer(&self, id: &str) -> Result<Box<dyn Recognizer>, SpeechError> {
        let folder = self.models.join(id);
        Ok(match id {
            "muggle-speech" => Box::new(Muggle::open(&folder, &self.runtime)?),
            id if id.starts_with("whisper-") => Box::new(Whisper::open(&folder, &self.runtime)?),
            id if id.starts_with("moonshine-") => {
                Box::new(Moonshine::open(&folder, &self.runtime)?)
            }
            other => {
                return Err(SpeechError::Unsupported(format!(
                    "no engine runs the model {other}"
                )));
            }
        })
    }

    /// Opens the voice-activity detector.
    pub(crate) fn voice_activity(&self) -> Result<Silero, SpeechError> {
        Silero::open(&self.models.join("silero-vad"), &self.runtime)
    }
}

/// Whether the installed model `id` in `folder` has to be prepared ([`whisper::prepare`]) before
/// [`EngineFactory::recognizer`] can open it.
pub fn needs_preparation(id: &str, folder: &Path) -> bool {
    id.starts_with("whisper-") && !whisper::is_prepared(folder)
}

/// Whether the recogniser with the model id `id` can be asked for English text, whatever is spoken:
/// the multilingual Whisper models can.
pub fn can_translate(id: &str) -> bool {
    id.starts_with("whisper-") && !id.contains(".en")
}

/// A worker's engines. Recognisers are opened at the first use, or before by [`Engines::preload`].
pub(crate) struct Engines {
    factory: Option<EngineFactory>,
    voice_activity: Option<Silero>,
    recognizers: HashMap<String, Box<dyn Recognizer>>,
}

impl Engines {
    /// The engines of one worker.
    pub(crate) fn open(factory: EngineFactory) -> Result<Self, SpeechError> {
        let voice_activity = Some(factory.voice_activity()?);
        Ok(Self {
            factory: Some(factory),
            voice_activity,
            recognizers: HashMap::new(),
        })
    }

    /// No engines at all, for tests of what surrounds them.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self {
            factory: None,
            voice_activity: None,
            recognizers: HashMap::new(),
        }
    }

    /// Opens a recogniser now, so that its first user does not wait for it.
    pub(crate) fn preload(&mut self, id: &str) -> Result<(), SpeechError> {
        self.recognizer(id).map(|_| ())
    }

    /// The recogniser with this model id.
    pub(crate) fn recognizer(&mut self, id: &str) -> Result<&mut dyn Recognizer, SpeechError> {
        if !self.recognizers.contains_key(id) {
            let opened = self.factory()?.recognizer(id)?;
            self.recognizers.insert(id.to_owned(), opened);
        }
        match self.recognizers.get_mut(id) {
            Some(recognizer) => Ok(recognizer.as_mut()),
            None => Err(SpeechError::Unsupported(format!(
                "the model {id} is not open"
            ))),
        }
    }

    /// The voice-activity detector.
    pub(crate) fn voice_activity(&mut self) -> Result<&mut Silero, SpeechError> {
        self.voice_activity.as_mut().ok_or_else(|| {
            SpeechError::Unsupported("no voice-activity detector is open".to_owned())
        })
    }

    fn factory(&self) -> Result<&EngineFactory, SpeechError> {
        self.factory
            .as_ref()
            .ok_or_else(|| SpeechError::Unsupported("this worker has no engines".to_owned()))
    }
}
