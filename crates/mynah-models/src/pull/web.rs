//! Single files over HTTPS: hubs and web sites.
//!
//! A transfer that breaks is taken up where it ended, by a `Range` request. Neither an `ETag` nor a
//! date is compared: the SHA-256 of the whole file decides, and bytes left by an earlier pull that
//! turn out wrong are thrown away once before the source is blamed.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout};

use super::partial::Partial;
use super::{Failure, Job, PullOptions};
use crate::catalogue::host_of;
use crate::limits::{
    BACKOFF_MAX, CHUNK_BYTES, PROGRESS_BYTES_MIN, REDIRECTS_MAX, RESOLVE_TIMEOUT, STALL_BYTES_MIN,
};
use crate::{Error, FileSpec, Phase, SourceError, disk};

/// An HTTP client that remembers unreachable hosts.
pub(super) struct Client {
    agent: Agent,
    idle_timeout: Duration,
    attempts_max: u32,
    backoff: Duration,
    unreachable: BTreeMap<String, String>,
}

impl Client {
    pub(super) fn new(options: &PullOptions) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("mynah/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(REDIRECTS_MAX)
            .timeout_resolve(Some(RESOLVE_TIMEOUT))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_per_read(Some(options.idle_timeout))
            .timeout_recv_response(Some(options.idle_timeout))
            .build();
        Self {
            agent: config.new_agent(),
            idle_timeout: options.idle_timeout,
            attempts_max: options.attempts_max,
            backoff: options.backoff,
            unreachable: BTreeMap::new(),
        }
    }

    /// Downloads one file into the store.
    pub(super) fn fetch(
        &mut self,
        url: &str,
        file: &FileSpec,
        job: &mut Job<'_>,
    ) -> Result<(), Failure> {
        let host = host_of(url);
        if let Some(detail) = self.unreachable.get(host) {
            return Err(unreachable(host, &format!("{detail} (not tried again)")));
        }
        let mut tries = Tries::new(self.attempts_max, self.backoff);
        loop {
            let mut partial = Partial::open(&job.folder, file)?;
            tries.begin(partial.len());
            let detail = match self.transfer(url, file, &mut partial, job) {
                Ok(()) => match partial.finish() {
                    Err(Failure::Source(SourceError::WrongHash { .. })) if tries.inherited() => {
                        "what an earlier pull left was wrong".to_owned()
                    }
                    finished => return finished,
                },
                Err(Trouble::Final(failure)) => return Err(failure),
                Err(Trouble::Unreachable(detail)) if tries.count == 1 => {
                    self.unreachable.insert(host.to_owned(), detail.clone());
                    return Err(unreachable(host, &detail));
                }
                Err(Trouble::Broken(detail) | Trouble::Unreachable(detail)) => {
                    tries.end(partial.len(), url, detail)?
                }
            };
            job.message(&format!("{}: {detail}, trying again", file.name));
            thread::sleep(tries.next_pause());
        }
    }

    /// Asks for what `partial` lacks and appends it.
    fn transfer(
        &self,
        url: &str,
        file: &FileSpec,
        partial: &mut Partial<'_>,
        job: &mut Job<'_>,
    ) -> Result<(), Trouble> {
        if partial.missing_bytes() == 0 {
            return Ok(());
        }
        disk::require_space(&job.folder, partial.missing_bytes())?;
        job.step(
            file.name.as_str(),
            Phase::Connecting,
            partial.len(),
            file.size_bytes,
        );
        let https_only = url.starts_with("https://");
        let mut request = self.agent.get(url).config().https_only(https_only).build();
        if partial.len() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", partial.len()));
        }
        let mut response = request.call().map_err(|error| trouble(&error))?;
        accept(&response, url, file, partial)?;
        self.receive(response.body_mut().as_reader(), file, partial, job)
    }

    fn receive(
        &self,
        mut body: impl Read,
        file: &FileSpec,
        partial: &mut Partial<'_>,
        job: &mut Job<'_>,
    ) -> Result<(), Trouble> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let (mut window, mut window_bytes) = (Instant::now(), 0);
        loop {
            let count = match body.read(&mut chunk) {
                Ok(0) if partial.missing_bytes() == 0 => return Ok(()),
                Ok(0) => return Err(Trouble::Broken("the answer ended early".to_owned())),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Trouble::Broken(error.to_string())),
            };
            partial.write(&chunk[..count]).map_err(Trouble::Final)?;
            job.step(
                file.name.as_str(),
                Phase::Downloading,
                partial.len(),
                file.size_bytes,
            );
            window_bytes += count as u64;
            if window.elapsed() >= self.idle_timeout {
                // A server that drips single bytes never runs into the timeout of one read.
                if window_bytes < STALL_BYTES_MIN {
                    return Err(Trouble::Broken("the transfer stalled".to_owned()));
                }
                (window, window_bytes) = (Instant::now(), 0);
            }
        }
    }
}

/// The tries of one file at one source.
struct Tries {
    max: u32,
    backoff: Duration,
    count: u32,
    without_progress: u32,
    start_bytes: u64,
    inherited_bytes: u64,
}

