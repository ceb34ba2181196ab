//! OpenAI's own routes: `/v1/audio/transcriptions`, `/v1/audio/translations`, `/v1/models`.

mod answer;
mod error;
mod form;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use mynah_wire::RequestId;
use mynah_wire::openai::{Model, Models};

pub(crate) use self::error::OpenAiError;
use self::form::TranscriptionForm;
use crate::App;
use crate::files::Recognition;
use crate::form::Form;
use crate::http::{Caller, HttpError, with_request_id};

/// What is wanted of the speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Transcribe,
    Translate,
}

/// Writes down a file in its own language.
pub(crate) async fn transcriptions(
    state: State<Arc<App>>,
    caller: Result<Caller, HttpError>,
    request: Request,
) -> Result<Response, OpenAiError> {
    recognize(state, caller, request, Task::Transcribe).await
}

/// Writes down a file in English.
pub(crate) async fn translations(
    state: State<Arc<App>>,
    caller: Result<Caller, HttpError>,
    request: Request,
) -> Result<Response, OpenAiError> {
    recognize(state, caller, request, Task::Translate).await
}

/// The models that can be asked for.
pub(crate) async fn models(
    State(app): State<Arc<App>>,
    caller: Result<Caller, HttpError>,
) -> Result<Response, OpenAiError> {
    caller?;
    let model = |id: &str| Model {
        id: id.to_owned(),
        object: "model",
        created: 0,
        owned_by: "mynah",
    };
    let models = Models {
        object: "list",
        data: app.serving.ids().map(model).collect(),
    };
    Ok(with_request_id(
        Json(models).into_response(),
        &RequestId::random(),
    ))
}

async fn recognize(
    State(app): State<Arc<App>>,
    caller: Result<Caller, HttpError>,
    request: Request,
    task: Task,
) -> Result<Response, OpenAiError> {
    let key = caller?.key;
    let place = app.files.recognition_place()?;
    let form = TranscriptionForm::read(Form::of(request)?, app.files.uploads.scratch()).await?;
    let job = form.job(&app.serving, task)?;
    app.task_rates.check(&key, &job.wanted.model)?;
    let recognition = Recognition::begin(&app, place, job.file, job.wanted).await?;
    Ok(answer::answer(&app, recognition, job.answer).await?)
}
