//! 16 kHz to 22.05 kHz, the rate that the network was trained at.
//!
//! Band-limited interpolation (J. O. Smith, <https://ccrma.stanford.edu/~jos/resample/>) with the
//! filter that the model's own front end uses: a sinc of 50 zero crossings under a Kaiser window.
//! What the filter leaves above 8 kHz matters, however faint: the features are logarithms, and a
//! quarter of the mel bands lies there. The ratio is 441 / 320, so the filter is needed at 441
//! phases only and a table of them makes the result exact.

use std::f64::consts::PI;

use crate::SAMPLE_RATE_HZ;

/// The rate of the result, in Hz.
pub(super) const UPSAMPLED_HZ: usize = 22_050;
/// Greatest common divisor of the two rates, in Hz.
const RATE_UNIT_HZ: usize = 50;
/// Phases of the filter: positions of a new sample between two old ones.
const PHASES: usize = UPSAMPLED_HZ / RATE_UNIT_HZ;
/// How many phases the next new sample is further on.
const PHASE_STEP: usize = SAMPLE_RATE_HZ / RATE_UNIT_HZ;

/// Zero crossings of the sinc on each side.
const ZERO_CROSSINGS: usize = 50;
/// Old samples that make up a new one.
const TAPS: usize = 2 * ZERO_CROSSINGS;
/// Cut-off frequency as a part of half the old rate.
const ROLL_OFF: f64 = 0.917_347;
/// Shape of the Kaiser window.
const KAISER_BETA: f64 = 12.984_6;

/// The filter, sampled at every phase.
pub(super) struct Upsampler {
    phases: Vec<[f64; TAPS]>,
}

impl Upsampler {
    /// Computes the filter.
    pub(super) fn new() -> Self {
        let phase = |phase: usize| {
            std::array::from_fn(|tap| {
                let delay = phase as f64 / PHASES as f64 + (ZERO_CROSSINGS - 1) as f64;
                filter(delay - tap as f64)
            })
        };
        Self {
            phases: (0..PHASES).map(phase).collect(),
        }
    }

    /// The samples at [`UPSAMPLED_HZ`]; there is silence before and after them.
    pub(super) fn upsample(&self, samples: &[f32]) -> Vec<f64> {
        let silence = [0.0; ZERO_CROSSINGS];
        let before = silence[1..].iter().copied();
        let padded: Vec<f64> = before
            .chain(samples.iter().map(|sample| f64::from(*sample)))
            .chain(silence)
            .collect();
        let at = |index: usize| {
            let position = index * PHASE_STEP;
            let taps = &padded[position / PHASES..][..TAPS];
            dot(taps, &self.phases[position % PHASES])
        };
        (0..samples.len() * PHASES / PHASE_STEP).map(at).collect()
    }
}

/// The filter's response `distance` old samples away from its centre.
fn filter(distance: f64) -> f64 {
    let reach = distance / ZERO_CROSSINGS as f64;
    let window = bessel_i0(KAISER_BETA * (1.0 - reach * reach).max(0.0).sqrt());
    let angle = PI * ROLL_OFF * distance;
    let sinc = if angle == 0.0 {
        1.0
    } else {
        angle.sin() / angle
    };
    ROLL_OFF * sinc * window / bessel_i0(KAISER_BETA)
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum, mut index) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON {
        term *= quarter / (index * index);
        sum += term;
        index += 1.0;
    }
    sum
}

/// The scalar product, in four independent sums that the compiler can keep in one register.
fn dot(samples: &[f64], taps: &[f64; TAPS]) -> f64 {
    let mut sums = [0.0; 4];
    for (samples, taps) in samples
        .as_chunks::<4>()
        .0
        .iter()
        .zip(taps.as_chunks::<4>().0)
    {
        for ((sum, sample), tap) in sums.iter_mut().zip(samples).zip(taps) {
            *sum += sample * tap;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_tone_and_its_place() {
        for frequency in [100.0, 1000.0, 6500.0] {
            let tone = |rate: usize| {
                move |index: usize| (2.0 * PI * frequency * index as f64 / rate as f64).sin()
            };
            let samples: Vec<f32> = (0..8000)
                .map(tone(SAMPLE_RATE_HZ))
                .map(|sample| sample as f32)
                .collect();
            let upsampled = Upsampler::new().upsample(&samples);
            assert_eq!(upsampled.len(), 11_025);
            // The silence around the tone reaches one filter's width into it.
            for (index, sample) in upsampled.iter().enumerate().skip(80).take(10_800) {
                let expected = tone(UPSAMPLED_HZ)(index);
                assert!(
                    (sample - expected).abs() < 1e-5,
                    "{frequency} Hz at {index}"
                );
            }
        }
    }

    #[test]
    fn takes_any_number_of_samples() {
        let upsampler = Upsampler::new();
        for (samples, upsampled) in [(0, 0), (1, 1), (2, 2), (320, 441)] {
            assert_eq!(upsampler.upsample(&vec![0.5; samples]).len(), upsampled);
        }
    }
}
