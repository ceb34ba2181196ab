//! Every bound of this crate, with its unit. Bytes of strangers cannot make a decoder hold more than
//! these allow, whatever is sent: at most one frame, page or packet besides the codec's own state.

use std::ops::RangeInclusive;

/// The rate of everything this crate gives out, in Hz.
pub const OUTPUT_RATE_HZ: u32 = 16_000;

/// Sampling rates that are accepted at the input, in Hz.
pub const SAMPLE_RATES_HZ: RangeInclusive<u32> = 1_000..=192_000;

/// Most channels of an input; they are averaged.
pub const CHANNELS_MAX: u16 = 16;

/// Samples after which one [`push`](crate::LiveDecoder::push) stops taking bytes: ten seconds.
pub const PUSH_SAMPLES_MAX: usize = 160_000;

/// Input bytes that are handed to a codec at a time. Small, because what they can unpack to decides
/// how far a push may exceed [`PUSH_SAMPLES_MAX`]: one Ogg page of 120 ms packets, 31 seconds.
pub const SLICE_BYTES: usize = 512;

/// Bytes without a single frame after which a stream is given up.
pub const JUNK_BYTES_MAX: u64 = 1 << 20;

/// Longest MPEG audio frame, in bytes (layer II, 384 kbit/s at 32 kHz, padded, has 1,729; free
/// format is not accepted).
pub const MPEG_FRAME_BYTES_MAX: usize = 2_881;

/// Longest ADTS frame, in bytes: its length field has 13 bits.
pub const ADTS_FRAME_BYTES_MAX: usize = 8_191;

/// Longest AMR frame with its header byte, in bytes (AMR-WB 23.85 kbit/s).
pub const AMR_FRAME_BYTES_MAX: usize = 61;

/// Longest Speex frame without a container, in bytes (ultra-wideband at quality 10 has 110).
pub const SPEEX_FRAME_BYTES_MAX: usize = 128;

/// Longest Ogg page, in bytes: 27 of header, 255 segments of up to 255.
pub const OGG_PAGE_BYTES_MAX: usize = 27 + 255 + 255 * 255;

/// Longest Ogg packet that is kept, in bytes. Opus packets cannot exceed 61,298; what is longer is
/// a comment with pictures.
pub const OGG_PACKET_BYTES_MAX: usize = 1 << 16;

/// Samples in one block of a [`FileDecoder`](crate::FileDecoder), give or take one packet.
pub const FILE_BLOCK_SAMPLES: usize = OUTPUT_RATE_HZ as usize;

/// Bytes read from a file at a time.
pub const FILE_READ_BYTES: usize = 1 << 16;

/// Samples per channel that one packet of a file may unpack to; more is taken for damage.
pub const PACKET_FRAMES_MAX: usize = 1 << 20;

/// Damaged packets in a row after which a file is given up.
pub const BAD_PACKETS_MAX: u32 = 1_000;
