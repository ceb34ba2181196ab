//! `session` in OpenAI's dialects: transcription sessions of the Realtime API, in the general and
//! in the beta form.

use mynah_wire::SessionId;
use mynah_wire::realtime::{
    AudioInput, AudioSection, BetaSession, MediaFormat, OpenAiTurnDetection, TranscriptionSession,
};
use serde_json::{Map, Value, json};

use super::settings::{Fault, Keys, Settings, Speech, Turns};
use crate::AudioFormat;

/// What is transcribed with where the client names no model.
const MODEL: &str = "gpt-4o-transcribe";
const THRESHOLD: f64 = 0.5;
const PADDING_MS: u32 = 300;
const SILENCE_MS: u32 = 500;
/// The silences that the engines can wait for, in milliseconds; others are brought into it.
const SILENCES_MS: (f64, f64) = (200.0, 6000.0);
/// How much the detector's threshold moves for the whole range of the engines' noise threshold.
const NOISE_THRESHOLD_REACH: f64 = 0.4;
const RATE_HZ: u32 = 24_000;
const TELEPHONE_RATE_HZ: u32 = 8_000;
const OBJECT: &str = "realtime.transcription_session";

const FORMATS: [(&str, AudioFormat); 3] = [
    ("audio/pcm", AudioFormat::Pcm),
    ("audio/pcmu", AudioFormat::MuLaw),
    ("audio/pcma", AudioFormat::ALaw),
];
const BETA_FORMATS: [(&str, AudioFormat); 3] = [
    ("pcm16", AudioFormat::Pcm),
    ("g711_ulaw", AudioFormat::MuLaw),
    ("g711_alaw", AudioFormat::ALaw),
];
const EAGERNESS: [(&str, ()); 4] = [("low", ()), ("medium", ()), ("high", ()), ("auto", ())];

/// What is in effect before the first update.
pub(crate) fn defaults(model: Option<String>) -> Settings {
    Settings {
        model: model.unwrap_or_else(|| MODEL.to_owned()),
        format: AudioFormat::Pcm,
        format_word: String::new(),
        rate_hz: RATE_HZ,
        modalities: Value::Null,
        speech: Speech::default(),
        turns: Some(Turns {
            threshold: THRESHOLD,
            noise_threshold: 0.0,
            silence_ms: SILENCE_MS,
            padding_ms: Some(PADDING_MS),
            eagerness: None,
        }),
        noise_reduction: None,
        include: None,
    }
}

/// What is in effect after `session.update`.
pub(crate) fn update(now: &Settings, session: &Map<String, Value>) -> Result<Settings, Fault> {
    let keys = Keys::new("session", session);
    keys.choice("type", &[("transcription", ())])?;
    let mut next = now.clone();
    read_include(&keys, &mut next);
    let input = keys.object("audio")?.map(|audio| audio.object("input"));
    let Some(input) = input.transpose()?.flatten() else {
        return Ok(next);
    };
    if let Some(format) = input.object("format")? {
        let (_, coding) = format
            .choice("type", &FORMATS)?
            .ok_or_else(|| format.missing("type"))?;
        let rate = format.number("rate", 8_000.0..=48_000.0, "8000 to 48000")?;
        set_format(&mut next, coding, rate);
    }
    read_rest(&input, "", &mut next)?;
    Ok(next)
}

/// What is in effect after `transcription_session.update`, whose keys are flat.
pub(crate) fn update_beta(now: &Settings, session: &Map<String, Value>) -> Result<Settings, Fault> {
    let keys = Keys::new("session", session);
    let mut next = now.clone();
    read_include(&keys, &mut next);
    if let Some((_, coding)) = keys.choice("input_audio_format", &BETA_FORMATS)? {
        set_format(&mut next, coding, None);
    }
    read_rest(&keys, "input_audio_", &mut next)?;
    Ok(next)
}

/// The session as a client of the general form sees it.
pub(crate) fn session(
    id: &SessionId,
    settings: &Settings,
    expires_at: u64,
) -> TranscriptionSession {
    let rate = (settings.format == AudioFormat::Pcm).then_some(settings.rate_hz);
    TranscriptionSession {
        kind: "transcription",
        object: OBJECT,
        id: id.clone(),
        expires_at,
        audio: AudioSection {
            input: AudioInput {
                format: MediaFormat {
                    kind: word(&FORMATS, settings.format),
                    rate,
                },
                noise_reduction: settings.noise_reduction.clone(),
                transcription: transcription(settings),
                turn_detection: turn_detection(settings),
            },
        },
        include: settings.include.clone(),
    }
}