impl Tries {
    fn new(max: u32, backoff: Duration) -> Self {
        let (count, without_progress, start_bytes, inherited_bytes) = (0, 0, 0, 0);
        Self {
            max,
            backoff,
            count,
            without_progress,
            start_bytes,
            inherited_bytes,
        }
    }

    /// Notes a try that begins with `start_bytes` of the file on disk.
    fn begin(&mut self, start_bytes: u64) {
        self.count += 1;
        self.start_bytes = start_bytes;
        if self.count == 1 {
            self.inherited_bytes = start_bytes;
        }
    }

    /// Whether the file begins with bytes of an earlier pull; asked once, since it is thrown away
    /// then.
    fn inherited(&mut self) -> bool {
        std::mem::take(&mut self.inherited_bytes) > 0
    }

    /// Notes a try that broke with `end_bytes` on disk; fails after too many without progress.
    fn end(&mut self, end_bytes: u64, url: &str, detail: String) -> Result<String, Failure> {
        if end_bytes.saturating_sub(self.start_bytes) >= PROGRESS_BYTES_MIN {
            self.without_progress = 0;
        }
        self.without_progress += 1;
        if self.without_progress < self.max {
            return Ok(detail);
        }
        let (url, attempts) = (url.to_owned(), self.without_progress);
        Err(SourceError::Broken {
            url,
            attempts,
            detail,
        }
        .into())
    }

    fn next_pause(&self) -> Duration {
        let doublings = self.without_progress.saturating_sub(1).min(16);
        BACKOFF_MAX.min(self.backoff.saturating_mul(1 << doublings))
    }
}

fn unreachable(host: &str, detail: &str) -> Failure {
    SourceError::Unreachable {
        host: host.to_owned(),
        detail: detail.to_owned(),
    }
    .into()
}

/// Why a transfer ended.
enum Trouble {
    /// Another try may work.
    Broken(String),
    /// Nothing more is to be tried here.
    Final(Failure),
    /// There is no way to the host.
    Unreachable(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Final(error.into())
    }
}

/// Checks an answer's head; whatever it says, `partial` is then ready to take the body.
fn accept(
    response: &Response<Body>,
    url: &str,
    file: &FileSpec,
    partial: &mut Partial<'_>,
) -> Result<(), Trouble> {
    let status = response.status();
    match status {
        StatusCode::PARTIAL_CONTENT if continues(response, partial.len(), file.size_bytes) => {
            Ok(())
        }
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            partial.restart()?;
            Err(Trouble::Broken(format!(
                "the server answered {status} to a resumed download"
            )))
        }
        StatusCode::OK => {
            partial.restart()?;
            check_length(response, file)
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(Trouble::Broken(format!("the server answered {status}")))
        }
        _ if status.is_server_error() => {
            Err(Trouble::Broken(format!("the server answered {status}")))
        }
        _ => {
            let refused = SourceError::Refused {
                url: url.to_owned(),
                status: status.as_u16(),
            };
            Err(Trouble::Final(refused.into()))
        }
    }
}

/// Whether a partial answer is the rest of a file of `total_bytes` from `start_bytes` on.
fn continues(response: &Response<Body>, start_bytes: u64, total_bytes: u64) -> bool {
    let value = response
        .headers()
        .get(header::CONTENT_RANGE)
        .and_then(|v| v.to_str().ok());
    let Some(range) = value.and_then(|text| text.strip_prefix("bytes ")) else {
        return false;
    };
    let Some((bounds, total)) = range.split_once('/') else {
        return false;
    };
    let starts = bounds
        .split_once('-')
        .is_some_and(|(start, _)| start.parse() == Ok(start_bytes));
    starts && (total == "*" || total.parse() == Ok(total_bytes))
}

fn check_length(response: &Response<Body>, file: &FileSpec) -> Result<(), Trouble> {
    match response.body().content_length() {
        Some(length) if length != file.size_bytes => {
            let (name, expected_bytes) = (file.name.to_string(), file.size_bytes);
            let got = format!("{length} bytes");
            Err(Trouble::Final(
                SourceError::WrongSize {
                    file: name,
                    expected_bytes,
                    got,
                }
                .into(),
            ))
        }
        _ => Ok(()),
    }
}

/// Tells a host that is out of reach from a connection that broke.
fn trouble(error: &ureq::Error) -> Trouble {
    use io::ErrorKind as Kind;
    let detail = match error {
        ureq::Error::Io(io) => io.to_string(),
        _ => error.to_string(),
    };
    let unreachable = match error {
        // Whatever else the system says before an answer came, it found no way: names that do not
        // resolve, for one, have no kind of their own.
        ureq::Error::Io(io) => !matches!(
            io.kind(),
            Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe
                | Kind::TimedOut
                | Kind::UnexpectedEof
        ),
        ureq::Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::BadUri(_)
        | ureq::Error::RequireHttpsOnly(_)
        | ureq::Error::TooManyRedirects
        | ureq::Error::Rustls(_)
        | ureq::Error::Tls(_) => true,
        _ => false,
    };
    if unreachable {
        Trouble::Unreachable(detail)
    } else {
        Trouble::Broken(detail)
    }
}
