//! Where a file to recognise comes from: a URL, an upload, or the request itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mynah_fetch::{FetchError, FetchLimits};
use mynah_store::{KeyId, UploadName};
use mynah_wire::ApiError;
use tempfile::NamedTempFile;

use super::{Files, blocking};
use crate::limits::{AUDIO_FILE_BYTES_MAX, DATA_URI_BYTES_MAX, FETCH_TIME_MAX};

/// A file on our disk. A temporary one goes with it.
#[derive(Debug)]
pub(crate) enum AudioFile {
    Temporary(NamedTempFile),
    Upload(PathBuf),
}

impl AudioFile {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Temporary(file) => file.path(),
            Self::Upload(path) => path,
        }
    }
}

/// Audio as a request names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AudioSource {
    /// Base64 inside the request.
    Inline(String),
    /// The name of an upload.
    Upload(String),
    /// To be downloaded.
    Url(String),
}

impl AudioSource {
    /// Reads a URL, a data URI or an `oss://` reference. The latter is resolved only if the request
    /// asks for it by its header, as documented.
    pub(crate) fn parse(text: String, headers: &HeaderMap) -> Result<Self, ApiError> {
        let has_scheme = |scheme: &str| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if text.is_empty() {
            Err(ApiError::empty_audio())
        } else if has_scheme("data:") {
            Self::data_uri(&text)
        } else if has_scheme("oss://") {
            let resolve = headers.get("x-dashscope-ossresourceresolve");
            if resolve.is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"enable")) {
                return Err(ApiError::oss_not_resolved());
            }
            Ok(Self::Upload(text["oss://".len()..].to_owned()))
        } else if has_scheme("http://") || has_scheme("https://") {
            Ok(Self::Url(text))
        } else {
            Err(ApiError::invalid_url())
        }
    }

    /// The same, and base64 without anything around it, which OpenAI's clients send.
    pub(crate) fn parse_or_bare(text: String, headers: &HeaderMap) -> Result<Self, ApiError> {
        if text.contains(':') || text.is_empty() {
            return Self::parse(text, headers);
        }
        if text.len() > DATA_URI_BYTES_MAX {
            return Err(ApiError::data_uri_too_large(DATA_URI_BYTES_MAX));
        }
        Ok(Self::Inline(text))
    }

    fn data_uri(text: &str) -> Result<Self, ApiError> {
        if text.len() > DATA_URI_BYTES_MAX {
            return Err(ApiError::data_uri_too_large(DATA_URI_BYTES_MAX));
        }
        let (kind, data) = text.split_once(',').ok_or_else(ApiError::invalid_url)?;
        if !kind.to_ascii_lowercase().ends_with(";base64") {
            return Err(ApiError::invalid_url());
        }
        Ok(Self::Inline(data.to_owned()))
    }

    /// Brings the audio onto our disk. Dropping the future gives a download up.
    pub(crate) async fn open(self, files: &Files, key: &KeyId) -> Result<AudioFile, ApiError> {
        match self {
            Self::Inline(base64) => {
                let folder = files.uploads.scratch().to_owned();
                let file = blocking(move || unpack(&base64, &folder)).await??;
                Ok(AudioFile::Temporary(file))
            }
            Self::Upload(name) => {
                let name = UploadName::parse(&name).filter(|name| name.belongs_to(key));
                let name = name.ok_or_else(ApiError::download_failed)?;
                let uploads = files.uploads.clone();
                let path = blocking(move || uploads.find(&name)).await?;
                Ok(AudioFile::Upload(
                    path.ok_or_else(ApiError::download_failed)?,
                ))
            }
            Self::Url(url) => {
                let limits = FetchLimits {
                    bytes_max: AUDIO_FILE_BYTES_MAX,
                    time_max: FETCH_TIME_MAX,
                };
                let folder = files.uploads.scratch();
                let file = files.fetcher.fetch(&url, folder, limits).await;
                file.map(AudioFile::Temporary)
                    .map_err(|error| fetch_error(&error))
            }
        }
    }
}

