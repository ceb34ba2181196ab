//! `session` in the Qwen dialect.
//!
//! Follows "Client events for Qwen-ASR-Realtime", and what the SDKs add: `audio.input.format`
//! instead of the flat keys, and keys of other products, which are ignored.

use mynah_wire::SessionId;
use mynah_wire::realtime::{QwenSession, QwenTurnDetection};
use serde_json::{Map, Value, json};

use super::settings::{Fault, Keys, Settings, Speech, Turns};
use crate::AudioFormat;

const THRESHOLD: f64 = 0.2;
const SILENCE_MS: u32 = 800;
/// The documentation says 8 and 16 kHz; the service takes more.
const RATES_HZ: std::ops::RangeInclusive<f64> = 8_000.0..=48_000.0;

const FORMATS: [(&str, AudioFormat); 4] = [
    ("pcm", AudioFormat::Pcm),
    ("pcm16", AudioFormat::Pcm),
    ("wav", AudioFormat::Wav),
    ("opus", AudioFormat::Opus),
];

/// What is in effect before the first `session.update`.
pub(crate) fn defaults(model: String) -> Settings {
    Settings {
        model,
        format: AudioFormat::Pcm,
        format_word: "pcm".to_owned(),
        rate_hz: 16_000,
        modalities: json!(["text"]),
        speech: Speech::default(),
        turns: Some(Turns {
            threshold: THRESHOLD,
            noise_threshold: THRESHOLD as f32,
            silence_ms: SILENCE_MS,
            padding_ms: None,
            eagerness: None,
        }),
        noise_reduction: None,
        include: None,
    }
}

/// What is in effect after `session.update`. A key that is absent or `null` leaves what is; only
/// a `turn_detection` of `null` says something. An object replaces the one before it.
pub(crate) fn update(now: &Settings, session: &Map<String, Value>) -> Result<Settings, Fault> {
    let keys = Keys::new("session", session);
    let mut next = now.clone();
    if let Some(modalities) = keys.present("modalities") {
        next.modalities = modalities.clone();
    }
    read_format(&keys, ["input_audio_format", "sample_rate"], &mut next)?;
    let nested = keys.object("audio")?.map(|audio| audio.object("input"));
    if let Some(input) = nested.transpose()?.flatten()
        && let Some(format) = input.object("format")?
    {
        read_format(&format, ["type", "sample_rate"], &mut next)?;
    }
    if let Some(transcription) = keys.object("input_audio_transcription")? {
        let given = keys.present("input_audio_transcription").cloned();
        next.speech = speech(given, &transcription)?;
    }
    keys.turn_detection(&mut next.turns, turns)?;
    Ok(next)
}

/// The session as the client sees it.
pub(crate) fn session(id: &SessionId, settings: &Settings) -> QwenSession {
    QwenSession {
        id: id.clone(),
        object: "realtime.session",
        model: settings.model.clone(),
        modalities: settings.modalities.clone(),
        input_audio_format: settings.format_word.clone(),
        sample_rate: settings.rate_hz,
        input_audio_transcription: settings.speech.given.clone(),
        turn_detection: settings.turns.as_ref().map(|turns| QwenTurnDetection {
            kind: "server_vad",
            threshold: turns.threshold,
            prefix_padding_ms: turns.padding_ms,
            silence_duration_ms: turns.silence_ms,
        }),
    }
}

fn read_format(keys: &Keys<'_>, [format, rate]: [&str; 2], to: &mut Settings) -> Result<(), Fault> {
    if let Some((word, format)) = keys.choice(format, &FORMATS)? {
        to.format = format;
        word.clone_into(&mut to.format_word);
    }
    if let Some(rate_hz) = keys.number(rate, RATES_HZ, "8000 to 48000")? {
        to.rate_hz = rate_hz as u32;
    }
    Ok(())
}

fn speech(given: Option<Value>, keys: &Keys<'_>) -> Result<Speech, Fault> {
    let language = keys.language("language")?;
    let corpus = keys.object("corpus")?;
    let context = corpus.map(|corpus| corpus.context("text")).transpose()?;
    Ok(Speech {
        given,
        languages: language.iter().map(|(_, language)| *language).collect(),
        language: language.map(|(code, _)| code),
        context: context.flatten(),
    })
}

fn turns(keys: &Keys<'_>) -> Result<Turns, Fault> {
    keys.choice("type", &[("server_vad", ())])?
        .ok_or_else(|| keys.missing("type"))?;
    let threshold = keys.number("threshold", -1.0..=1.0, "-1 to 1")?;
    let threshold = threshold.unwrap_or(THRESHOLD);
    let silence = keys.number("silence_duration_ms", 200.0..=6000.0, "200 to 6000")?;
    let padding = keys.number("prefix_padding_ms", 0.0..=f64::from(u32::MAX), "0 or more")?;
    Ok(Turns {
        threshold,
        noise_threshold: threshold as f32,
        silence_ms: silence.map_or(SILENCE_MS, |ms| ms as u32),
        padding_ms: padding.map(|ms| ms as u32),
        eagerness: None,
    })
}
