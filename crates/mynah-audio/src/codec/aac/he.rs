//! Access units through Fraunhofer's decoder, which knows the low-complexity profile and HE-AAC.

use super::Header;
use super::fdk::{Decoded, Decoder, Transport};
use crate::AudioError;
use crate::sink::{Sink, Spec};

/// Decodes access units with Fraunhofer's library.
pub(crate) struct Units {
    decoder: Decoder,
    /// Whether the first frame is only an encoder's run-up: streams have no list of edits.
    drops_first: bool,
    /// Shape and length in sampling instants of the last decoded frame.
    last: Option<(Spec, usize)>,
    /// Sampling instants that the decoder holds back.
    delay: usize,
}

impl Units {
    /// Decodes whole ADTS frames.
    pub(super) fn adts(_header: Header) -> Result<Self, AudioError> {
        Ok(Self::with(Decoder::open(Transport::Adts)?, true))
    }

    /// Decodes the access units of a container, described by an `AudioSpecificConfig`.
    pub(crate) fn raw(config: &[u8]) -> Result<Self, AudioError> {
        Ok(Self::with(Decoder::open(Transport::Raw(config))?, false))
    }

    fn with(decoder: Decoder, drops_first: bool) -> Self {
        Self {
            decoder,
            drops_first,
            last: None,
            delay: 0,
        }
    }

    /// Decodes one access unit.
    pub(crate) fn decode(&mut self, unit: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let mut rest = unit;
        while !rest.is_empty() {
            let used = self.decoder.fill(rest);
            rest = &rest[used..];
            let made = self.decode_filled(sink)?;
            if used == 0 && !made {
                break;
            }
        }
        Ok(())
    }

    /// Gives out what the decoder holds back.
    pub(crate) fn flush(&mut self, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        while self.delay > 0 {
            let Decoded::Frame { pcm, spec, .. } = self.decoder.flush() else {
                break;
            };
            let channels = usize::from(spec.channels);
            let frames = self.delay.min(pcm.len() / channels);
            if frames == 0 {
                break;
            }
            sink.write_i16(&pcm[..frames * channels], spec)?;
            self.delay -= frames;
        }
        Ok(())
    }

    /// Decodes what was filled in; says whether anything came of it.
    fn decode_filled(&mut self, sink: &mut Sink<'_>) -> Result<bool, AudioError> {
        let mut made = false;
        loop {
            match self.decoder.decode() {
                Decoded::Frame { pcm, spec, delay } => {
                    let frames = pcm.len() / usize::from(spec.channels);
                    if self.last.is_none() {
                        self.delay = delay;
                        sink.skip_more((delay + if self.drops_first { frames } else { 0 }) as u64);
                    }
                    self.last = Some((spec, frames));
                    sink.write_i16(pcm, spec)?;
                    made = true;
                }
                Decoded::NeedsMore => return Ok(made),
                Decoded::Damaged => {
                    if let Some((spec, frames)) = self.last {
                        sink.silence(frames, spec)?;
                    }
                    return Ok(made);
                }
            }
        }
    }
}