/// The session as a client of the beta form sees it.
pub(crate) fn beta_session(id: &SessionId, settings: &Settings, expires_at: u64) -> BetaSession {
    BetaSession {
        id: id.clone(),
        object: OBJECT,
        expires_at,
        input_audio_format: word(&BETA_FORMATS, settings.format),
        input_audio_transcription: transcription(settings),
        input_audio_noise_reduction: settings.noise_reduction.clone(),
        turn_detection: turn_detection(settings),
        include: settings.include.clone(),
        client_secret: None,
    }
}

fn read_include(keys: &Keys<'_>, next: &mut Settings) {
    if let Some(include) = keys.raw("include") {
        next.include = (!include.is_null()).then(|| include.clone());
    }
}

fn set_format(next: &mut Settings, coding: AudioFormat, rate: Option<f64>) {
    next.format = coding;
    next.rate_hz = match coding {
        AudioFormat::Pcm => rate.map_or(RATE_HZ, |rate| rate as u32),
        _ => TELEPHONE_RATE_HZ,
    };
}

/// What both forms have, under names with and without a prefix.
fn read_rest(keys: &Keys<'_>, prefix: &str, next: &mut Settings) -> Result<(), Fault> {
    if let Some(noise) = keys.raw(&format!("{prefix}noise_reduction")) {
        next.noise_reduction = (!noise.is_null()).then(|| noise.clone());
    }
    let key = format!("{prefix}transcription");
    if let Some(transcription) = keys.object(&key)? {
        next.speech = speech(keys.present(&key).cloned(), &transcription)?;
        if let Some(model) = transcription.text("model")? {
            model.clone_into(&mut next.model);
        }
    }
    keys.turn_detection(&mut next.turns, turns)
}

fn speech(given: Option<Value>, keys: &Keys<'_>) -> Result<Speech, Fault> {
    let language = keys.language("language")?;
    let mut languages: Vec<_> = language.iter().map(|(_, language)| *language).collect();
    for code in keys.texts("languages")? {
        let parsed = mynah_text::Language::parse(code);
        let parsed = parsed.ok_or_else(|| {
            keys.invalid(
                "languages",
                &Value::from(code),
                "ISO 639 codes of languages",
            )
        })?;
        if !languages.contains(&parsed) {
            languages.push(parsed);
        }
    }
    let prompt = keys.context("prompt")?;
    let keywords = keys.texts("keywords")?.join(", ");
    let parts = prompt.into_iter().chain(Some(keywords));
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    Ok(Speech {
        given,
        languages,
        language: language.map(|(code, _)| code),
        context: (!parts.is_empty()).then(|| parts.join("\n")),
    })
}

fn turns(keys: &Keys<'_>) -> Result<Turns, Fault> {
    let kinds = [("server_vad", false), ("semantic_vad", true)];
    let (_, semantic) = keys
        .choice("type", &kinds)?
        .ok_or_else(|| keys.missing("type"))?;
    let threshold = keys.number("threshold", 0.0..=1.0, "0 to 1")?;
    let threshold = threshold.unwrap_or(THRESHOLD);
    let unbounded = 0.0..=f64::from(u32::MAX);
    let silence = keys.number("silence_duration_ms", unbounded.clone(), "0 or more")?;
    let padding = keys.number("prefix_padding_ms", unbounded, "0 or more")?;
    let eagerness = keys
        .choice("eagerness", &EAGERNESS)?
        .map_or("auto", |(word, ())| word);
    let noise = ((threshold - THRESHOLD) / NOISE_THRESHOLD_REACH).clamp(-1.0, 1.0);
    let (shortest, longest) = SILENCES_MS;
    Ok(Turns {
        threshold,
        noise_threshold: noise as f32,
        silence_ms: silence.map_or(SILENCE_MS, |ms| ms.clamp(shortest, longest) as u32),
        padding_ms: Some(padding.map_or(PADDING_MS, |ms| ms as u32)),
        eagerness: semantic.then(|| eagerness.to_owned()),
    })
}

/// The client's `transcription` with the model that is in effect.
fn transcription(settings: &Settings) -> Value {
    let mut given = settings.speech.given.clone().unwrap_or_else(|| json!({}));
    given["model"] = Value::from(settings.model.clone());
    given
}

fn turn_detection(settings: &Settings) -> Option<OpenAiTurnDetection> {
    settings.turns.as_ref().map(|turns| match &turns.eagerness {
        Some(eagerness) => OpenAiTurnDetection::SemanticVad {
            eagerness: eagerness.clone(),
        },
        None => OpenAiTurnDetection::ServerVad {
            threshold: turns.threshold,
            prefix_padding_ms: turns.padding_ms.unwrap_or(PADDING_MS),
            silence_duration_ms: turns.silence_ms,
        },
    })
}

fn word(words: &[(&'static str, AudioFormat)], format: AudioFormat) -> &'static str {
    let found = words.iter().find(|(_, known)| *known == format);
    found.map_or(words[0].0, |(word, _)| word)
}
