//! The scorer on the transcripts of real speech.

use std::path::PathBuf;

use mynah_text::score::{errors, normalise};
use mynah_text::{Language, apply, itn_zh};

/// The texts of a transcript table, or `None` after saying why they are missing.
fn transcripts(folder: &str) -> Option<Vec<String>> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/audio");
    let audio = std::env::var_os("MYNAH_AUDIO_DIR").map_or_else(default, PathBuf::from);
    let path = audio.join(folder).join("transcripts.tsv");
    match std::fs::read_to_string(&path) {
        Ok(table) => {
            let texts = table
                .lines()
                .skip(1)
                .filter_map(|line| line.split('\t').nth(1));
            Some(texts.map(str::to_owned).collect())
        }
        Err(error) => {
            assert_ne!(
                std::env::var("MYNAH_REQUIRE_MODELS").as_deref(),
                Ok("1"),
                "{error}"
            );
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}

fn units_after_check(texts: &[String], language: Language) -> usize {
    let units = texts.iter().map(|text| {
        let units = normalise(text, language);
        let joined = units.join(if language.is_spaceless() { "" } else { " " });
        assert_eq!(normalise(&joined, language), units, "not final: {text}");
        assert_eq!(errors(&units, &units).total(), 0);
        units.len()
    });
    units.sum()
}

#[test]
fn english_references_keep_their_words() {
    if let Some(texts) = transcripts("en/librispeech-test-other") {
        assert_eq!(texts.len(), 50);
        assert_eq!(units_after_check(&texts, Language::ENGLISH), 872);
    }
}

#[test]
fn chinese_references_keep_their_characters() {
    if let Some(texts) = transcripts("zh/aishell") {
        assert_eq!(texts.len(), 60);
        assert_eq!(units_after_check(&texts, Language::CHINESE), 825);
        for text in texts {
            let written = apply(&text, &itn_zh(&text));
            let units = |text| normalise(text, Language::CHINESE);
            assert_eq!(units(&written), units(&text), "{text} became {written}");
        }
    }
}
