//! Downloads from servers that behave and misbehave.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows only functions marked as tests for tests"
)]

use std::time::{Duration, Instant};

use mynah_fetch::{FetchError, FetchLimits, Fetcher, Reach};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const LIMITS: FetchLimits = FetchLimits {
    bytes_max: 100_000,
    time_max: Duration::from_secs(5),
};

/// A server on a free port that answers each path in its own way, until it is dropped.
struct Server {
    address: String,
    _running: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream));
            }
        });
        Self {
            address,
            _running: running,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn answer(mut stream: TcpStream) {
    let mut head = vec![0; 4096];
    let count = stream.read(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..count]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/");
    let fixed: &[u8] = match path {
        "/a.wav?x=1" => b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "/until-close" => b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
        "/gzip" => b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello",
        "/hop" => b"HTTP/1.1 302 Found\r\nlocation: a.wav?x=1\r\ncontent-length: 0\r\n\r\n",
        "/loop" => b"HTTP/1.1 301 Moved\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n",
        "/nowhere" => b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
        "/file" => b"HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\n\r\n",
        "/403" => b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
        "/long" => b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n",
        "/short" => b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello",
        "/junk" => b"SSH-2.0-OpenSSH_9.9\r\n",
        "/endless" | "/slow" => b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
        "/silent" => b"",
        _ => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    };
    let _ = stream.write_all(fixed).await;
    match path {
        "/endless" => while stream.write_all(&[0; 10_000]).await.is_ok() {},
        "/slow" => {
            while stream.write_all(b".").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        "/silent" => tokio::time::sleep(Duration::from_mins(1)).await,
        _ => {}
    }
}

async fn fetch(reach: Reach, url: &str, limits: FetchLimits) -> Result<Vec<u8>, FetchError> {
    let folder = TempDir::new().unwrap();
    let fetcher = Fetcher::new(reach).unwrap();
    let file = fetcher.fetch(url, folder.path(), limits).await;
    let bytes = file.map(|file| std::fs::read(file.path()).unwrap());
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "a file is left behind");
    bytes
}

#[tokio::test]
async fn a_file_comes_as_it_is_and_redirects_are_followed() {
    let server = Server::start().await;
    for path in ["/a.wav?x=1", "/hop", "/until-close", "/gzip"] {
        let bytes = fetch(Reach::Everywhere, &server.url(path), LIMITS).await;
        assert_eq!(bytes.unwrap(), b"hello", "{path}");
    }
}

#[tokio::test]
async fn what_is_no_file_is_an_error() {
    let server = Server::start().await;
    let mut errors = Vec::new();
    for path in [
        "/404", "/403", "/nowhere", "/loop", "/file", "/long", "/endless", "/short", "/junk",
    ] {
        let error = fetch(Reach::Everywhere, &server.url(path), LIMITS).await;
        errors.push(error.unwrap_err());
    }
    assert!(
        matches!(
            errors[..],
            [
                FetchError::Status(404),
                FetchError::Status(403),
                FetchError::Status(302),
                FetchError::TooManyRedirects,
                FetchError::InvalidUrl(_),
                FetchError::TooLarge { bytes_max: 100_000 },
                FetchError::TooLarge { bytes_max: 100_000 },
                FetchError::Connection(_),
                FetchError::Connection(_),
            ]
        ),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_slow_server_is_given_up() {
    let server = Server::start().await;
    let limits = FetchLimits {
        time_max: Duration::from_millis(500),
        ..LIMITS
    };
    for path in ["/slow", "/silent"] {
        let begun = Instant::now();
        let fetched = fetch(Reach::Everywhere, &server.url(path), limits).await;
        assert!(matches!(fetched, Err(FetchError::Timeout)), "{fetched:?}");
        assert!(begun.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn this_machine_is_out_of_reach_by_address_and_by_name() {
    for url in ["http://127.0.0.1/a.wav", "http://localhost/a.wav"] {
        let fetched = fetch(Reach::Public, url, LIMITS).await;
        assert!(
            matches!(fetched, Err(FetchError::Forbidden(_))),
            "{url}: {fetched:?}"
        );
    }
}
