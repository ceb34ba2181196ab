//! Live streams: bytes of one of the API's formats in, mono f32 at 16 kHz out.

use std::fmt;
use std::str::FromStr;

use crate::AudioError;
use crate::codec::Codec;
use crate::codec::aac::Adts;
use crate::codec::amr::Amr;
use crate::codec::mp3::Mp3;
use crate::codec::ogg::Ogg;
use crate::codec::pcm::Bare;
use crate::codec::speex::Speex;
use crate::codec::wav::WavCodec;
use crate::framing::Framed;
use crate::guard::guarded;
use crate::limits::{PUSH_SAMPLES_MAX, SAMPLE_RATES_HZ, SLICE_BYTES};
use crate::sink::{Mixer, Sink};
use crate::sniff::{SNIFF_BYTES, sniff};

/// A `format` of the real-time recognition APIs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LiveFormat {
    /// AAC with ADTS headers.
    Aac,
    /// G.711 A-law without a header.
    ALaw,
    /// AMR in its storage format, narrowband or wideband.
    Amr,
    /// MPEG audio.
    Mp3,
    /// G.711 mu-law without a header.
    MuLaw,
    /// Opus in Ogg.
    Opus,
    /// Signed 16-bit little-endian mono without a header.
    Pcm,
    /// Speex in Ogg, or bare frames that begin on byte boundaries.
    Speex,
    /// RIFF/WAVE.
    Wav,
}

impl LiveFormat {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Aac,
        Self::ALaw,
        Self::Amr,
        Self::Mp3,
        Self::MuLaw,
        Self::Opus,
        Self::Pcm,
        Self::Speex,
        Self::Wav,
    ];

    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::ALaw => "g711_alaw",
            Self::Amr => "amr",
            Self::Mp3 => "mp3",
            Self::MuLaw => "g711_ulaw",
            Self::Opus => "opus",
            Self::Pcm => "pcm",
            Self::Speex => "speex",
            Self::Wav => "wav",
        }
    }
}

impl fmt::Display for LiveFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LiveFormat {
    type Err = AudioError;

    fn from_str(word: &str) -> Result<Self, AudioError> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == word);
        found.ok_or_else(|| AudioError::Unsupported(format!("the audio format {word:?}")))
    }
}

/// Decodes one live stream.
///
/// Any cut of the same bytes gives exactly the same samples. Delays of encoders and decoders are
/// cut off where they are known, so that sample `n` is heard `n / 16000` seconds into the stream.
/// What is damaged after the first good frame becomes silence of the same length.
pub struct LiveDecoder {
    format: LiveFormat,
    /// `None` once the stream has ended or failed.
    codec: Option<Box<dyn Codec>>,
    mixer: Mixer,
    /// The first bytes, to say what the stream was if nothing decodes.
    head: Vec<u8>,
}

impl LiveDecoder {
    /// Prepares for a stream of `format`.
    ///
    /// `sample_rate_hz` is what the client declared. It decides for headerless samples and bare
    /// Speex frames; all else carries its own rate.
    pub fn new(format: LiveFormat, sample_rate_hz: u32) -> Result<Self, AudioError> {
        if !SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
            return Err(AudioError::SampleRate(sample_rate_hz));
        }
        let codec: Box<dyn Codec> = match format {
            LiveFormat::Aac => Box::new(Framed::new(Adts::default())),
            LiveFormat::ALaw => Box::new(Bare::a_law(sample_rate_hz)),
            LiveFormat::Amr => Box::new(Framed::new(Amr::default())),
            LiveFormat::Mp3 => Box::new(Framed::new(Mp3::new())),
            LiveFormat::MuLaw => Box::new(Bare::mu_law(sample_rate_hz)),
            LiveFormat::Opus => Box::new(Framed::new(Ogg::default())),
            LiveFormat::Pcm | LiveFormat::Wav => Box::new(WavCodec::new(sample_rate_hz)),
            LiveFormat::Speex => Box::new(Speex::new(sample_rate_hz)),
        };
        Ok(Self {
            format,
            codec: Some(codec),
            mixer: Mixer::default(),
            head: Vec::new(),
        })
    }

    /// Takes bytes from the front of `bytes` and appends what they decode to.
    ///
    /// Returns the bytes that were not taken: some are left when
    /// [`PUSH_SAMPLES_MAX`] samples have been appended (at most
    /// 31 s more, see [`SLICE_BYTES`]), so that a small message
    /// cannot become a huge allocation. Push them again until none are left:
    ///
    /// ```
    /// # use mynah_audio::{LiveDecoder, LiveFormat};
    /// # let mut decoder = LiveDecoder::new(LiveFormat::Pcm, 16_000)?;
    /// # let message = [0u8; 3_200];
    /// let mut samples = Vec::new();
    /// let mut rest = &message[..];
    /// while !rest.is_empty() {
    ///     rest = decoder.push(rest, &mut samples)?;
    ///     // use and clear `samples`
    /// #   assert_eq!(samples.drain(..).len(), 1_600);
    /// }
    /// # Ok::<(), mynah_audio::AudioError>(())
    /// ```
    ///
    /// After an error the stream is over.
    pub fn push<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<f32>,
    ) -> Result<&'a [u8], AudioError> {
        let wanted = SNIFF_BYTES - self.head.len();
        self.head
            .extend_from_slice(&bytes[..wanted.min(bytes.len())]);
        let start = out.len();
        let mut rest = bytes;
        while !rest.is_empty() && out.len() - start < PUSH_SAMPLES_MAX {
            let (slice, behind) = rest.split_at(rest.len().min(SLICE_BYTES));
            rest = behind;
            self.run(out, |codec, sink| codec.push(slice, sink))?;
        }
        Ok(rest)
    }

    /// Ends the stream and appends the samples that were held back.
    ///
    /// Fails with [`AudioError::NothingDecodable`] if the whole stream held no audio of its format;
    /// an empty stream counts as that.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        self.run(out, |codec, sink| {
            codec.finish(sink)?;
            sink.finish()
        })?;
        self.codec = None;
        if self.mixer.wrote() {
            Ok(())
        } else {
            Err(self.nothing())
        }
    }

    /// Whether any audio has been found so far.
    pub fn has_audio(&self) -> bool {
        self.mixer.wrote()
    }

    fn run(
        &mut self,
        out: &mut Vec<f32>,
        work: impl FnOnce(&mut dyn Codec, &mut Sink<'_>) -> Result<(), AudioError>,
    ) -> Result<(), AudioError> {
        let codec = self.codec.as_deref_mut().ok_or(AudioError::Finished)?;
        let mut sink = Sink {
            mixer: &mut self.mixer,
            out,
        };
        let result = guarded(self.format.as_str(), || work(codec, &mut sink));
        if result.is_err() {
            self.codec = None;
        }
        result.map_err(|error| match error {
            AudioError::NothingDecodable { .. } => self.nothing(),
            error => error,
        })
    }

    fn nothing(&self) -> AudioError {
        AudioError::NothingDecodable {
            expected: self.format.as_str(),
            found: sniff(&self.head),
        }
    }
}
