//! The network's input: log-mel features, as Whisper was trained on.
//!
//! Follows the feature extraction of "Robust Speech Recognition via Large-Scale Weak Supervision"
//! (Radford et al., 2022, section 2.2) as the published models' configuration gives it: windows of
//! 25 ms every 10 ms, 80 bands on the mel scale of Slaney's Auditory Toolbox, decimal logarithm,
//! 80 dB of range, shifted and scaled to about -1..1.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::WINDOW_SAMPLES;
use crate::recognizer::SAMPLE_RATE_HZ;

/// Bands of a frame.
pub(super) const BANDS: usize = 80;
/// Samples from one frame to the next.
pub(super) const HOP: usize = 160;
/// Samples that a frame is computed from.
const WINDOW: usize = 400;
/// Frequencies of a frame's spectrum.
const BINS: usize = WINDOW / 2 + 1;
/// The decimal logarithm of the weakest power told apart from nothing.
const LOG_POWER_MIN: f32 = -10.0;
/// Powers more than this many decades below the strongest one count as this.
const DECADES: f32 = 8.0;

/// Computes features.
pub(super) struct FeatureExtractor {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    filters: Vec<Filter>,
}

/// One band: weights for consecutive frequencies, from `first` on.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

/// Features of one clip: [`BANDS`] rows of `frames` values each.
pub(super) struct Features {
    /// The values, row after row.
    pub(super) values: Vec<f32>,
    /// Frames, 10 ms each.
    pub(super) frames: usize,
}

impl FeatureExtractor {
    pub(super) fn new() -> Self {
        let window = (0..WINDOW).map(|i| 0.5 - 0.5 * (TAU * i as f64 / WINDOW as f64).cos());
        Self {
            fft: RealFftPlanner::new().plan_fft_forward(WINDOW),
            window: window.map(|weight| weight as f32).collect(),
            filters: filters(),
        }
    }

    /// The first `frames` frames of the clip followed by silence up to 30 s. What a clip has beyond
    /// 30 s is not heard.
    pub(super) fn extract(&self, samples: &[f32], frames: usize) -> Features {
        let samples = &samples[..samples.len().min(WINDOW_SAMPLES)];
        let heard = (samples.len() + WINDOW / 2).div_ceil(HOP).min(frames);
        let mut values = vec![LOG_POWER_MIN; BANDS * frames];
        let mut input = self.fft.make_input_vec();
        let mut spectrum = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        for frame in 0..heard {
            for (offset, value) in input.iter_mut().enumerate() {
                *value = mirrored(samples, frame * HOP + offset) * self.window[offset];
            }
            let done = self
                .fft
                .process_with_scratch(&mut input, &mut spectrum, &mut scratch);
            debug_assert!(done.is_ok(), "the buffers are the transform's own");
            let power: Vec<f32> = spectrum.iter().map(Complex::norm_sqr).collect();
            for (band, filter) in self.filters.iter().enumerate() {
                values[band * frames + frame] = filter.apply(&power).log10().max(LOG_POWER_MIN);
            }
        }
        normalise(&mut values);
        Features { values, frames }
    }
}

impl Features {
    /// Loudness of each frame in decibels: the power of all bands, on a scale with an arbitrary
    /// zero.
    pub(super) fn loudness_db(&self) -> Vec<f32> {
        let mut power = vec![0.0_f32; self.frames];
        for band in self.values.chunks_exact(self.frames) {
            for (sum, value) in power.iter_mut().zip(band) {
                *sum += 10.0_f32.powf(value * 4.0 - 4.0);
            }
        }
        power
            .into_iter()
            .map(|power| 10.0 * power.log10())
            .collect()
    }
}

impl Filter {
    fn apply(&self, power: &[f32]) -> f32 {
        let power = &power[self.first..];
        self.weights
            .iter()
            .zip(power)
            .map(|(weight, power)| weight * power)
            .sum()
    }
}

/// The sample at `position` of the clip completed with silence to 30 s and mirrored at both ends,
/// where position 0 is half a window before the first sample.
fn mirrored(samples: &[f32], position: usize) -> f32 {
    let index = position.abs_diff(WINDOW / 2);
    let last = WINDOW_SAMPLES - 1;
    let index = if index > last {
        2 * last - index
    } else {
        index
    };
    samples.get(index).copied().unwrap_or(0.0)
}

/// Limits the range below the strongest value, and scales.
fn normalise(values: &mut [f32]) {
    let floor = values.iter().copied().fold(LOG_POWER_MIN, f32::max) - DECADES;
    for value in values {
        *value = (value.max(floor) + 4.0) / 4.0;
    }
}

