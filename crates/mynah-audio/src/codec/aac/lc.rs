//! The low-complexity profile through Symphonia, for builds without Fraunhofer's decoder.

use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder as _, AudioDecoderOptions,
};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::AacDecoder;

use super::Header;
use crate::AudioError;
use crate::sink::{Sink, Spec};

/// Sampling instants in a frame.
const FRAME_SAMPLES: usize = 1_024;

/// Decodes access units with Symphonia.
pub(crate) struct Units {
    decoder: AacDecoder,
    /// Bytes in front of each access unit.
    prefix_bytes: usize,
    last: Option<Spec>,
}

impl Units {
    /// Decodes whole ADTS frames.
    pub(super) fn adts(header: Header) -> Result<Self, AudioError> {
        Self::open(&header.audio_specific_config(), header.prefix_bytes)
    }

    /// Decodes the access units of a container, described by an `AudioSpecificConfig`.
    pub(crate) fn raw(config: &[u8]) -> Result<Self, AudioError> {
        Self::open(config, 0)
    }

    fn open(config: &[u8], prefix_bytes: usize) -> Result<Self, AudioError> {
        let mut parameters = AudioCodecParameters::new();
        parameters
            .for_codec(CODEC_ID_AAC)
            .with_extra_data(config.into());
        let decoder = AacDecoder::try_new(&parameters, &AudioDecoderOptions::default())
            .map_err(|_| AudioError::Unsupported("AAC other than low complexity".to_owned()))?;
        Ok(Self {
            decoder,
            prefix_bytes,
            last: None,
        })
    }

    /// Decodes one access unit.
    pub(crate) fn decode(&mut self, unit: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        let data = unit.get(self.prefix_bytes..).unwrap_or_default();
        let packet = Packet::new(0, Timestamp::default(), Duration::default(), data);
        let mut samples = Vec::new();
        let decoded = self.decoder.decode(&packet).map(|buffer| {
            buffer.copy_to_vec_interleaved(&mut samples);
            let channels = u16::try_from(buffer.spec().channels().count()).unwrap_or(u16::MAX);
            Spec {
                rate_hz: buffer.spec().rate(),
                channels,
            }
        });
        match (decoded, self.last) {
            (Ok(spec), last) => {
                if last.is_none() && self.prefix_bytes > 0 {
                    sink.skip(FRAME_SAMPLES as u64);
                }
                self.last = Some(spec);
                sink.write(&samples, spec)
            }
            (Err(_), Some(spec)) => sink.silence(FRAME_SAMPLES, spec),
            (Err(_), None) => Ok(()),
        }
    }

    /// Gives out what the decoder holds back: nothing.
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the other decoder needs it"
    )]
    pub(crate) fn flush(&mut self, _sink: &mut Sink<'_>) -> Result<(), AudioError> {
        Ok(())
    }
}
