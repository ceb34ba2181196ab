//! The network's input: 40 mel bands of every 10 ms.
//!
//! Follows the front end of the `muggle_speech` package to the last detail, oddities included,
//! since the network was trained behind it: frames of 25 ms of which the transform sees the first
//! 512 samples, levels of 20 dB a decade of power, each band's mean removed, and the whole
//! utterance scaled to unit variance at the end.

use std::array;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::upsampler::{UPSAMPLED_HZ, Upsampler};

/// Mel bands of a frame.
pub(super) const BANDS: usize = 40;

/// Samples of a frame: 25 ms.
const FRAME_SAMPLES: usize = 551;
/// Samples from one frame to the next: 10 ms.
const STEP_SAMPLES: usize = 220;
/// Samples of a frame that are transformed.
const TRANSFORM_SAMPLES: usize = 512;
/// How much of the previous sample is taken off each.
const PRE_EMPHASIS: f64 = 0.97;

/// Computes features. Holds the tables and buffers, nothing of the audio.
pub(super) struct Features {
    upsampler: Upsampler,
    window: [f64; TRANSFORM_SAMPLES],
    transform: Arc<dyn RealToComplex<f64>>,
    frame: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    bands: Vec<Band>,
}

/// A mel band: a triangle over the spectrum.
struct Band {
    first_bin: usize,
    weights: Vec<f64>,
}

impl Features {
    /// Prepares the tables.
    pub(super) fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(TRANSFORM_SAMPLES);
        Self {
            upsampler: Upsampler::new(),
            window: array::from_fn(hamming),
            frame: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            transform,
            bands: mel_bands(),
        }
    }

    /// The features of an utterance at 16 kHz, [`BANDS`] after [`BANDS`].
    ///
    /// `None` when it is shorter than a frame, or when nothing in it changes from frame to frame,
    /// as in digital silence.
    pub(super) fn of(&mut self, samples: &[f32]) -> Option<Vec<f32>> {
        let mut signal = self.upsampler.upsample(samples);
        let frames = signal
            .len()
            .checked_sub(FRAME_SAMPLES)?
            .div_ceil(STEP_SAMPLES);
        emphasize(&mut signal);
        signal.resize(frames * STEP_SAMPLES + FRAME_SAMPLES, 0.0);
        let mut levels = Vec::with_capacity(frames * BANDS);
        for frame in 0..frames {
            self.transform(&signal[frame * STEP_SAMPLES..][..TRANSFORM_SAMPLES]);
            levels.extend(self.bands.iter().map(|band| band.level(&self.spectrum)));
        }
        remove_band_means(&mut levels);
        to_unit_variance(&levels)
    }

    fn transform(&mut self, samples: &[f64]) {
        for ((value, sample), weight) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *value = sample * weight;
        }
        // Fails for buffers of another length only; these were made by the transform itself.
        let _ = self.transform.process_with_scratch(
            &mut self.frame,
            &mut self.spectrum,
            &mut self.scratch,
        );
    }
}

impl Band {
    /// The band's level in a spectrum.
    fn level(&self, spectrum: &[Complex<f64>]) -> f64 {
        let bins = spectrum[self.first_bin..].iter().zip(&self.weights);
        let power: f64 = bins.map(|(bin, weight)| bin.norm_sqr() * weight).sum();
        let power = power / TRANSFORM_SAMPLES as f64;
        20.0 * if power == 0.0 { f64::EPSILON } else { power }.log10()
    }
}

/// The window over a frame, cut where the transform ends.
fn hamming(index: usize) -> f64 {
    let turn = std::f64::consts::TAU * index as f64 / (FRAME_SAMPLES - 1) as f64;
    0.54 - 0.46 * turn.cos()
}

/// Bands of equal width on the mel scale between 0 Hz and half the rate.
fn mel_bands() -> Vec<Band> {
    let mel_max = 2595.0 * (1.0 + UPSAMPLED_HZ as f64 / 2.0 / 700.0).log10();
    let edge = |index: usize| {
        let mel = mel_max * index as f64 / (BANDS + 1) as f64;
        let hertz = 700.0 * (10_f64.powf(mel / 2595.0) - 1.0);
        ((TRANSFORM_SAMPLES + 1) as f64 * hertz / UPSAMPLED_HZ as f64) as usize
    };
    let band = |index: usize| {
        let [low, mid, high] = [edge(index), edge(index + 1), edge(index + 2)];
        let rise = (low..mid).map(|bin| (bin - low) as f64 / (mid - low) as f64);
        let fall = (mid..high).map(|bin| (high - bin) as f64 / (high - mid) as f64);
        Band {
            first_bin: low,
            weights: rise.chain(fall).collect(),
        }
    };
    (0..BANDS).map(band).collect()
}

fn emphasize(signal: &mut [f64]) {
    let mut previous = 0.0;
    for sample in signal {
        (previous, *sample) = (*sample, *sample - PRE_EMPHASIS * previous);
    }
}

fn remove_band_means(levels: &mut [f64]) {
    let frames = (levels.len() / BANDS) as f64;
    let mut means = [0.0; BANDS];
    for frame in levels.as_chunks::<BANDS>().0 {
        for (mean, level) in means.iter_mut().zip(frame) {
            *mean += level / frames;
        }
    }
    for frame in levels.as_chunks_mut::<BANDS>().0 {
        for (level, mean) in frame.iter_mut().zip(&means) {
            *level -= mean;
        }
    }
}

fn to_unit_variance(levels: &[f64]) -> Option<Vec<f32>> {
    let count = levels.len() as f64;
    let mean = levels.iter().sum::<f64>() / count;
    let variance = levels
        .iter()
        .map(|level| (level - mean).powi(2))
        .sum::<f64>()
        / count;
    let deviation = variance.sqrt();
    // Also false where there is no frame at all and the variance is not a number.
    let varied = deviation > f64::from(f32::EPSILON);
    varied.then(|| {
        levels
            .iter()
            .map(|level| ((level - mean) / deviation) as f32)
            .collect()
    })
}
