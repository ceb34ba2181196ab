//! Forms with files (`multipart/form-data`), read as a stream: a file goes to the disk, and of what
//! is not understood yet only a bounded part is held.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use futures_util::StreamExt as _;
use multer::Multipart;
use mynah_wire::ApiError;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::limits::{
    FORM_FIELDS_MAX, FORM_STALL_TIME_MAX, FORM_TEXT_BYTES_MAX, FORM_WAITING_BYTES_MAX,
};

/// A form whose fields are read one after the other.
pub(crate) struct Form {
    multipart: Multipart<'static>,
    waiting: Arc<AtomicUsize>,
    fields: usize,
}

/// A field.
pub(crate) struct Field {
    inner: multer::Field<'static>,
    waiting: Arc<AtomicUsize>,
}

impl Form {
    /// The form of a request.
    pub(crate) fn of(request: Request) -> Result<Self, ApiError> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).map_err(|_| ApiError::malformed_message())?;
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = waiting.clone();
        // The reader keeps what it gets until a part of the form is complete. The head of a field
        // that does not end would fill the memory, so the stream breaks off first.
        let body = request.into_body().into_data_stream().map(move |piece| {
            let piece = piece.map_err(std::io::Error::other)?;
            let waiting = counter.fetch_add(piece.len(), Ordering::Relaxed) + piece.len();
            if waiting > FORM_WAITING_BYTES_MAX {
                return Err(std::io::Error::other("a part of the form does not end"));
            }
            Ok(piece)
        });
        Ok(Self {
            multipart: Multipart::new(body, boundary),
            waiting,
            fields: 0,
        })
    }

    /// The next field; what was not read of the one before is passed over.
    pub(crate) async fn next(&mut self) -> Result<Option<Field>, ApiError> {
        self.fields += 1;
        if self.fields > FORM_FIELDS_MAX {
            return Err(ApiError::message_too_large());
        }
        let field = in_time(self.multipart.next_field()).await?;
        self.waiting.store(0, Ordering::Relaxed);
        Ok(field.map(|inner| Field {
            inner,
            waiting: self.waiting.clone(),
        }))
    }
}

impl Field {
    /// The field's name; empty if it has none.
    pub(crate) fn name(&self) -> &str {
        self.inner.name().unwrap_or_default()
    }

    /// A short text.
    pub(crate) async fn text(mut self) -> Result<String, ApiError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece().await? {
            if bytes.len() + piece.len() > FORM_TEXT_BYTES_MAX {
                return Err(ApiError::message_too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| ApiError::malformed_message())
    }

    /// A file, into a new file in `folder`; `None` if it is longer than `bytes_max`.
    pub(crate) async fn save(
        mut self,
        folder: &Path,
        bytes_max: u64,
    ) -> Result<Option<NamedTempFile>, ApiError> {
        let saved = NamedTempFile::new_in(folder).map_err(disk)?;
        let mut file = File::from_std(saved.reopen().map_err(disk)?);
        let mut bytes = 0;
        while let Some(piece) = self.piece().await? {
            bytes += piece.len() as u64;
            if bytes > bytes_max {
                return Ok(None);
            }
            file.write_all(&piece).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        Ok(Some(saved))
    }

    async fn piece(&mut self) -> Result<Option<bytes::Bytes>, ApiError> {
        let piece = in_time(self.inner.chunk()).await?;
        self.waiting.store(0, Ordering::Relaxed);
        Ok(piece)
    }
}

async fn in_time<T>(work: impl Future<Output = multer::Result<T>>) -> Result<T, ApiError> {
    match timeout(FORM_STALL_TIME_MAX, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a form cannot be read");
            Err(ApiError::malformed_message())
        }
        Err(_) => Err(ApiError::malformed_message()),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used where a function of one error is wanted"
)]
fn disk(error: std::io::Error) -> ApiError {
    tracing::error!(%error, "a file of a form cannot be written down");
    ApiError::internal()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn form(body: impl Into<Body>) -> Form {
        let request = Request::builder()
            .header(CONTENT_TYPE, "multipart/form-data; boundary=X")
            .body(body.into());
        Form::of(request.unwrap()).unwrap()
    }

    fn field(name: &str, value: &str) -> String {
        format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    #[tokio::test]
    async fn texts_and_files_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let body = field("model", "whisper-1") + &field("file", "RIFF") + "--X--\r\n";
        let mut form = form(body);
        let model = form.next().await.unwrap().unwrap();
        assert_eq!(model.name(), "model");
        assert_eq!(model.text().await.unwrap(), "whisper-1");
        let file = form.next().await.unwrap().unwrap();
        let saved = file.save(folder.path(), 4).await.unwrap().unwrap();
        assert_eq!(std::fs::read(saved.path()).unwrap(), b"RIFF");
        assert!(form.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_too_long_or_too_much_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let end = "--X--\r\n";
        let mut long = form(field("file", "RIFFx") + end);
        let file = long.next().await.unwrap().unwrap();
        assert!(file.save(folder.path(), 4).await.unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut text = form(field("model", &"x".repeat(FORM_TEXT_BYTES_MAX + 1)) + end);
        let text = text.next().await.unwrap().unwrap().text().await;
        assert_eq!(text.unwrap_err().code, "BadRequest.TooLarge");

        let mut many = form(field("a", "").repeat(FORM_FIELDS_MAX + 1) + end);
        for _ in 0..FORM_FIELDS_MAX {
            assert!(many.next().await.unwrap().is_some());
        }
        assert!(many.next().await.is_err());
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_given_up() {
        let piece = Ok::<_, std::io::Error>(vec![b'x'; 10_000]);
        let endless = futures_util::stream::iter(std::iter::once(Ok(b"--X\r\na: ".to_vec())))
            .chain(futures_util::stream::repeat_with(move || {
                piece
                    .as_ref()
                    .map(Clone::clone)
                    .map_err(|_| std::io::Error::other(""))
            }));
        assert!(form(Body::from_stream(endless)).next().await.is_err());
    }

    #[tokio::test]
    async fn other_content_is_refused() {
        let request = Request::new(Body::from("{}"));
        assert!(Form::of(request).is_err());
        assert!(form("--Y\r\n").next().await.is_err());
    }
}
