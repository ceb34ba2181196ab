//! Every time and size that a session holds its client to.

use std::time::Duration;

/// A task without a message or audio from its client for this long fails. The documentation says
/// 23 s, at which the Python SDK ends the task by itself: two seconds more let it.
pub const INPUT_GAP_MAX: Duration = Duration::from_secs(25);

/// A task that hears nothing but silence for this long fails, unless `heartbeat` is on.
pub const SILENCE_MAX: Duration = Duration::from_mins(1);

/// With `heartbeat` on, silence is answered with a result this often.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// A connection without a task is closed after this long.
pub const IDLE_CONNECTION_MAX: Duration = Duration::from_mins(1);

/// Audio bytes kept while a task waits for its admission: about 30 s of 16 kHz PCM.
pub const QUEUED_AUDIO_BYTES_MAX: usize = 1 << 20;

/// Hot-word lists that a task may name; further ones are not looked for.
pub const HOT_WORD_LISTS_MAX: usize = 8;

/// Longest id of a hot-word list, in bytes. There are no longer ones to be found.
pub const HOT_WORD_LIST_ID_BYTES_MAX: usize = 256;

/// Hot words that may come with a call; further ones, in the order of their names, are left out.
pub const INLINE_HOT_WORDS_MAX: usize = 2000;
