//! Every bound of the server, in one place.

use std::time::Duration;

/// Connections that may be open at once.
pub const CONNECTIONS_MAX: usize = 1024;

/// Time for a client to send its request head, the WebSocket handshake included.
pub const REQUEST_HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Largest WebSocket message or frame, in bytes. The documentation asks for audio in pieces of 1
/// to 16 KB; the official samples send up to 64 KiB.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Largest message or frame of the real-time event protocol, in bytes: audio of 15 MiB of base64
/// is allowed inside one.
pub const EVENT_BYTES_MAX: usize = 24 << 20;

/// Time for a client to take one message. A slower one is cut off.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// Time for a client to answer a close frame.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// Time that open tasks are given to end when the server shuts down.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(30);

/// Time for a client to send a request's body.
pub const BODY_TIME_MAX: Duration = Duration::from_mins(1);

/// Largest JSON body of an ordinary request, in bytes. Routes that take audio have limits of their
/// own.
pub const JSON_BODY_BYTES_MAX: usize = 1 << 20;

/// Hot words that act on a call at once. The service keeps as many of a merged list, at random;
/// here the first are kept.
pub const HOT_WORDS_MAX: usize = 2000;

/// Words of a stored list for the Fun-ASR and Qwen-Audio models.
pub const VOCABULARY_WORDS_MAX: usize = 2000;

/// Words of a stored list for the Paraformer and Gummy models.
pub const VOCABULARY_WORDS_OLDER_MAX: usize = 500;

/// Words of weight 50 in a list for the Qwen-Audio models.
pub const SUPER_WORDS_MAX: usize = 50;

/// Characters of a list's prefix. Older pages say "fewer than 10", newer ones "at most 10".
pub const PREFIX_CHARACTERS_MAX: usize = 10;

/// Lists on one page of `list_vocabulary`.
pub const VOCABULARY_PAGE_MAX: u32 = 1000;

/// Phrases of a phrase list.
pub const PHRASES_MAX: usize = 500;

/// Characters of a phrase without letters or digits of ASCII.
pub const PHRASE_CHARACTERS_MAX: usize = 10;

/// Words, separated by blanks, of any other phrase.
pub const PHRASE_WORDS_MAX: usize = 5;

/// Lists on one page of `GET /fine-tunes/outputs`.
pub const PHRASE_PAGE_MAX: u32 = 100;

/// Pairs of a key and a model whose tasks are counted at once; those that were quiet for a second
/// are forgotten first.
pub const RATES_MAX: usize = 10_000;

/// Bytes by which model ids are told apart when tasks are counted: the part after the name of a
/// served model is the client's own and could be of any length.
pub const RATE_MODEL_BYTES_MAX: usize = 64;

/// Characters of a client's mistake that an error message repeats.
pub const ERROR_DETAIL_CHARACTERS_MAX: usize = 200;
/// Files in recognition that somebody waits for. Beyond, requests are refused.
pub const RECOGNITIONS_MAX: usize = 16;

/// Largest JSON body of a request that may carry audio, in bytes.
pub const AUDIO_BODY_BYTES_MAX: usize = 16 << 20;

/// Largest audio inside a JSON body, in bytes of its data URI, as documented.
pub const DATA_URI_BYTES_MAX: usize = 10_485_760;

/// Largest file to recognise, in bytes: downloaded, or in a form.
pub const AUDIO_FILE_BYTES_MAX: u64 = 100 << 20;

/// Length of audio that the DashScope routes recognise at once, in seconds, as documented.
pub const AUDIO_SECONDS: std::ops::RangeInclusive<u64> = 1..=300;

/// Length of audio that OpenAI's routes recognise at once, in seconds.
pub const TRANSCRIPTION_SECONDS: std::ops::RangeInclusive<u64> = 0..=7200;

/// Decoded blocks of about a second that wait for recognition, per file.
pub const BLOCKS_WAITING_MAX: usize = 4;

/// Time for the download of a file to recognise at once.
pub const FETCH_TIME_MAX: Duration = Duration::from_mins(1);

/// Fields of a form.
pub const FORM_FIELDS_MAX: usize = 32;

/// Largest field of a form that is text, in bytes.
pub const FORM_TEXT_BYTES_MAX: usize = 64 << 10;

/// Bytes of a form that may wait to be understood.
pub const FORM_WAITING_BYTES_MAX: usize = 1 << 20;

/// Time between two pieces of a form.
pub const FORM_STALL_TIME_MAX: Duration = Duration::from_secs(30);

/// Largest file that a client may upload, in bytes.
pub const UPLOAD_BYTES_MAX: u64 = 1 << 30;

/// Uploads that may run at once.
pub const UPLOADS_AT_ONCE_MAX: usize = 16;

/// Life of the certificate for an upload.
pub const POLICY_LIFE: Duration = Duration::from_mins(5);

/// Events of a stream that wait for the client.
pub const STREAM_EVENTS_WAITING_MAX: usize = 64;

/// Silence in a stream of events, after which a comment shows that it lives.
pub const STREAM_SILENCE_MAX: Duration = Duration::from_secs(15);
