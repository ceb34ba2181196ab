//! Voice activity: how likely it is that somebody speaks, window by window.
//!
//! Silero VAD 6 (<https://github.com/snakers4/silero-vad>), its 16 kHz graph. The network hears a
//! window of 32 ms together with the last 4 ms before it and carries a recurrent state, so a
//! stream's windows must be given in order and each stream has a [`SileroState`] of its own. The
//! session holds nothing between calls: one [`Silero`] serves all streams of a worker.

use std::path::Path;

use ort::session::Session;
use ort::value::{Tensor, TensorRef};

use crate::runtime::{output, runtime_error};
use crate::segmenter::WINDOW_SAMPLES;
use crate::{Runtime, SAMPLE_RATE_HZ, SpeechError};

/// Samples before the window that the network hears again: 4 ms.
const CONTEXT_SAMPLES: usize = 64;
/// Two recurrent layers' worth of 128 values.
const STATE_SHAPE: [usize; 3] = [2, 1, 128];
const STATE_VALUES: usize = STATE_SHAPE[0] * STATE_SHAPE[1] * STATE_SHAPE[2];

const MODEL_FILE: &str = "silero_vad_16k_op15.onnx";

/// The voice-activity network of one worker.
pub(crate) struct Silero {
    session: Session,
    sample_rate: Tensor<i64>,
    /// Context and window, side by side as the network reads them.
    heard: [f32; CONTEXT_SAMPLES + WINDOW_SAMPLES],
}

impl Silero {
    /// Opens the network in the folder `model`.
    pub(crate) fn open(model: &Path, runtime: &Runtime) -> Result<Self, SpeechError> {
        let sample_rate = Tensor::from_array(((), vec![i64::from(SAMPLE_RATE_HZ as u32)]));
        Ok(Self {
            session: runtime.open(&model.join(MODEL_FILE))?,
            sample_rate: sample_rate.map_err(runtime_error)?,
            heard: [0.0; CONTEXT_SAMPLES + WINDOW_SAMPLES],
        })
    }

    /// The probability of speech, 0 to 1, in a stream's next window.
    pub(crate) fn probability(
        &mut self,
        state: &mut SileroState,
        window: &[f32; WINDOW_SAMPLES],
    ) -> Result<f32, SpeechError> {
        let (context, rest) = self.heard.split_at_mut(CONTEXT_SAMPLES);
        context.copy_from_slice(&state.context);
        rest.copy_from_slice(window);
        state
            .context
            .copy_from_slice(&window[WINDOW_SAMPLES - CONTEXT_SAMPLES..]);
        self.run(&mut state.memory).map_err(runtime_error)
    }

    fn run(&mut self, memory: &mut [f32; STATE_VALUES]) -> ort::Result<f32> {
        let outputs = self.session.run(ort::inputs![
            "input" => TensorRef::from_array_view(([1, self.heard.len()], &self.heard[..]))?,
            "state" => TensorRef::from_array_view((STATE_SHAPE, &memory[..]))?,
            "sr" => self.sample_rate.view(),
        ])?;
        let (_, probability) = output(&outputs, "output")?.try_extract_tensor::<f32>()?;
        let (_, next) = output(&outputs, "stateN")?.try_extract_tensor::<f32>()?;
        let (&[probability], Ok(next)) = (probability, next.try_into()) else {
            return Err(ort::Error::new("voice activity of an unexpected shape"));
        };
        *memory = next;
        Ok(probability)
    }
}

/// What the network remembers of one stream. The default is the start of a stream.
#[derive(Clone)]
pub(crate) struct SileroState {
    memory: [f32; STATE_VALUES],
    context: [f32; CONTEXT_SAMPLES],
}

impl Default for SileroState {
    fn default() -> Self {
        Self {
            memory: [0.0; STATE_VALUES],
            context: [0.0; CONTEXT_SAMPLES],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;
    use crate::fixtures;

    /// The share of windows whose probability is over one half, and the mean probability.
    fn activity(silero: &mut Silero, samples: &[f32]) -> (f32, f32) {
        let mut state = SileroState::default();
        let (windows, _) = samples.as_chunks::<WINDOW_SAMPLES>();
        let heard: Vec<f32> = windows
            .iter()
            .map(|window| silero.probability(&mut state, window).unwrap())
            .collect();
        let count = heard.len() as f32;
        let active = heard
            .iter()
            .filter(|probability| **probability > 0.5)
            .count() as f32;
        (active / count, heard.iter().sum::<f32>() / count)
    }

    fn open() -> Option<Silero> {
        let (models, runtime) = fixtures::models("silero-vad")?;
        Some(Silero::open(&models, &runtime).unwrap())
    }

    /// Noise of uniform distribution and full scale `peak`, the same at every run.
    fn noise(samples: usize, peak: f32) -> Vec<f32> {
        let mut seed = 1_u32;
        let next = |_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 8) as f32 / 8_388_608.0 - 1.0) * peak
        };
        (0..samples).map(next).collect()
    }

    #[test]
    fn hears_speech_of_two_languages() {
        let Some(mut silero) = open() else { return };
        for clip in ["zh-funasr-mid", "en-librispeech-1995-1837-0001"] {
            let samples = fixtures::audio(clip);
            let (active, _) = activity(&mut silero, &samples);
            assert!(active > 0.6, "{clip}: {active}");
        }
    }

    #[test]
    fn hears_none_in_silence_noise_and_chords() {
        let Some(mut silero) = open() else { return };
        let second = SAMPLE_RATE_HZ;
        let chord = |sample: usize| {
            let time = sample as f32 / SAMPLE_RATE_HZ as f32;
            // A new root every half second, each with its third and fifth.
            let root = [220.0, 293.7, 329.6, 246.9][sample / (second / 2) % 4];
            let tone = |ratio: f32| (TAU * root * ratio * time).sin();
            0.1 * (tone(1.0) + tone(1.25) + tone(1.5))
        };
        for (name, samples) in [
            ("silence", vec![0.0; 4 * second]),
            ("faint noise", noise(4 * second, 0.01)),
            ("loud noise", noise(4 * second, 0.5)),
            ("chords", (0..4 * second).map(chord).collect()),
        ] {
            let (active, mean) = activity(&mut silero, &samples);
            assert!(active < 0.05 && mean < 0.2, "{name}: {active} {mean}");
        }
    }

    #[test]
    fn streams_do_not_disturb_each_other() {
        let Some(mut silero) = open() else { return };
        let speech = fixtures::audio("zh-funasr-mid");
        let noise = noise(speech.len(), 0.3);
        let mut together = SileroState::default();
        let mut alone = SileroState::default();
        let mut other = SileroState::default();
        let mut expected = Vec::new();
        let mut found = Vec::new();
        for window in speech.as_chunks::<WINDOW_SAMPLES>().0 {
            expected.push(silero.probability(&mut alone, window).unwrap());
        }
        let windows = speech.as_chunks::<WINDOW_SAMPLES>().0.iter();
        for (window, noise) in windows.zip(noise.as_chunks::<WINDOW_SAMPLES>().0) {
            silero.probability(&mut other, noise).unwrap();
            found.push(silero.probability(&mut together, window).unwrap());
        }
        assert_eq!(expected, found);
    }
}
