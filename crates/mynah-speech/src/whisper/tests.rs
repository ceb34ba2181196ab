//! Real weights on real speech, and on what is none.

use std::f32::consts::TAU;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::*;
use crate::fixtures::{audio, models};

const EN: &str = "en-librispeech-1995-1837-0001";
const ZH: &str = "zh-funasr-mid";

#[test]
fn recognises_both_languages() {
    let Some(mut whisper) = whisper() else { return };
    let (en, zh) = (audio(EN), audio(ZH));
    let heard = whisper
        .recognize(&utterance(&en, Some(Language::ENGLISH)))
        .unwrap();
    assert!(
        heard
            .text
            .starts_with("It was the first great sorrow of his life."),
        "{}",
        heard.text
    );
    let heard = whisper
        .recognize(&utterance(&zh, Some(Language::CHINESE)))
        .unwrap();
    let text = mynah_text::to_simplified(&heard.text);
    assert!(text.starts_with("大学生利用漏洞免费吃肯德基"), "{text}");
}

#[test]
fn detects_the_language() {
    let Some(mut whisper) = whisper() else { return };
    let (en, zh) = (audio(EN), audio(ZH));
    for (samples, language) in [(&en, Language::ENGLISH), (&zh, Language::CHINESE)] {
        let (found, probability) = whisper.spoken_language(samples).unwrap();
        assert_eq!(found, language);
        assert!((0.8..=1.0).contains(&probability), "{probability}");
        let detected = whisper.recognize(&utterance(samples, None)).unwrap();
        assert_eq!(
            detected,
            whisper
                .recognize(&utterance(samples, Some(language)))
                .unwrap()
        );
    }
}

#[test]
fn both_efforts_hear_the_same_easy_sentence() {
    let Some(mut whisper) = whisper() else { return };
    let zh = audio(ZH);
    let fast = utterance(&zh, Some(Language::CHINESE));
    let accurate = Utterance {
        effort: Effort::Accurate,
        ..fast
    };
    let texts = [fast, accurate].map(|utterance| whisper.recognize(&utterance).unwrap().text);
    assert_eq!(texts[0].chars().take(13).count(), 13);
    assert_eq!(
        mynah_text::to_simplified(&texts[0]),
        mynah_text::to_simplified(&texts[1])
    );
}

#[test]
fn chinese_is_punctuated() {
    let Some(mut whisper) = whisper() else { return };
    let zh = audio(ZH);
    for language in [None, Some(Language::CHINESE)] {
        let heard = whisper.recognize(&utterance(&zh, language)).unwrap();
        assert!(heard.text.ends_with('。'), "{}", heard.text);
    }
}

#[test]
fn the_text_before_is_imitated() {
    let Some(mut whisper) = whisper() else { return };
    let zh = audio(ZH);
    let utterance = utterance(&zh, Some(Language::CHINESE));
    let mut after = |context: &str| {
        let utterance = Utterance {
            context,
            ..utterance
        };
        whisper.recognize(&utterance).unwrap().text
    };
    let traditional = after("這是一個關於大學生的故事，肯德基在臺灣。");
    assert!(traditional.starts_with("大學生"), "{traditional}");
    // However long it is, there is room for the text itself.
    let long = after(&"以下是普通话的句子。".repeat(100));
    assert!(long.starts_with("大学生"), "{long}");
}

/// The smallest weights that translate well enough to be judged.
#[test]
fn chinese_speech_becomes_english_text() {
    let Some((folder, runtime)) = models("whisper-small") else {
        return;
    };
    prepare(&folder, &runtime, &mut |_| ()).unwrap();
    let mut whisper = Whisper::open(&folder, &runtime).unwrap();
    let zh = audio("zh-aishell-BAC009S0150W0195");
    for language in [None, Some(Language::CHINESE)] {
        let wanted = Utterance {
            translate: true,
            effort: Effort::Accurate,
            ..utterance(&zh, language)
        };
        let heard = whisper.recognize(&wanted).unwrap();
        assert_eq!(heard.language, Language::ENGLISH);
        // 但 ... 如何, in whatever words the rest is.
        let text = heard.text;
        assert!(text.is_ascii() && text.starts_with("But how"), "{text}");
    }
}

/// Where words lie must not depend on what lies before them, and the first word, which alignment
/// alone lets begin at once, must begin where the sound does.
#[test]
fn word_times_move_with_the_speech() {
    let Some(mut whisper) = whisper() else { return };
    let en = audio(EN);
    let mut words_after = |lead_ms: u32| {
        let mut samples = noise(ms_to_samples(lead_ms), 1e-3);
        samples.extend_from_slice(&en);
        let wanted = utterance(&samples, Some(Language::ENGLISH));
        whisper
            .recognize(&Utterance {
                words: true,
                ..wanted
            })
            .unwrap()
            .words
    };
    let (plain, moved) = (words_after(0), words_after(2000));
    assert_eq!(plain.len(), moved.len());
    for (plain, moved) in plain.iter().zip(&moved) {
        assert_eq!(plain.text, moved.text);
        assert!(
            moved.begin_ms.abs_diff(plain.begin_ms + 2000) <= 100,
            "{plain:?} {moved:?}"
        );
        assert!(
            moved.end_ms.abs_diff(plain.end_ms + 2000) <= 100,
            "{plain:?} {moved:?}"
        );
    }
}

