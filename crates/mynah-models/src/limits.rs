//! Every wait, size and count that pulling may spend.

use std::time::Duration;

/// Longest wait for a hub's name to resolve. A name that does not exist fails at once.
pub(crate) const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for a connection to a hub, TLS included. A host that fails here is not asked again
/// by the same [`Puller`](crate::Puller).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// Longest wait for an answer, and the window in which [`STALL_BYTES_MIN`] must arrive.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A download slower than this many bytes per idle timeout counts as stalled.
pub(crate) const STALL_BYTES_MIN: u64 = 4 * 1024;

/// Tries of one file at one source without progress in between.
pub(crate) const ATTEMPTS_MAX: u32 = 5;

/// A try that brought at least this many bytes is progress: the count of tries starts again.
pub(crate) const PROGRESS_BYTES_MIN: u64 = 1024 * 1024;

/// Wait before the second try; it doubles up to [`BACKOFF_MAX`].
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(500);

/// Longest wait between two tries.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// Redirects followed for one request.
pub(crate) const REDIRECTS_MAX: u32 = 8;

/// Bytes read, hashed and written in one go.
pub(crate) const CHUNK_BYTES: usize = 128 * 1024;

/// Free space that a pull leaves on the disk, in bytes.
pub(crate) const SPARE_BYTES: u64 = 16 * 1024 * 1024;

/// Longest time `npm` or `pip` may write nothing before it is ended. Longer than their own network
/// timeouts with one retry, so that their own error is seen first.
pub(crate) const TOOL_IDLE_TIMEOUT: Duration = Duration::from_mins(4);

/// How often a running `npm` or `pip` is looked at.
pub(crate) const TOOL_POLL: Duration = Duration::from_millis(100);

/// Bytes kept of the end of what `npm` or `pip` say on standard error.
pub(crate) const TOOL_STDERR_BYTES_MAX: usize = 16 * 1024;

/// Characters of that text shown in an error.
pub(crate) const TOOL_DETAIL_CHARS_MAX: usize = 600;

/// The largest size the catalogue may state for one file or archive, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
