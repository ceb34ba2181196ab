//! Containers that Symphonia takes apart.
//!
//! Its decoders are used for what they are best at. AAC and Opus packets go to the decoders of the
//! live path: Symphonia's AAC knows no HE, and it has no Opus.

use std::time::Duration;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::packet::Packet;
use symphonia::default::formats::{
    AiffReader, CafReader, FlacReader, IsoMp4Reader, MkvReader, OggReader, WavReader,
};

use super::{Counted, priming};
use crate::AudioError;
use crate::codec::{aac, opus::OpusStream};
use crate::limits::{BAD_PACKETS_MAX, PACKET_FRAMES_MAX};
use crate::sink::{Sink, Spec};
use crate::sniff::Container;

/// One audio track of an open container.
pub(super) struct Demuxed {
    reader: Box<dyn FormatReader>,
    track: u32,
    decoder: Decoder,
    duration: Option<Duration>,
    /// Sampling instants to drop at the start, and their rate where it is not the output's.
    priming: Option<u64>,
    bad_packets: u32,
    samples: Vec<f32>,
}

enum Decoder {
    Aac(Box<aac::Units>),
    Opus(Box<OpusStream>),
    Symphonia(Box<dyn AudioDecoder>),
}

impl Demuxed {
    /// Opens a container and picks its first audio track that can be decoded.
    pub(super) fn open(container: Container, mut file: Counted) -> Result<Self, AudioError> {
        let priming = match container {
            Container::Mp4 => priming::of_mp4(&mut file)?,
            _ => None,
        };
        let reader = guarded(|| open_reader(container, file))?;
        let mut refusal = AudioError::Unsupported(format!("{} without audio", container.as_str()));
        for track in reader.tracks() {
            let Some(parameters) = track.codec_params.as_ref().and_then(|p| p.audio()) else {
                continue;
            };
            match guarded(|| Decoder::open(parameters)) {
                Ok(decoder) => {
                    let priming = match &decoder {
                        Decoder::Opus(stream) => Some(stream.pre_skip()),
                        _ => priming
                            .filter(|priming| priming.track == track.id)
                            .map(|p| p.frames),
                    };
                    let (track, duration) = (track.id, stated_duration(track));
                    let (bad_packets, samples) = (0, Vec::new());
                    return Ok(Self {
                        reader,
                        track,
                        decoder,
                        duration,
                        priming,
                        bad_packets,
                        samples,
                    });
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// Decodes one packet; `false` at the end.
    pub(super) fn advance(&mut self, sink: &mut Sink<'_>) -> Result<bool, AudioError> {
        if let Some(frames) = self.priming.take() {
            sink.skip(frames);
        }
        let packet = match guarded(|| Ok(self.reader.next_packet())) {
            Ok(Ok(Some(packet))) => packet,
            // A damaged or cut file ends where it can no longer be read.
            Ok(Ok(None) | Err(_)) => return self.end(sink),
            Err(error) => return Err(error),
        };
        if packet.track_id != self.track {
            return Ok(true);
        }
        match self.decode(&packet, sink) {
            Err(AudioError::Malformed { .. }) if self.bad_packets < BAD_PACKETS_MAX => {
                self.bad_packets += 1;
                Ok(true)
            }
            Ok(()) => {
                self.bad_packets = 0;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> Result<bool, AudioError> {
        if let Decoder::Aac(units) = &mut self.decoder {
            units.flush(sink)?;
        }
        Ok(false)
    }

    fn decode(&mut self, packet: &Packet, sink: &mut Sink<'_>) -> Result<(), AudioError> {
        match &mut self.decoder {
            Decoder::Aac(units) => units.decode(&packet.data, sink),
            Decoder::Opus(stream) => stream.decode(&packet.data, u64::MAX, sink).map(drop),
            Decoder::Symphonia(decoder) => {
                let samples = &mut self.samples;
                let spec = guarded(|| {
                    let buffer = decoder.decode(packet).map_err(translated)?;
                    if buffer.frames() > PACKET_FRAMES_MAX {
                        return Err(translated(Error::LimitError("frames in a packet")));
                    }
                    buffer.copy_to_vec_interleaved(samples);
                    let channels = buffer.spec().channels().count();
                    let channels = u16::try_from(channels).unwrap_or(u16::MAX);
                    Ok(Spec {
                        rate_hz: buffer.spec().rate(),
                        channels,
                    })
                })?;
                sink.write(samples, spec)
            }
        }
    }
}

impl Decoder {
    fn open(parameters: &AudioCodecParameters) -> Result<Self, AudioError> {
        let extra = parameters.extra_data.as_deref().unwrap_or_default();
        match parameters.codec {
            CODEC_ID_AAC => Ok(Self::Aac(Box::new(aac::Units::raw(extra)?))),
            CODEC_ID_OPUS => Ok(Self::Opus(Box::new(OpusStream::new(extra)?))),
            _ => {
                let options = AudioDecoderOptions::default();
                let codecs = symphonia::default::get_codecs();
                Ok(Self::Symphonia(
                    codecs
                        .make_audio_decoder(parameters, &options)
                        .map_err(translated)?,
                ))
            }
        }
    }
}

fn open_reader(container: Container, file: Counted) -> Result<Box<dyn FormatReader>, AudioError> {
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let options = FormatOptions::default();
    let reader: Result<Box<dyn FormatReader>, Error> = match container {
        Container::Aiff => AiffReader::try_new(stream, options).map(boxed),
        Container::Caf => CafReader::try_new(stream, options).map(boxed),
        Container::Flac => FlacReader::try_new(stream, options).map(boxed),
        Container::Matroska => MkvReader::try_new(stream, options).map(boxed),
        Container::Mp4 => IsoMp4Reader::try_new(stream, options).map(boxed),
        Container::Ogg => OggReader::try_new(stream, options).map(boxed),
        Container::Wav => WavReader::try_new(stream, options).map(boxed),
        other => return Err(AudioError::Unsupported(other.as_str().to_owned())),
    };
    reader.map_err(translated)
}

fn boxed(reader: impl FormatReader + 'static) -> Box<dyn FormatReader> {
    Box::new(reader)
}

fn stated_duration(track: &Track) -> Option<Duration> {
    let ticks = track.duration?;
    let time = track.time_base?.calc_duration(ticks)?;
    Duration::try_from_secs_f64(time.as_secs_f64()).ok()
}

/// Calls into Symphonia.
fn guarded<T>(work: impl FnOnce() -> Result<T, AudioError>) -> Result<T, AudioError> {
    crate::guard::guarded("Symphonia", work)
}

fn translated(error: Error) -> AudioError {
    match error {
        Error::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            AudioError::Io(error)
        }
        Error::Unsupported(what) => AudioError::Unsupported(what.to_owned()),
        error => AudioError::Malformed {
            container: "file",
            reason: error.to_string(),
        },
    }
}

impl MediaSource for Counted {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len_bytes)
    }
}
