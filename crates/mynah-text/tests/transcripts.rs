//! The scorer on the transcripts of real speech.

use mynah_text::score::{errors, normalise};
use mynah_text::{Language, apply, itn_zh};

/// LibriSpeech test-other, by Vassil Panayotov and others (CC BY 4.0).
const ENGLISH: &str = include_str!("transcripts/librispeech-test-other.tsv");
/// AISHELL-1, by Beijing Shell Shell Technology (Apache-2.0).
const CHINESE: &str = include_str!("transcripts/aishell.tsv");

/// The texts of a transcript table.
fn texts(table: &'static str) -> Vec<&'static str> {
    let texts = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').nth(1));
    texts.collect()
}

fn units_after_check(texts: &[&str], language: Language) -> usize {
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
    let texts = texts(ENGLISH);
    assert_eq!(texts.len(), 50);
    assert_eq!(units_after_check(&texts, Language::ENGLISH), 872);
}

#[test]
fn chinese_references_keep_their_characters() {
    let texts = texts(CHINESE);
    assert_eq!(texts.len(), 60);
    assert_eq!(units_after_check(&texts, Language::CHINESE), 825);
    for text in texts {
        let written = apply(text, &itn_zh(text));
        let units = |text: &str| normalise(text, Language::CHINESE);
        assert_eq!(units(&written), units(text), "{text} became {written}");
    }
}
