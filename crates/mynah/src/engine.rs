//! Which installed models do what, and the engine room that runs them.

use std::sync::Arc;

use anyhow::{Result, bail};
use mynah_models::Store;
use mynah_server::{Serving, Unserved};
use mynah_speech::{Effort, Engine, EngineConfig, Pipeline};

use crate::cli::Common;
use crate::config::Config;

/// Model ids that live recognition serves, each with its snapshots.
pub(crate) const LIVE_IDS: [&str; 12] = [
    "fun-asr-realtime",
    "fun-asr-flash-8k-realtime",
    "paraformer-realtime-v1",
    "paraformer-realtime-v2",
    "paraformer-realtime-8k-v1",
    "paraformer-realtime-8k-v2",
    "qwen-audio-",
    "qwen3-asr-flash-realtime",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-realtime-whisper",
    "whisper-1",
];

/// Model ids that recognise a file while the client waits, each with its snapshots.
pub(crate) const FILE_IDS: [&str; 7] = [
    "qwen3-asr-flash",
    "qwen-audio-3.0-asr-flash",
    "qwen-audio-3.1-asr-flash",
    "fun-asr-flash",
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
];

/// Recognisers of final text, the best first.
const RECOGNIZERS: [&str; 2] = ["whisper-small", "whisper-base"];
/// Recognisers of partial text, the best of a language first.
const PARTIALS: [&str; 3] = ["muggle-speech", "moonshine-tiny-en", "whisper-base"];
/// Detectors of the language, the quickest first.
const DETECTORS: [&str; 2] = ["whisper-base", "whisper-small"];
/// What every pipeline needs.
const ALWAYS: [&str; 2] = ["onnxruntime", "silero-vad"];

/// How to get what is missing.
pub(crate) const REMEDY: &str = "run `mynah models pull starter`";

/// The pipeline that the installed models make, or what is missing.
pub(crate) fn default_pipeline(store: &Store) -> Result<Pipeline> {
    let installed = |id: &&str| store.installed(id).unwrap_or(false);
    if let Some(missing) = ALWAYS.iter().find(|id| !installed(id)) {
        bail!("{missing} is not installed: {REMEDY}");
    }
    let Some(recognizer) = RECOGNIZERS.iter().find(|id| installed(id)) else {
        bail!("no recogniser is installed: {REMEDY}");
    };
    let named = |id: &&str| (*id).to_owned();
    Ok(Pipeline {
        recognizer: named(recognizer),
        effort: Effort::Fast,
        partials: PARTIALS
            .iter()
            .filter(|id| installed(id))
            .map(named)
            .collect(),
        detector: DETECTORS.iter().find(|id| installed(id)).map(named),
    })
}

/// What serves each id: the configured pipeline, or the default one.
pub(crate) fn serving(store: &Store, config: &Config) -> Serving {
    let mut serving = Serving::default();
    let default = default_pipeline(store).map(Arc::new);
    let missing = |error: &anyhow::Error| Unserved {
        remedy: format!("{error:#}"),
    };
    for id in LIVE_IDS.into_iter().chain(FILE_IDS) {
        serving.insert(id, default.as_ref().map(Arc::clone).map_err(missing));
    }
    for (id, pipeline) in &config.serve {
        let checked = check(store, pipeline).map(|()| Arc::new(pipeline.clone()));
        serving.insert(id, checked.map_err(|error| missing(&error)));
    }
    serving
}

/// Whether all models of a pipeline are installed.
pub(crate) fn check(store: &Store, pipeline: &Pipeline) -> Result<()> {
    for id in pipeline.models().chain(ALWAYS) {
        if !store.installed(id)? {
            bail!("{id} is not installed: run `mynah models pull {id}`");
        }
    }
    Ok(())
}

/// Starts an engine room that can run `pipelines`.
pub(crate) fn start(
    store: &Store,
    options: &Common,
    config: &Config,
    slots: usize,
    pipelines: &[&Pipeline],
) -> Result<Engine> {
    let mut preload: Vec<String> = pipelines
        .iter()
        .flat_map(|pipeline| pipeline.models())
        .map(str::to_owned)
        .collect();
    preload.sort();
    preload.dedup();
    Ok(Engine::start(&EngineConfig {
        runtime: runtime_library(store)?,
        models: store.dir().to_owned(),
        workers: config.workers(options),
        slots,
        preload,
    })?)
}

/// The ONNX Runtime library of this platform.
pub(crate) fn runtime_library(store: &Store) -> Result<std::path::PathBuf> {
    let entry = store.catalogue().entry("onnxruntime")?;
    match entry.files_on(store.platform()).next() {
        Some(file) => Ok(store.path("onnxruntime", file.name.as_str())?),
        None => bail!("there is no ONNX Runtime for this platform in the catalogue"),
    }
}
