//! One mono stream to 16 kHz, whatever its rate.
//!
//! The filter works in blocks of at least 25 ms of input (40 ms at 44.1 kHz and its fractions, since
//! a block must hold whole periods of both rates) with a Blackman window: flat to 7 kHz, and above the new Nyquist frequency nothing is left. Its
//! delay is cut off at the start and flushed at the end, so that `n` input samples give
//! `round(n * 16000 / rate)` output samples in step with them. Because only whole blocks are
//! processed, the cut of the input does not show in the output.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::AudioError;
use crate::limits::{OUTPUT_RATE_HZ, SAMPLE_RATES_HZ};

/// Blocks per second of input at most. Shorter blocks mean a shorter filter, which muffles.
const BLOCKS_PER_SECOND: u32 = 40;

/// Converts mono f32 at one rate to mono f32 at 16 kHz.
pub(crate) struct Resampler {
    rate_hz: u32,
    /// `None` where the rate is right already.
    filter: Option<Filter>,
}

struct Filter {
    fft: Fft<f32>,
    /// Input that does not yet fill a block.
    pending: Vec<f32>,
    block: Vec<f32>,
    /// Output samples of the filter's delay that are still to be dropped.
    delay_left: usize,
    frames_in: u64,
    frames_out: u64,
}

impl Resampler {
    /// Prepares for input at `rate_hz`.
    pub(crate) fn new(rate_hz: u32) -> Result<Self, AudioError> {
        if !SAMPLE_RATES_HZ.contains(&rate_hz) {
            return Err(AudioError::SampleRate(rate_hz));
        }
        let filter = if rate_hz == OUTPUT_RATE_HZ {
            None
        } else {
            Some(Filter::new(rate_hz)?)
        };
        Ok(Self { rate_hz, filter })
    }

    /// The rate of the input, in Hz.
    pub(crate) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Takes input samples and appends what can be given out.
    pub(crate) fn push(&mut self, mono: &[f32], out: &mut Vec<f32>) -> Result<(), AudioError> {
        match &mut self.filter {
            None => out.extend_from_slice(mono),
            Some(filter) => filter.push(mono, out)?,
        }
        Ok(())
    }

    /// Gives out what the filter still holds.
    pub(crate) fn finish(mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        match &mut self.filter {
            None => Ok(()),
            Some(filter) => filter.finish(self.rate_hz, out),
        }
    }
}

impl Filter {
    fn new(rate_hz: u32) -> Result<Self, AudioError> {
        let fft = Fft::new_custom(
            rate_hz as usize,
            OUTPUT_RATE_HZ as usize,
            block_frames(rate_hz),
            1,
            1,
            WindowFunction::Blackman,
            FixedSync::Both,
        )
        .map_err(failed)?;
        Ok(Self {
            pending: Vec::with_capacity(fft.input_frames_next()),
            block: vec![0.0; fft.output_frames_max()],
            delay_left: fft.output_delay(),
            fft,
            frames_in: 0,
            frames_out: 0,
        })
    }