/// Triangles between the centres of neighbouring bands, each of the same area.
fn filters() -> Vec<Filter> {
    let highest = mel(SAMPLE_RATE_HZ as f64 / 2.0);
    let edge = |i: usize| hertz(highest * i as f64 / (BANDS + 1) as f64);
    let bin_hz = SAMPLE_RATE_HZ as f64 / WINDOW as f64;
    (0..BANDS)
        .map(|band| {
            let (low, centre, high) = (edge(band), edge(band + 1), edge(band + 2));
            let weight = |bin: usize| {
                let frequency = bin as f64 * bin_hz;
                let rising = (frequency - low) / (centre - low);
                let falling = (high - frequency) / (high - centre);
                (rising.min(falling) * 2.0 / (high - low)) as f32
            };
            let first = (0..BINS).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            let weights = (first..BINS)
                .map(weight)
                .take_while(|weight| *weight > 0.0)
                .collect();
            Filter { first, weights }
        })
        .collect()
}

/// Where the mel scale turns from linear to logarithmic, in Hz and in mels.
const KNEE_HZ: f64 = 1000.0;
const KNEE_MEL: f64 = 15.0;
/// Mels in one factor of e above the knee: 27 for a factor of 6.4.
const MELS_PER_E: f64 = 27.0 / 1.856_297_990_365_626;

/// The mel of a frequency in Hz.
fn mel(hertz: f64) -> f64 {
    if hertz < KNEE_HZ {
        hertz * KNEE_MEL / KNEE_HZ
    } else {
        KNEE_MEL + (hertz / KNEE_HZ).ln() * MELS_PER_E
    }
}

/// The frequency in Hz of a mel.
fn hertz(mel: f64) -> f64 {
    if mel < KNEE_MEL {
        mel * KNEE_HZ / KNEE_MEL
    } else {
        KNEE_HZ * ((mel - KNEE_MEL) / MELS_PER_E).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference values are those of the published feature extractor (transformers 5.3,
    /// `WhisperFeatureExtractor`) for the same two seconds.
    #[test]
    fn agrees_with_the_published_extractor() {
        let features = FeatureExtractor::new().extract(&tone_and_sweep(), 3000);
        let reference = [
            (0, 0, 0.85900),
            (10, 5, 1.23775),
            (12, 50, 1.18260),
            (25, 100, -0.63488),
            (79, 199, -0.34256),
            (30, 199, -0.19211),
            (5, 201, 0.24242),
            (79, 2999, -0.63488),
        ];
        for (band, frame, value) in reference {
            let found = features.values[band * 3000 + frame];
            assert!(
                (found - value).abs() < 1e-4,
                "band {band}, frame {frame}: {found}"
            );
        }
        let first_four_seconds = features.values.chunks(3000).flat_map(|band| &band[..400]);
        let mean = first_four_seconds.sum::<f32>() / (80.0 * 400.0);
        assert!((mean - -0.539_546_4).abs() < 1e-4, "mean {mean}");
    }

    #[test]
    fn fewer_frames_are_the_first_ones() {
        let extractor = FeatureExtractor::new();
        let (all, some) = (
            extractor.extract(&tone_and_sweep(), 3000),
            extractor.extract(&tone_and_sweep(), 300),
        );
        for band in 0..BANDS {
            let first = &all.values[band * 3000..][..300];
            assert_eq!(first, &some.values[band * 300..][..300], "band {band}");
        }
    }

    #[test]
    fn any_length_is_legal() {
        let extractor = FeatureExtractor::new();
        for samples in [0, 1, 199, WINDOW_SAMPLES, WINDOW_SAMPLES + 1] {
            let features = extractor.extract(&vec![0.5; samples], 3000);
            assert!(
                features.values.iter().all(|value| value.is_finite()),
                "{samples} samples"
            );
        }
    }

    #[test]
    fn loudness_follows_the_amplitude() {
        let extractor = FeatureExtractor::new();
        let loudness = |scale: f32| {
            let samples: Vec<f32> = tone_and_sweep()
                .iter()
                .map(|sample| sample * scale)
                .collect();
            extractor.extract(&samples, 100).loudness_db()[50]
        };
        assert!((loudness(1.0) - loudness(0.1) - 20.0).abs() < 0.1);
    }

    fn tone_and_sweep() -> Vec<f32> {
        let sample = |i: u32| {
            let t = f64::from(i) / 16_000.0;
            (0.3 * (TAU * 440.0 * t).sin() + 0.1 * (TAU * 1500.0 * t * t).sin()) as f32
        };
        (0..32_000).map(sample).collect()
    }
}
