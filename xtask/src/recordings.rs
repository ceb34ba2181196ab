//! The committed recordings, decoded and put together into the WAV files that clients send.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use mynah_text::Language;
use mynah_text::score::{errors, normalise};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::workspace;

/// All committed recordings have this rate, and the WAV files too.
pub(crate) const SAMPLE_RATE_HZ: u32 = 16_000;
/// Longer than the silence that ends a sentence by default (1,300 ms).
const PAUSE_MS: u32 = 1_800;
/// A short silence before the first and after the last word, as in a real recording.
const MARGIN_MS: u32 = 300;

const ENGLISH: [Utterance; 2] = [
    Utterance {
        file: "en-librispeech-1688-142285-0002",
        said: Said {
            language: Language::ENGLISH,
            text: "you don't mean that you thought me so silly",
        },
    },
    Utterance {
        file: "en-librispeech-1688-142285-0009",
        said: Said {
            language: Language::ENGLISH,
            text: "why it might have been in the workhouse",
        },
    },
];
const CHINESE: Utterance = Utterance {
    file: "zh-aishell-BAC009S0150W0195",
    said: Said {
        language: Language::CHINESE,
        text: "但直接派发的对象如何确定",
    },
};

/// A committed recording: its file name without the ending, and what is said in it.
#[derive(Debug, Clone, Copy)]
struct Utterance {
    file: &'static str,
    said: Said,
}

/// A sentence of a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    language: Language,
    text: &'static str,
}

impl Said {
    /// The share of words, or Chinese characters, that were heard wrongly.
    pub(crate) fn error_rate(self, heard: &str) -> f64 {
        let units = |text| normalise(text, self.language);
        errors(&units(self.text), &units(heard)).rate()
    }
}

/// The same share for several sentences of one language that were heard as one.
pub(crate) fn error_rate_as_one(said: &[Said], heard: &str) -> f64 {
    let language = said.first().map_or(Language::ENGLISH, |said| said.language);
    let spoken: Vec<_> = said
        .iter()
        .flat_map(|said| normalise(said.text, said.language))
        .collect();
    errors(&spoken, &normalise(heard, language)).rate()
}

/// A WAV file (16 kHz, 16 bit, mono) and the sentences in it.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) path: PathBuf,
    pub(crate) sentences: Vec<Said>,
}

/// Two English sentences with a pause between them.
pub(crate) fn english(dir: &Path) -> Result<Recording> {
    Recording::join(dir, "english.wav", &ENGLISH)
}

/// One Chinese sentence.
pub(crate) fn chinese(dir: &Path) -> Result<Recording> {
    Recording::join(dir, "chinese.wav", &[CHINESE])
}

/// Both languages in one recording.
pub(crate) fn mixed(dir: &Path) -> Result<Recording> {
    Recording::join(dir, "mixed.wav", &[ENGLISH[0], CHINESE, ENGLISH[1]])
}

impl Recording {
    /// The share of words, or Chinese characters, of the whole recording that were heard wrongly.
    /// Only of a recording in one language.
    pub(crate) fn error_rate(&self, heard: &str) -> f64 {
        let texts: Vec<&str> = self.sentences.iter().map(|said| said.text).collect();
        let language = self.sentences.first().map(|said| said.language);
        let units = |text: &str| normalise(text, language.unwrap_or(Language::ENGLISH));
        errors(&units(&texts.join(" ")), &units(heard)).rate()
    }

    /// Length in seconds, a started one counted whole.
    pub(crate) fn seconds(&self) -> Result<u32> {
        const HEADER_BYTES: u64 = 44;
        let file = std::fs::metadata(&self.path).context("looking at a recording")?;
        let samples = (file.len() - HEADER_BYTES) / 2;
        Ok(u32::try_from(samples.div_ceil(SAMPLE_RATE_HZ.into()))?)
    }