    fn push(&mut self, mut mono: &[f32], out: &mut Vec<f32>) -> Result<(), AudioError> {
        self.frames_in += mono.len() as u64;
        while !mono.is_empty() {
            let room = self.fft.input_frames_next() - self.pending.len();
            let (head, rest) = mono.split_at(room.min(mono.len()));
            self.pending.extend_from_slice(head);
            mono = rest;
            self.run_full_block(u64::MAX, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, rate_hz: u32, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let rate = u64::from(rate_hz);
        let expected = (self.frames_in * u64::from(OUTPUT_RATE_HZ) + rate / 2) / rate;
        while self.frames_out < expected {
            self.pending.resize(self.fft.input_frames_next(), 0.0);
            self.run_full_block(expected, out)?;
        }
        Ok(())
    }

    /// Filters the pending block if it is full; gives out no more than `total` samples overall.
    fn run_full_block(&mut self, total: u64, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let frames = self.fft.input_frames_next();
        if self.pending.len() < frames {
            return Ok(());
        }
        let capacity = self.block.len();
        let input = InterleavedSlice::new(&self.pending, 1, frames).map_err(failed)?;
        let mut output = InterleavedSlice::new_mut(&mut self.block, 1, capacity).map_err(failed)?;
        let (_, made) = self
            .fft
            .process_into_buffer(&input, &mut output, None)
            .map_err(failed)?;
        self.pending.clear();
        let dropped = self.delay_left.min(made);
        self.delay_left -= dropped;
        let wanted = total.saturating_sub(self.frames_out);
        let kept = usize::try_from(wanted)
            .unwrap_or(usize::MAX)
            .min(made - dropped);
        out.extend_from_slice(&self.block[dropped..dropped + kept]);
        self.frames_out += kept as u64;
        Ok(())
    }
}

/// Input frames in a block. Even, because the middle of the filter must fall on a sample: else its
/// delay would be half a sample off what is trimmed.
fn block_frames(rate_hz: u32) -> usize {
    let period = rate_hz / gcd(rate_hz, OUTPUT_RATE_HZ);
    let periods = (rate_hz / BLOCKS_PER_SECOND).div_ceil(period);
    let is_odd = period % 2 == 1 && periods % 2 == 1;
    (period * (periods + u32::from(is_odd))) as usize
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn failed(error: impl std::fmt::Display) -> AudioError {
    AudioError::Decoder {
        codec: "resampler",
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn tone(rate_hz: u32, tone_hz: f64, frames: usize) -> Vec<f32> {
        let step = TAU * tone_hz / f64::from(rate_hz);
        (0..frames)
            .map(|n| (step * n as f64).sin() as f32)
            .collect()
    }

    fn resampled(rate_hz: u32, input: &[f32], piece: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(rate_hz).unwrap();
        let mut out = Vec::new();
        for part in input.chunks(piece) {
            resampler.push(part, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    /// Largest difference between two signals away from their edges, in dB.
    fn error_db(a: &[f32], b: &[f32]) -> f64 {
        let inner = 2_000..a.len() - 2_000;
        let worst = inner.map(|n| (a[n] - b[n]).abs()).fold(0.0, f32::max);
        20.0 * f64::from(worst).log10()
    }

    #[test]
    fn speech_passes_unchanged_and_in_step() {
        for (rate_hz, tone_hz) in [
            (8_000, 3_400.0),
            (11_025, 4_500.0),
            (22_050, 7_000.0),
            (44_100, 7_000.0),
            (48_000, 7_000.0),
        ] {
            let out = resampled(rate_hz, &tone(rate_hz, tone_hz, rate_hz as usize), 1_000);
            let expected = tone(OUTPUT_RATE_HZ, tone_hz, OUTPUT_RATE_HZ as usize);
            assert_eq!(out.len(), expected.len(), "{rate_hz} Hz");
            let error = error_db(&out, &expected);
            assert!(error < -50.0, "{rate_hz} Hz: {error} dB");
        }
    }

    #[test]
    fn what_16_khz_cannot_hold_is_gone() {
        for (rate_hz, tone_hz) in [(44_100, 9_000.0), (48_000, 9_000.0), (48_000, 23_000.0)] {
            let out = resampled(rate_hz, &tone(rate_hz, tone_hz, rate_hz as usize), 1_000);
            let error = error_db(&out, &vec![0.0; out.len()]);
            assert!(error < -80.0, "{tone_hz} Hz at {rate_hz} Hz: {error} dB");
        }
    }

    #[test]
    fn no_image_is_made_above_the_old_band() {
        // An image of 3.4 kHz would lie at 4.6 kHz: then the tone would not come out alone.
        let out = resampled(8_000, &tone(8_000, 3_400.0, 8_000), 77);
        let power: f32 = out[2_000..14_000].iter().map(|s| s * s).sum::<f32>() / 12_000.0;
        assert!((power - 0.5).abs() < 0.001, "{power}");
    }

    #[test]
    fn cut_and_length_do_not_matter() {
        let input = tone(44_100, 440.0, 12_345);
        let whole = resampled(44_100, &input, input.len());
        assert_eq!(
            whole.len(),
            (12_345.0f64 * 16_000.0 / 44_100.0).round() as usize
        );
        assert!(whole == resampled(44_100, &input, 1));
        assert_eq!(resampled(8_000, &[0.5], 1).len(), 2);
        assert!(resampled(8_000, &[], 1).is_empty());
    }

    #[test]
    fn rates_without_a_common_divisor_work() {
        let out = resampled(44_101, &tone(44_101, 1_000.0, 44_101), 4_096);
        assert!(error_db(&out, &tone(OUTPUT_RATE_HZ, 1_000.0, out.len())) < -50.0);
        assert!(matches!(
            Resampler::new(500),
            Err(AudioError::SampleRate(500))
        ));
    }
}
