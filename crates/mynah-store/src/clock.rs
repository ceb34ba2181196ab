//! What time it is, for the columns that say when.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 UTC.
pub(crate) fn unix_seconds() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
