//! Real weights and real speech for tests.
//!
//! `MYNAH_MODELS_DIR` has a folder for each model id; `cargo xtask test` sets it. A test without
//! weights says so and passes, unless `MYNAH_REQUIRE_MODELS=1` is set. The recordings are those of
//! `conformance/audio`.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mynah_audio::FileDecoder;

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

/// The samples of a committed recording, named by its file without the ending.
pub(crate) fn audio(name: &str) -> Vec<f32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/audio");
    let decoder = FileDecoder::open(&folder.join(format!("{name}.flac"))).unwrap();
    decoder.flat_map(Result::unwrap).collect()
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
