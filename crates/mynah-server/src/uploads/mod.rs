//! `/api/v1/uploads`: where the SDKs put local files before they name them in a request.
//!
//! The hosted service answers the certificate and leaves the file to its object store. Here both
//! are one path: `GET` gives the certificate, `POST` takes the form, whose fields are those of the
//! object store.

mod policy;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use mynah_store::uploads::UPLOADS_BYTES_MAX;
use mynah_store::{UploadError, UploadName};
use mynah_wire::uploads::{Certificate, Policy};
use mynah_wire::{ApiError, RequestId};
use tempfile::NamedTempFile;

pub(crate) use self::policy::Policies;
use crate::App;
use crate::files::blocking;
use crate::form::Form;
use crate::http::{Caller, HttpError, with_request_id};
use crate::limits::{POLICY_LIFE, UPLOAD_BYTES_MAX};

/// The path of both.
pub(crate) const PATH: &str = "/api/v1/uploads";

/// Gives out a certificate for uploads of the caller.
pub(crate) async fn policy(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, HttpError> {
    if query.get("action").map(String::as_str) != Some("getPolicy") {
        return Err(ApiError::parameter_out_of_range("action is getPolicy").into());
    }
    if query.get("model").is_none_or(String::is_empty) {
        return Err(ApiError::empty_model().into());
    }
    let upload_dir = UploadName::new_folder(&caller.key);
    let (policy, signature) = app.files.policies.issue(&upload_dir, policy::now());
    let request_id = RequestId::random();
    let body = Policy {
        request_id: request_id.clone(),
        data: Certificate {
            policy,
            signature,
            upload_dir,
            upload_host: upload_host(&headers, &uri),
            expire_in_seconds: POLICY_LIFE.as_secs(),
            max_file_size_mb: UPLOAD_BYTES_MAX >> 20,
            capacity_limit_mb: UPLOADS_BYTES_MAX >> 20,
            oss_access_key_id: "mynah",
            x_oss_object_acl: "private",
            x_oss_forbid_overwrite: "true",
        },
    };
    Ok(with_request_id(Json(body).into_response(), &request_id))
}

/// Takes an upload. The form carries no key; its certificate says whose it is.
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, HttpError> {
    let mut form = Form::of(request)?;
    let mut fields = HashMap::new();
    while let Some(field) = form.next().await? {
        if field.name() != "file" {
            fields.insert(field.name().to_owned(), field.text().await?);
            continue;
        }
        // Nothing is written down, and no place taken, for somebody without a certificate.
        let name = allowed(&app, &fields)?;
        let _place = app.files.upload_place()?;
        let saved = field.save(app.files.uploads.scratch(), UPLOAD_BYTES_MAX);
        let too_large = || ApiError::file_too_large(UPLOAD_BYTES_MAX >> 20);
        keep(&app, saved.await?.ok_or_else(too_large)?, name).await?;
        return Ok(with_request_id(().into_response(), &RequestId::random()));
    }
    Err(ApiError::field_required("file").into())
}

/// The name of an upload, if the fields before the file allow it.
fn allowed(app: &App, fields: &HashMap<String, String>) -> Result<UploadName, ApiError> {
    let field = |name: &str| {
        let value = fields.get(name).map(String::as_str);
        value.ok_or_else(|| ApiError::field_required(name))
    };
    let (policy, signature) = (field("policy")?, field("Signature")?);
    let dir = app.files.policies.check(policy, signature, policy::now())?;
    UploadName::parse(field("key")?)
        .filter(|name| name.is_in(&dir))
        .ok_or_else(ApiError::access_denied)
}

async fn keep(app: &App, file: NamedTempFile, name: UploadName) -> Result<(), ApiError> {
    let uploads = app.files.uploads.clone();
    let kept = blocking(move || uploads.keep(file, &name)).await?;
    kept.map_err(|error| match error {
        UploadError::Exists => ApiError::parameter_out_of_range("key names a new object"),
        UploadError::Full => ApiError::uploads_full(),
        UploadError::Disk(error) => {
            tracing::error!(%error, "an upload cannot be kept");
            ApiError::internal()
        }
    })
}

/// The URL of this server as the client knows it. A proxy that ends TLS says so by
/// `X-Forwarded-Proto`, and has to hand on the `Host` it was asked for.
fn upload_host(headers: &HeaderMap, uri: &Uri) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host =
        text(HOST.as_str()).or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    let secure =
        text("x-forwarded-proto").is_some_and(|proto| proto.trim_start().starts_with("https"));
    let scheme = if secure { "https" } else { "http" };
    format!("{scheme}://{}{PATH}", host.unwrap_or("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_taken_where_the_client_found_the_server() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "speech.example.org:8443".parse().unwrap());
        let uri = Uri::from_static("/api/v1/uploads?action=getPolicy");
        assert_eq!(
            upload_host(&headers, &uri),
            "http://speech.example.org:8443/api/v1/uploads"
        );
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        assert_eq!(
            upload_host(&headers, &uri),
            "https://speech.example.org:8443/api/v1/uploads"
        );
    }
}