fn unpack(base64: &str, folder: &Path) -> Result<NamedTempFile, ApiError> {
    let bytes = STANDARD
        .decode(base64.trim())
        .map_err(|_| ApiError::invalid_url())?;
    if bytes.is_empty() {
        return Err(ApiError::empty_audio());
    }
    let written = NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(&bytes)?;
        Ok(file)
    });
    written.map_err(|error| {
        tracing::error!(%error, "audio cannot be written down");
        ApiError::internal()
    })
}

/// What a client is told. One answer for all that depends on the network.
fn fetch_error(error: &FetchError) -> ApiError {
    match error {
        FetchError::InvalidUrl(_) => ApiError::invalid_url(),
        FetchError::TooLarge { .. } => ApiError::file_too_large(AUDIO_FILE_BYTES_MAX >> 20),
        FetchError::Disk(_) | FetchError::Tls(_) => ApiError::internal(),
        FetchError::Connection(_)
        | FetchError::Forbidden(_)
        | FetchError::Insecure
        | FetchError::Status(_)
        | FetchError::Timeout
        | FetchError::TooManyRedirects => ApiError::download_failed(),
    }
}

#[cfg(test)]
mod tests {
    use mynah_fetch::Reach;
    use mynah_store::Store;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn parse(text: &str) -> Result<AudioSource, ApiError> {
        AudioSource::parse(text.to_owned(), &HeaderMap::new())
    }

    #[test]
    fn each_form_is_known_by_its_beginning() {
        let inline = |text: &str| Ok(AudioSource::Inline(text.to_owned()));
        assert_eq!(parse("data:audio/wav;base64,AAAA"), inline("AAAA"));
        assert_eq!(parse("DATA:;BASE64,AAAA"), inline("AAAA"));
        let url = "HTTPS://example.org/a,b.wav";
        assert_eq!(parse(url), Ok(AudioSource::Url(url.to_owned())));
        for wrong in [
            "data:audio/wav,AAAA",
            "data:;base64",
            "file:///a.wav",
            "AAAA",
            "数",
        ] {
            assert_eq!(parse(wrong), Err(ApiError::invalid_url()), "{wrong}");
        }
        assert_eq!(parse(""), Err(ApiError::empty_audio()));
        let bare = AudioSource::parse_or_bare("AAAA".to_owned(), &HeaderMap::new());
        assert_eq!(bare, inline("AAAA"));
    }

    #[test]
    fn uploads_are_resolved_when_the_header_asks_for_it() {
        let text = "oss://dashscope-instant/ab/c d/你.wav";
        assert_eq!(parse(text), Err(ApiError::oss_not_resolved()));
        let mut headers = HeaderMap::new();
        headers.insert("X-DashScope-OssResourceResolve", "Enable".parse().unwrap());
        let name = "dashscope-instant/ab/c d/你.wav".to_owned();
        assert_eq!(
            AudioSource::parse(text.to_owned(), &headers),
            Ok(AudioSource::Upload(name))
        );
    }

    #[test]
    fn audio_in_the_request_has_a_limit() {
        let text = format!("data:;base64,{}", "A".repeat(DATA_URI_BYTES_MAX));
        let error = parse(&text).unwrap_err();
        assert!(error.message.contains("10485760'"), "{error}");
    }

    /// A server that answers one request with a file.
    async fn serve_once(body: &'static str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let answer = head + body;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        format!("http://{address}/a.wav")
    }

    #[tokio::test]
    async fn a_url_is_fetched_from_where_the_operator_allows() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let key = store.create_key("tests").await.unwrap().id;
        let url = serve_once("RIFF").await;
        let open = async |reach| {
            let files = Files::open(folder.path(), reach).unwrap();
            let source = AudioSource::Url(url.clone());
            source.open(&files, &key).await
        };
        let refused = open(Reach::Public).await.unwrap_err();
        assert_eq!(refused, ApiError::download_failed());
        let file = open(Reach::Everywhere).await.unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"RIFF");
    }

    #[test]
    fn broken_base64_is_the_clients_fault() {
        let folder = tempfile::tempdir().unwrap();
        let unpack = |text| unpack(text, folder.path());
        let file = unpack("aGVsbG8=").unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"hello");
        assert_eq!(unpack("aGVsbG8*").unwrap_err(), ApiError::invalid_url());
        assert_eq!(unpack("").unwrap_err(), ApiError::empty_audio());
    }
}
