//! Real weights and real speech for tests.
//!
//! `cargo xtask test` says where both are: `MYNAH_MODELS_DIR` has a folder for each model id, and
//! `MYNAH_AUDIO_DIR` the recordings. A test without them says so and passes, unless
//! `MYNAH_REQUIRE_MODELS=1` is set.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::Runtime;

/// The folder of an installed model, and the runtime to open it with.
pub(crate) fn models(id: &str) -> Option<(PathBuf, Runtime)> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let models = PathBuf::from(env::var_os("MYNAH_MODELS_DIR").unwrap_or_default());
    let library = models.join("onnxruntime/libonnxruntime.so");
    let folder = existing(models.join(id)).filter(|_| existing(library.clone()).is_some())?;
    let runtime = RUNTIME.get_or_init(|| Runtime::load(&library).unwrap());
    Some((folder, runtime.clone()))
}

/// The samples of a 16 kHz mono WAV recording, named by its path in the audio folder.
pub(crate) fn audio(name: &str) -> Option<Vec<f32>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/audio");
    let folder = env::var_os("MYNAH_AUDIO_DIR").map_or_else(beside, PathBuf::from);
    let mut reader = hound::WavReader::open(existing(folder.join(name))?).unwrap();
    assert_eq!(
        (reader.spec().sample_rate, reader.spec().channels),
        (16_000, 1),
        "{name}"
    );
    Some(
        reader
            .samples::<i16>()
            .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
            .collect(),
    )
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    let required = env::var("MYNAH_REQUIRE_MODELS").is_ok_and(|value| value == "1");
    assert!(!required, "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}
