//! ONNX Runtime, loaded at run time from a library file.

use std::path::Path;

use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionOutputs};
use ort::value::{DynValue, Tensor};

use crate::SpeechError;

/// A loaded ONNX Runtime. Cheap to clone; every engine opens its sessions through one.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
}

impl Runtime {
    /// Loads the library at `path`.
    ///
    /// One process uses one library: the first path that loads wins for the process's lifetime.
    pub fn load(path: &Path) -> Result<Self, SpeechError> {
        let builder = ort::init_from(path)
            .map_err(|error| SpeechError::Runtime(format!("{}: {error}", path.display())))?;
        let environment = builder.with_name("mynah").build().map_err(runtime_error)?;
        Ok(Self { environment })
    }

    /// Opens a model in a session that computes on the calling thread only.
    ///
    /// Many single-thread sessions side by side use the cores of a machine about twice as well as
    /// one session with many threads; each worker thread opens its own.
    pub(crate) fn open(&self, model: &Path) -> Result<Session, SpeechError> {
        let unusable = |reason: String| SpeechError::ModelFile {
            path: model.to_owned(),
            reason,
        };
        if !model.is_file() {
            return Err(unusable("no such file".to_owned()));
        }
        self.builder()?
            .commit_from_file(model)
            .map_err(|error| unusable(error.to_string()))
    }

    /// Opens a model whose bytes were read from the file `model`, and perhaps changed.
    pub(crate) fn open_bytes(&self, model: &Path, bytes: &[u8]) -> Result<Session, SpeechError> {
        self.builder()?
            .commit_from_memory(bytes)
            .map_err(|error| SpeechError::ModelFile {
                path: model.to_owned(),
                reason: error.to_string(),
            })
    }

    fn builder(&self) -> Result<SessionBuilder, SpeechError> {
        Session::builder(&self.environment)
            .map_err(runtime_error)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(builder_error)?
            .with_intra_threads(1)
            .map_err(builder_error)
    }
}

/// Turns an error of a call into the runtime into ours.
#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function in map_err"
)]
pub(crate) fn runtime_error(error: ort::Error) -> SpeechError {
    SpeechError::Runtime(error.to_string())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function in map_err"
)]
fn builder_error(error: ort::Error<SessionBuilder>) -> SpeechError {
    SpeechError::Runtime(error.to_string())
}

/// The output called `name` of a run.
pub(crate) fn output<'a>(outputs: &'a SessionOutputs<'_>, name: &str) -> ort::Result<&'a DynValue> {
    outputs
        .get(name)
        .ok_or_else(|| ort::Error::new(format!("the model has no output {name}")))
}

/// The first `rows` rows of keys or values: of the third dimension of four.
pub(crate) fn first_rows(values: &DynValue, rows: usize) -> ort::Result<DynValue> {
    let (shape, all) = values.try_extract_tensor::<f32>()?;
    let &[one, heads, length, size] = &shape[..] else {
        return Err(ort::Error::new("keys or values of an unexpected shape"));
    };
    let (length, size) = (length as usize, size as usize);
    let rows = rows.min(length);
    let mut first = Vec::with_capacity(heads as usize * rows * size);
    for head in all.chunks_exact((length * size).max(1)) {
        first.extend_from_slice(&head[..rows * size]);
    }
    let shape = [one as usize, heads as usize, rows, size];
    Ok(Tensor::from_array((shape, first))?.into_dyn())
}