    fn join(dir: &Path, name: &str, utterances: &[Utterance]) -> Result<Self> {
        let mut samples = silence(MARGIN_MS);
        for (index, utterance) in utterances.iter().enumerate() {
            if index > 0 {
                samples.extend(silence(PAUSE_MS));
            }
            samples.extend(decode(
                &recordings_dir().join(format!("{}.flac", utterance.file)),
            )?);
        }
        samples.extend(silence(MARGIN_MS));
        let path = dir.join(name);
        std::fs::write(&path, wav(&samples))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(Self {
            path,
            sentences: utterances.iter().map(|utterance| utterance.said).collect(),
        })
    }
}

fn recordings_dir() -> PathBuf {
    workspace::root().join("conformance/audio")
}

fn silence(ms: u32) -> Vec<i16> {
    vec![0; (SAMPLE_RATE_HZ / 1000 * ms) as usize]
}

/// The samples of a mono 16-bit FLAC file at 16 kHz.
pub(crate) fn decode(path: &Path) -> Result<Vec<i16>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe().probe(
        Hint::new().with_extension("flac"),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format
        .default_track(TrackType::Audio)
        .context("no audio track")?;
    let parameters = track.codec_params.as_ref().and_then(|codec| codec.audio());
    let parameters = parameters.context("no audio parameters")?;
    if parameters.sample_rate != Some(SAMPLE_RATE_HZ) {
        bail!("{} is not at {SAMPLE_RATE_HZ} Hz", path.display());
    }
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
    let (mut samples, mut piece) = (Vec::new(), Vec::new());
    while let Some(packet) = format.next_packet()? {
        decoder
            .decode(&packet)?
            .copy_to_vec_interleaved::<i16>(&mut piece);
        samples.extend_from_slice(&piece);
    }
    Ok(samples)
}

/// A RIFF file with these samples.
fn wav(samples: &[i16]) -> Vec<u8> {
    const HEADER_BYTES: u32 = 36;
    let data_bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - HEADER_BYTES);
    let mut file = Vec::with_capacity(samples.len() * 2 + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(data_bytes + HEADER_BYTES).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel; rate, bytes a second; two bytes a frame, sixteen bits a sample.
    file.extend_from_slice(&[1, 0, 1, 0]);
    file.extend_from_slice(&SAMPLE_RATE_HZ.to_le_bytes());
    file.extend_from_slice(&(SAMPLE_RATE_HZ * 2).to_le_bytes());
    file.extend_from_slice(&[2, 0, 16, 0]);
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data_bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_recordings_decode_to_audible_speech() {
        for Utterance { file: name, .. } in ENGLISH.iter().chain([&CHINESE]) {
            let samples = decode(&recordings_dir().join(format!("{name}.flac"))).unwrap();
            let seconds = samples.len() as f64 / f64::from(SAMPLE_RATE_HZ);
            assert!((2.0..6.0).contains(&seconds), "{name}: {seconds} s");
            let loudest = samples
                .iter()
                .map(|sample| sample.unsigned_abs())
                .max()
                .unwrap();
            assert!(loudest > 2_000, "{name}: loudest sample {loudest}");
        }
    }

    #[test]
    fn a_joined_recording_is_a_wav_file_of_the_expected_length() {
        let dir = tempfile::tempdir().unwrap();
        let recording = english(dir.path()).unwrap();
        assert_eq!(recording.sentences.len(), 2);
        let bytes = std::fs::read(&recording.path).unwrap();
        assert_eq!(&bytes[..4], b"RIFF");
        let data_bytes = u32::from_le_bytes(bytes[40..44].try_into().unwrap());
        assert_eq!(data_bytes as usize, bytes.len() - 44);
        // 2.835 s and 3.535 s of speech, the pause and two margins.
        let ms = data_bytes / 32;
        assert_eq!(ms, 2_835 + 3_535 + PAUSE_MS + 2 * MARGIN_MS);
    }
}
