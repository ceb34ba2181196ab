//! Sends recorded audio as a microphone would: each piece when its last sample would have been
//! spoken.
//!
//! Times are counted from the start, not from the piece before, so pauses do not add up. A piece
//! that is late (the server took the one before too slowly) is sent at once, and the pace is
//! caught up with.

use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::time::Instant;

use crate::session::read_frame;
use crate::{AudioSender, Error};

/// Bytes of a sample of `pcm` audio, mono.
const PCM_SAMPLE_BYTES: u32 = 2;

/// A rate of bytes and the length of the pieces they are sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    bytes_per_second: u32,
    piece_ms: u32,
}

impl Pace {
    /// Real time for 16-bit mono samples at `sample_rate` Hz, in pieces of 100 ms.
    pub fn pcm(sample_rate: u32) -> Self {
        Self::bytes_per_second(sample_rate.saturating_mul(PCM_SAMPLE_BYTES))
    }

    /// Real time for audio that takes `rate` bytes a second (at least 1), in pieces of 100 ms.
    pub fn bytes_per_second(rate: u32) -> Self {
        Self {
            bytes_per_second: rate.max(1),
            piece_ms: 100,
        }
    }

    /// Uses pieces of `ms` milliseconds (at least 1) instead.
    #[must_use]
    pub fn pieces_of(self, ms: u32) -> Self {
        Self {
            piece_ms: ms.max(1),
            ..self
        }
    }

    /// Milliseconds of audio in a piece.
    pub fn piece_ms(self) -> u32 {
        self.piece_ms
    }

    /// Bytes of a piece, at least 1.
    pub fn piece_bytes(self) -> usize {
        let bytes = u64::from(self.bytes_per_second) * u64::from(self.piece_ms) / 1_000;
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// How long `bytes` bytes last.
    pub fn duration_of(self, bytes: u64) -> Duration {
        let rate = u64::from(self.bytes_per_second);
        let nanos = bytes % rate * 1_000_000_000 / rate;
        Duration::from_secs(bytes / rate) + Duration::from_nanos(nanos)
    }
}

/// A clock that starts with the first spoken sample.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    pace: Pace,
    start: Instant,
}

impl Pacer {
    /// Starts the clock now.
    pub fn start(pace: Pace) -> Self {
        Self {
            pace,
            start: Instant::now(),
        }
    }

    /// When the first `bytes` bytes have been spoken.
    pub fn due(&self, bytes: u64) -> Instant {
        self.start + self.pace.duration_of(bytes)
    }

    /// Waits until the first `bytes` bytes have been spoken. Cancel-safe.
    pub async fn wait_for(&self, bytes: u64) {
        tokio::time::sleep_until(self.due(bytes)).await;
    }
}

/// Sends all of `audio` at `pace`; gives the number of bytes. Does not end the task. Not
/// cancel-safe: what was read from `audio` may not have been sent.
pub async fn send_paced<R>(sender: &AudioSender, mut audio: R, pace: Pace) -> Result<u64, Error>
where
    R: AsyncRead + Unpin,
{
    let pacer = Pacer::start(pace);
    let mut bytes = 0;
    loop {
        let piece = read_frame(&mut audio, pace.piece_bytes()).await?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes += piece.len() as u64;
        pacer.wait_for(bytes).await;
        sender.send_audio_frame(piece).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_of_pcm() {
        let pace = Pace::pcm(16_000);
        assert_eq!(pace.piece_bytes(), 3_200);
        assert_eq!(pace.pieces_of(20).piece_bytes(), 640);
        assert_eq!(pace.duration_of(3_200), Duration::from_millis(100));
        assert_eq!(
            pace.duration_of(32_000 * 3_600 + 16),
            Duration::new(3_600, 500_000)
        );
    }

    #[test]
    fn no_rate_divides_by_zero_or_stops() {
        let pace = Pace::bytes_per_second(0).pieces_of(0);
        assert_eq!(pace.piece_bytes(), 1);
        assert_eq!(pace.duration_of(2), Duration::from_secs(2));
        assert!(!Pace::pcm(u32::MAX).duration_of(u64::MAX).is_zero());
    }

    #[test]
    fn due_times_count_from_the_start() {
        let pacer = Pacer::start(Pace::pcm(16_000));
        assert_eq!(pacer.due(0), pacer.start);
        assert_eq!(pacer.due(6_400) - pacer.start, Duration::from_millis(200));
    }
}
