//! Where codecs put what they decode: channels are averaged, delays cut off, the rate made 16 kHz.

use crate::AudioError;
use crate::limits::CHANNELS_MAX;
use crate::resample::Resampler;

/// Shape of decoded audio.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Spec {
    pub(crate) rate_hz: u32,
    pub(crate) channels: u16,
}

/// Turns interleaved audio of any shape into mono at 16 kHz. The shape may change on the way.
#[derive(Default)]
pub(crate) struct Mixer {
    resampler: Option<Resampler>,
    /// Frames still to be dropped from the input.
    skip: u64,
    mono: Vec<f32>,
    wrote: bool,
}

/// A mixer together with the place its output goes to.
pub(crate) struct Sink<'a> {
    pub(crate) mixer: &'a mut Mixer,
    pub(crate) out: &'a mut Vec<f32>,
}

impl Mixer {
    /// Says whether any audio has come in, even if all of it was skipped.
    pub(crate) fn wrote(&self) -> bool {
        self.wrote
    }
}

impl Sink<'_> {
    /// Drops the next `frames` sampling instants: an encoder's or decoder's delay.
    pub(crate) fn skip(&mut self, frames: u64) {
        self.mixer.skip = frames;
    }

    /// Drops `frames` sampling instants more than are to be dropped already.
    pub(crate) fn skip_more(&mut self, frames: u64) {
        self.mixer.skip += frames;
    }

    /// Takes interleaved samples.
    pub(crate) fn write(&mut self, interleaved: &[f32], spec: Spec) -> Result<(), AudioError> {
        if spec.channels == 0 || spec.channels > CHANNELS_MAX {
            return Err(AudioError::Unsupported(format!(
                "audio with {} channels",
                spec.channels
            )));
        }
        self.use_rate(spec.rate_hz)?;
        self.mixer.wrote |= !interleaved.is_empty();
        let channels = usize::from(spec.channels);
        let frames = (interleaved.len() / channels) as u64;
        let skipped = self.mixer.skip.min(frames);
        self.mixer.skip -= skipped;
        let kept = &interleaved[skipped as usize * channels..];
        let Mixer {
            resampler: Some(resampler),
            mono,
            ..
        } = &mut *self.mixer
        else {
            return Ok(());
        };
        if channels == 1 {
            return resampler.push(kept, self.out);
        }
        mono.clear();
        mono.extend(
            kept.chunks_exact(channels)
                .map(|f| f.iter().sum::<f32>() / f32::from(spec.channels)),
        );
        resampler.push(mono, self.out)
    }

    /// Takes interleaved 16-bit samples.
    pub(crate) fn write_i16(&mut self, interleaved: &[i16], spec: Spec) -> Result<(), AudioError> {
        let samples: Vec<f32> = interleaved
            .iter()
            .map(|&s| f32::from(s) / 32_768.0)
            .collect();
        self.write(&samples, spec)
    }

    /// Puts silence in place of audio that was lost.
    pub(crate) fn silence(&mut self, frames: usize, spec: Spec) -> Result<(), AudioError> {
        self.write(&vec![0.0; frames * usize::from(spec.channels)], spec)
    }

    /// Gives out what the resampler still holds.
    pub(crate) fn finish(&mut self) -> Result<(), AudioError> {
        match self.mixer.resampler.take() {
            Some(resampler) => resampler.finish(self.out),
            None => Ok(()),
        }
    }

    fn use_rate(&mut self, rate_hz: u32) -> Result<(), AudioError> {
        let current = self.mixer.resampler.as_ref().map(Resampler::rate_hz);
        if current != Some(rate_hz) {
            self.finish()?;
            self.mixer.resampler = Some(Resampler::new(rate_hz)?);
        }
        Ok(())
    }
}
