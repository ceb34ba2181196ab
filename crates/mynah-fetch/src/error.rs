//! Why a download failed.

use std::io;

/// Why a download failed. Clients are told the same for most of these, so that the server cannot be
/// used to explore a network; the log tells them apart.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection broke, or did not speak HTTP.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The body could not be written down: ours to mend.
    #[error("cannot write the file: {0}")]
    Disk(io::Error),
    /// The host, or the port, is not one to connect to.
    #[error("{0} is not a public address")]
    Forbidden(String),
    /// A redirect leads from https to http.
    #[error("a redirect leaves https")]
    Insecure,
    /// Not an http or https URL.
    #[error("the url is not valid: {0}")]
    InvalidUrl(String),
    /// The server answered with something else than the file.
    #[error("the server answered {0}")]
    Status(u16),
    /// The time is over.
    #[error("the download took too long")]
    Timeout,
    /// The system's certificates cannot be used: ours to mend.
    #[error("no tls: {0}")]
    Tls(String),
    /// The body is longer than allowed.
    #[error("the file is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: u64,
    },
    /// The redirects do not end.
    #[error("too many redirects")]
    TooManyRedirects,
}