#[test]
fn words_spell_the_text_and_follow_each_other() {
    let Some(mut whisper) = whisper() else { return };
    let (en, zh) = (audio(EN), audio(ZH));
    for samples in [&en, &zh] {
        let wanted = utterance(samples, None);
        let heard = whisper
            .recognize(&Utterance {
                words: true,
                ..wanted
            })
            .unwrap();
        let spelled: String = heard
            .words
            .iter()
            .flat_map(|word| [&*word.text, &*word.punctuation])
            .collect();
        assert_eq!(spelled, heard.text.replace(' ', ""));
        let length_ms = samples_to_ms(samples.len());
        assert!(heard.words.iter().all(|word| word.begin_ms <= word.end_ms));
        assert!(
            heard
                .words
                .windows(2)
                .all(|pair| pair[0].end_ms <= pair[1].begin_ms)
        );
        assert!(heard.words.last().unwrap().end_ms <= length_ms);
    }
}

#[test]
fn nothing_is_heard_in_noise() {
    let Some(mut whisper) = whisper() else { return };
    let hum = |i: usize| 0.02 * (TAU * 50.0 * i as f32 / 16_000.0).sin();
    let sounds = [
        vec![0.0; 48_000],
        noise(16_000, 1e-3),
        noise(48_000, 0.05),
        noise(128_000, 0.01),
        (0..48_000).map(hum).collect(),
    ];
    for (at, samples) in sounds.iter().enumerate() {
        for language in [None, Some(Language::CHINESE), Some(Language::ENGLISH)] {
            let heard = whisper.recognize(&utterance(samples, language)).unwrap();
            assert_eq!(heard.text, "", "sound {at}, {language:?}");
        }
    }
}

#[test]
fn any_length_is_legal() {
    let Some(mut whisper) = whisper() else { return };
    let en = audio(EN);
    for samples in [0, 1, 100, 31 * SAMPLE_RATE_HZ] {
        let samples: Vec<f32> = en.iter().copied().cycle().take(samples).collect();
        let wanted = utterance(&samples, Some(Language::ENGLISH));
        assert!(
            whisper
                .recognize(&Utterance {
                    words: true,
                    ..wanted
                })
                .is_ok()
        );
    }
}

#[test]
fn unknown_languages_are_refused() {
    let Some(mut whisper) = whisper() else { return };
    assert!(whisper.supports(Language::JAPANESE));
    assert!(!whisper.supports(Language::CANTONESE));
    let refusal = whisper.recognize(&utterance(&[0.0; 1600], Some(Language::CANTONESE)));
    assert!(matches!(refusal, Err(SpeechError::Unsupported(_))));
}

#[test]
fn preparing_again_is_needed_only_after_a_change() {
    let Some((published, runtime)) = models("whisper-base") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = ["config.json", "generation_config.json", "tokenizer.json"];
    for name in names
        .iter()
        .chain(&[files::ENCODER_SOURCE, files::DECODER_SOURCE])
    {
        std::fs::copy(published.join(name), folder.path().join(name)).unwrap();
    }
    assert!(!is_prepared(folder.path()));
    assert!(matches!(
        Whisper::open(folder.path(), &runtime),
        Err(SpeechError::ModelFile { .. })
    ));

    let mut shares = Vec::new();
    prepare(folder.path(), &runtime, &mut |share| shares.push(share)).unwrap();
    assert!(
        shares.is_sorted() && shares.last() == Some(&1.0),
        "{shares:?}"
    );
    assert!(is_prepared(folder.path()));
    assert!(!folder.path().join("prepared.partial").exists());

    let generation = folder.path().join("generation_config.json");
    let text = std::fs::read_to_string(&generation).unwrap();
    std::fs::write(&generation, text.replacen('3', "2", 1)).unwrap();
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_hours(24);
    std::fs::File::open(&generation)
        .unwrap()
        .set_modified(yesterday)
        .unwrap();
    assert!(
        !is_prepared(folder.path()),
        "a file of the same size with other contents"
    );
    std::fs::write(&generation, text).unwrap();
    std::fs::File::open(&generation)
        .unwrap()
        .set_modified(yesterday)
        .unwrap();
    assert!(
        is_prepared(folder.path()),
        "another time with the same contents"
    );
    std::fs::write(folder.path().join("prepared/silence.f32"), [0; 8]).unwrap();
    assert!(!is_prepared(folder.path()));
}

/// One model for all tests: opening it takes longer than most of them.
fn whisper() -> Option<MutexGuard<'static, Whisper>> {
    static WHISPER: OnceLock<Mutex<Whisper>> = OnceLock::new();
    let (folder, runtime) = models("whisper-base")?;
    let open = || {
        prepare(&folder, &runtime, &mut |_| ()).unwrap();
        Mutex::new(Whisper::open(&folder, &runtime).unwrap())
    };
    Some(
        WHISPER
            .get_or_init(open)
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

fn utterance(samples: &[f32], language: Option<Language>) -> Utterance<'_> {
    Utterance {
        language,
        effort: Effort::Fast,
        ..Utterance::new(samples)
    }
}

/// White noise of this amplitude, always the same.
fn noise(samples: usize, amplitude: f32) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        amplitude * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    (0..samples).map(|_| next()).collect()
}
