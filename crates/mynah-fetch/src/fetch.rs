//! One download: redirects, status, and the body into a file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_LENGTH, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use crate::FetchError;
use crate::connect::{connect, tls};
use crate::limits::{CONNECT_TIME_MAX, REDIRECTS_MAX, STALL_TIME_MAX};
use crate::target::{Reach, Target};

const AGENT: &str = concat!("mynah/", env!("CARGO_PKG_VERSION"));

/// What one download may take.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// Bytes of the file.
    pub bytes_max: u64,
    /// Time for everything, redirects and all.
    pub time_max: Duration,
}

/// Downloads URLs that clients name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    reach: Reach,
    tls: Arc<ClientConfig>,
}

/// An answer, and the task that moves its connection: dropping it closes the connection.
struct Answer {
    response: Response<Incoming>,
    _connection: JoinSet<()>,
}

impl Fetcher {
    /// A downloader that may reach these addresses.
    pub fn new(reach: Reach) -> Result<Self, FetchError> {
        Ok(Self { reach, tls: tls()? })
    }

    /// Downloads an http or https URL into a new file in `folder`, which is removed with its handle.
    ///
    /// Dropping the future gives the download up.
    pub async fn fetch(
        &self,
        url: &str,
        folder: &Path,
        limits: FetchLimits,
    ) -> Result<NamedTempFile, FetchError> {
        let file = NamedTempFile::new_in(folder).map_err(FetchError::Disk)?;
        let download = async {
            let answer = self.follow(url).await?;
            save(answer, &file, limits.bytes_max).await
        };
        let done = timeout(limits.time_max, download).await;
        match done.unwrap_or(Err(FetchError::Timeout)) {
            Ok(()) => Ok(file),
            Err(error) => {
                tracing::info!(%error, "a url was not fetched");
                Err(error)
            }
        }
    }

    /// Asks for a URL, and for what it redirects to.
    async fn follow(&self, url: &str) -> Result<Answer, FetchError> {
        let mut target = Target::parse(url, self.reach)?;
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.ask(&target).await?;
            let status = answer.response.status();
            if status.is_success() {
                return Ok(answer);
            }
            let location = answer.response.headers().get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            match location {
                Some(location) if status.is_redirection() => {
                    target = target.redirected(location, self.reach)?;
                }
                _ => return Err(FetchError::Status(status.as_u16())),
            }
        }
        Err(FetchError::TooManyRedirects)
    }

    /// Sends one request.
    async fn ask(&self, target: &Target) -> Result<Answer, FetchError> {
        let connecting = connect(target, self.reach, &self.tls);
        let stream = in_time(CONNECT_TIME_MAX, connecting).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let mut connections = JoinSet::new();
        connections.spawn(async {
            // What goes wrong here is told to the request too.
            let _ = connection.await;
        });
        let request = Request::get(target.path())
            .header(HOST, target.authority())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "*/*")
            .body(Empty::<Bytes>::new())
            .map_err(|error| FetchError::InvalidUrl(error.to_string()))?;
        let answering = async { sender.send_request(request).await.map_err(broken) };
        Ok(Answer {
            response: in_time(STALL_TIME_MAX, answering).await?,
            _connection: connections,
        })
    }
}

/// Writes an answer's body down. Its stated length is checked first, its real one all along.
async fn save(answer: Answer, file: &NamedTempFile, bytes_max: u64) -> Result<(), FetchError> {
    let stated = answer.response.headers().get(CONTENT_LENGTH);
    let stated: Option<u64> = stated.and_then(|value| value.to_str().ok()?.parse().ok());
    if stated.is_some_and(|bytes| bytes > bytes_max) {
        return Err(FetchError::TooLarge { bytes_max });
    }
    let mut file = File::from_std(file.reopen().map_err(FetchError::Disk)?);
    let mut body = answer.response.into_body();
    let mut received = 0;
    loop {
        let reading = async { body.frame().await.transpose().map_err(broken) };
        let Some(frame) = in_time(STALL_TIME_MAX, reading).await? else {
            break;
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        received += data.len() as u64;
        if received > bytes_max {
            return Err(FetchError::TooLarge { bytes_max });
        }
        file.write_all(&data).await.map_err(FetchError::Disk)?;
    }
    file.flush().await.map_err(FetchError::Disk)
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    timeout(limit, work)
        .await
        .unwrap_or(Err(FetchError::Timeout))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used where a function of one error is wanted"
)]
fn broken(error: hyper::Error) -> FetchError {
    FetchError::Connection(error.to_string())
}
