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
/// A real-time session without an event from its client, and with nothing to recognise, ends after
/// this long.
pub const REALTIME_IDLE_MAX: Duration = Duration::from_mins(1);

/// A real-time session ends after this long in any case.
pub const REALTIME_SESSION_MAX: Duration = Duration::from_hours(2);

/// After `session.finished` the client closes; after this long the server does. Java clients throw
/// when the server is first.
pub const REALTIME_GRACE: Duration = Duration::from_secs(5);

/// Largest `audio` of one `input_audio_buffer.append`, in characters of base64, as documented.
pub(crate) const APPEND_CHARACTERS_MAX: usize = 15 << 20;

/// Largest event but `input_audio_buffer.append`, in bytes: what it says is kept and repeated to
/// the client, whose library may refuse messages over 1 MiB.
pub(crate) const EVENT_BYTES_MAX: usize = 256 << 10;

/// Shortest audio that can be committed, in milliseconds.
pub(crate) const COMMIT_MS_MIN: u64 = 100;

/// Utterances that may wait for their recognition. A driver that stops reading while audio waits
/// has one at a time.
pub(crate) const UTTERANCES_MAX: usize = 16;

/// Longest `corpus.text` or `prompt`, in characters; the documentation says 10 000 tokens.
pub(crate) const CONTEXT_CHARACTERS_MAX: usize = 40_000;
