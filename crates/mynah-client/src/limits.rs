//! Every limit of this crate: queues, sizes, waits, attempts. Units are in the names or the types.

use std::time::Duration;

/// Frames that wait between [`send_audio_frame`](crate::AudioSender::send_audio_frame) and the
/// socket. When they are full, sending waits: that is the back-pressure a caller feels.
pub const AUDIO_QUEUE_FRAMES_MAX: usize = 8;

/// Bytes of one binary message. The documentation asks for 1 to 16 KB; longer frames are cut,
/// which the service allows at any byte.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;

/// Bytes per frame when a whole file is sent, as the Python SDK's `call` sends it.
pub const FILE_FRAME_BYTES: usize = 12_800;

/// Events that may wait unread in a session: more than ten minutes of partial results.
pub const EVENT_QUEUE_EVENTS_MAX: usize = 4_096;

/// Bytes of messages, as received, that may wait unread in a session.
pub const EVENT_QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one message from the server.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes kept of the body with which a server refuses a connection.
pub const REFUSAL_BODY_BYTES_MAX: usize = 64 * 1024;

/// How long connecting may take, and after it the wait for `task-started`, each.
pub const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the server may take to accept one message of at most [`FRAME_BYTES_MAX`].
pub const SEND_TIMEOUT: Duration = Duration::from_mins(1);

/// How long the server may be silent between `finish-task` and `task-finished`.
pub const FINISH_TIMEOUT: Duration = Duration::from_mins(5);

/// How long the closing handshake, or the last words of a broken connection, are waited for.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Attempts to start a task that an overloaded server refuses, the first one included.
pub const START_ATTEMPTS_MAX: u32 = 4;

/// Upper end of the first random wait between attempts; doubles with each further one.
pub const BACKOFF_BASE: Duration = Duration::from_millis(500);

/// Longest wait between attempts, also when the server asks for more.
pub const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// Lag samples kept per stream of a load run: more than a day of five results a second.
pub const LOAD_LAG_SAMPLES_MAX: usize = 500_000;

/// Bytes of final sentences that [`Session::recognize`](crate::Session::recognize) gathers: a
/// word takes about a hundred, so this is more than a day of speech.
pub const RESULT_BYTES_MAX: usize = 64 * 1024 * 1024;
