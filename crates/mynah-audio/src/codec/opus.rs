//! Opus packets, as Ogg (RFC 7845), Matroska and MP4 carry them.
//!
//! Opus decodes to any of its rates without aliasing, so it is asked for 16 kHz at once.

use ropus::{Channels, DecodeMode, Decoder};

use super::ogg::Packets;
use crate::AudioError;
use crate::limits::OUTPUT_RATE_HZ;
use crate::sink::{Sink, Spec};

/// Granule positions and the pre-skip count at 48 kHz: three to an output sample.
const TICKS_PER_SAMPLE: u64 = 3;
/// Longest packet, in sampling instants at 16 kHz: 120 ms.
const PACKET_SAMPLES_MAX: usize = 1_920;
/// Length assumed for damaged packets before the first good one: 20 ms.
const PACKET_SAMPLES: usize = 320;

/// Decodes Opus packets with the head that describes them.
pub(crate) struct OpusStream {
    decoder: Decoder,
    spec: Spec,
    /// Sampling instants to drop at the start.
    pre_skip: u64,
    pcm: Vec<f32>,
    /// Length of the last good packet, in sampling instants.
    last: usize,
}

impl OpusStream {
    /// Reads an identification header (RFC 7845, section 5.1).
    pub(crate) fn new(head: &[u8]) -> Result<Self, AudioError> {
        let (Some(fields), true) = (head.get(8..19), head.starts_with(b"OpusHead")) else {
            return Err(malformed("the identification header is too short"));
        };
        let (version, channels, family) = (fields[0], fields[1], fields[10]);
        if version > 15 {
            return Err(AudioError::Unsupported(format!(
                "Opus in Ogg, version {version}"
            )));
        }
        let layout = match channels {
            1 => Channels::Mono,
            2 => Channels::Stereo,
            _ => {
                return Err(AudioError::Unsupported(format!(
                    "Opus with {channels} channels"
                )));
            }
        };
        if family > 1 {
            return Err(AudioError::Unsupported(format!(
                "Opus channel mapping {family}"
            )));
        }
        let mut decoder = Decoder::new(OUTPUT_RATE_HZ, layout).map_err(failed)?;
        decoder
            .set_gain(i32::from(i16::from_le_bytes([fields[8], fields[9]])))
            .map_err(failed)?;
        Ok(Self {
            decoder,
            spec: Spec {
                rate_hz: OUTPUT_RATE_HZ,
                channels: u16::from(channels),
            },
            pre_skip: u64::from(u16::from_le_bytes([fields[2], fields[3]])) / TICKS_PER_SAMPLE,
            pcm: vec![0.0; PACKET_SAMPLES_MAX * usize::from(channels)],
            last: PACKET_SAMPLES,
        })
    }

    /// Sampling instants at 16 kHz before the first one that counts.
    pub(crate) fn pre_skip(&self) -> u64 {
        self.pre_skip
    }

    /// Decodes one packet, of which at most `frames_max` sampling instants count; returns how many
    /// it had. Damaged packets are as silent and as long as the one before.
    pub(crate) fn decode(
        &mut self,
        packet: &[u8],
        frames_max: u64,
        sink: &mut Sink<'_>,
    ) -> Result<u64, AudioError> {
        let channels = usize::from(self.spec.channels);
        let decoded = match packet {
            [] => None,
            packet => self
                .decoder
                .decode_float(packet, &mut self.pcm, DecodeMode::Normal)
                .ok(),
        };
        let frames = decoded.unwrap_or(self.last).min(PACKET_SAMPLES_MAX);
        if decoded.is_none() {
            self.pcm[..frames * channels].fill(0.0);
        }
        self.last = frames;
        let kept = frames.min(usize::try_from(frames_max).unwrap_or(usize::MAX));
        sink.write(&self.pcm[..kept * channels], self.spec)?;
        Ok(frames as u64)
    }
}

/// Opus in Ogg.
#[derive(Default)]
pub(super) struct OpusPackets {
    stream: Option<OpusStream>,
    /// Packets so far; the first two are headers.
    count: u64,
    /// Where the page before ended, in ticks.
    granule: Option<u64>,
    /// Sampling instants of the last page that count.
    left: Option<u64>,
}

impl Packets for OpusPackets {
    fn page(&mut self, granule: Option<u64>, last: bool) {
        let Some(granule) = granule else { return };
        if last && self.count >= 2 {
            let before = self.granule.unwrap_or(0) / TICKS_PER_SAMPLE;
            self.left = Some((granule / TICKS_PER_SAMPLE).saturating_sub(before));
        }
        if self.count >= 2 {
            self.granule = Some(granule);
        }
    }

    fn packet(&mut self, packet: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.count += 1;
        match (self.count, &mut self.stream) {
            (1, stream) => {
                let opened = OpusStream::new(packet)?;
                sink.skip(opened.pre_skip());
                *stream = Some(opened);
            }
            (3.., Some(stream)) => {
                let left = self.left.unwrap_or(u64::MAX);
                let used = stream.decode(packet, left, sink)?;
                self.left = self.left.map(|left| left.saturating_sub(used));
            }
            _ => {}
        }
        Ok(())
    }
}

fn malformed(reason: &str) -> AudioError {
    AudioError::Malformed {
        container: "Opus",
        reason: reason.to_owned(),
    }
}

fn failed(error: impl std::fmt::Display) -> AudioError {
    AudioError::Decoder {
        codec: "Opus",
        reason: error.to_string(),
    }
}
