//! What a list may hold.

use mynah_text::{HotWord, Language};
use mynah_wire::ApiError;
use mynah_wire::customization::VocabularyWord;

use crate::limits::{
    PHRASE_CHARACTERS_MAX, PHRASE_WORDS_MAX, PHRASES_MAX, PREFIX_CHARACTERS_MAX, SUPER_WORDS_MAX,
    VOCABULARY_WORDS_MAX, VOCABULARY_WORDS_OLDER_MAX,
};

/// The weight of a "super" word.
const SUPER_WEIGHT: i64 = 50;

/// Families of models that have hot words, and how many words a list for them has at most.
const FAMILIES: [(&str, usize); 4] = [
    ("fun-asr", VOCABULARY_WORDS_MAX),
    (SUPER_WORDS_FAMILY, VOCABULARY_WORDS_MAX),
    ("paraformer", VOCABULARY_WORDS_OLDER_MAX),
    ("gummy", VOCABULARY_WORDS_OLDER_MAX),
];
/// The only family where the weight of a super word means more than any other large one.
const SUPER_WORDS_FAMILY: &str = "qwen-audio";

/// Whether a list may be called so.
pub(super) fn check_prefix(prefix: &str) -> Result<(), ApiError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if (1..=PREFIX_CHARACTERS_MAX).contains(&prefix.len()) && prefix.chars().all(plain) {
        return Ok(());
    }
    Err(ApiError::parameter_out_of_range(&format!(
        "input.prefix should be 1 to {PREFIX_CHARACTERS_MAX} lower-case letters and digits"
    )))
}

/// Whether a list for `target_model` may hold these words.
pub(super) fn check_words(target_model: &str, words: &[VocabularyWord]) -> Result<(), ApiError> {
    let wrong = |rule: String| Err(ApiError::parameter_out_of_range(&rule));
    let Some((family, words_max)) = FAMILIES.iter().find(|(name, _)| is_of(target_model, name))
    else {
        return Err(ApiError::model_not_found(target_model));
    };
    if words.is_empty() || words.len() > *words_max {
        return wrong(format!(
            "input.vocabulary should hold 1 to {words_max} words"
        ));
    }
    let supers = words
        .iter()
        .filter(|word| word.weight == Some(SUPER_WEIGHT));
    if *family == SUPER_WORDS_FAMILY && supers.count() > SUPER_WORDS_MAX {
        return wrong(format!(
            "input.vocabulary should hold at most {SUPER_WORDS_MAX} words of weight {SUPER_WEIGHT}"
        ));
    }
    for (index, word) in words.iter().enumerate() {
        if let Some((key, rule)) = broken_rule(word) {
            return wrong(format!("input.vocabulary[{index}].{key} {rule}"));
        }
    }
    Ok(())
}

fn is_of(model: &str, family: &str) -> bool {
    model
        .strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The key of a word that is wrong, and the rule that it breaks.
fn broken_rule(word: &VocabularyWord) -> Option<(&'static str, &'static str)> {
    if let Some(rule) = HotWord::broken_rule(&word.text) {
        return Some(("text", rule));
    }
    let unknown = |lang: &Option<String>| {
        lang.as_deref()
            .is_some_and(|code| !code.is_empty() && Language::parse(code).is_none())
    };
    let rule = "should be the code of a language, zh or en for instance";
    if unknown(&word.lang) {
        return Some(("lang", rule));
    }
    unknown(&word.target_lang).then_some(("target_lang", rule))
}

/// Whether a phrase list may hold these phrases.
pub(super) fn check_phrases<'a>(
    phrases: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), ApiError> {
    let wrong = |rule: &str| {
        let rule = format!("hyper_parameters.phrase_list {rule}");
        Err(ApiError::parameter_out_of_range(&rule))
    };
    if phrases.len() == 0 || phrases.len() > PHRASES_MAX {
        return wrong(&format!("should hold 1 to {PHRASES_MAX} phrases"));
    }
    for phrase in phrases {
        let phrase = phrase.trim();
        let english = phrase.contains(|c: char| c.is_ascii_alphanumeric());
        if phrase.is_empty() || phrase.len() > HotWord::BYTES_MAX {
            return wrong("should hold phrases of 1 to 256 bytes");
        }
        if !english && phrase.chars().count() > PHRASE_CHARACTERS_MAX {
            return wrong(&format!(
                "should hold Chinese phrases of at most {PHRASE_CHARACTERS_MAX} characters"
            ));
        }
        if english && phrase.split_whitespace().count() > PHRASE_WORDS_MAX {
            return wrong(&format!(
                "should hold English or mixed phrases of at most {PHRASE_WORDS_MAX} words"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> VocabularyWord {
        VocabularyWord {
            text: text.to_owned(),
            ..VocabularyWord::default()
        }
    }

    #[test]
    fn prefixes_are_one_to_ten_letters_and_digits() {
        for good in ["a", "meet1", "0123456789"] {
            check_prefix(good).unwrap();
        }
        for bad in ["", "01234567890", "Meet", "meet-1", "会议"] {
            let message = check_prefix(bad).unwrap_err().message;
            assert!(message.contains("input.prefix"), "{message}");
        }
    }

    #[test]
    fn the_number_of_words_depends_on_the_model() {
        let words = |count| vec![word("x"); count];
        for (model, most) in [
            ("fun-asr-realtime-2025-11-07", 2000),
            ("qwen-audio-3.0-asr-flash-streaming", 2000),
            ("paraformer-realtime-v2", 500),
            ("gummy-realtime-v1", 500),
        ] {
            check_words(model, &words(most)).unwrap();
            let message = check_words(model, &words(most + 1)).unwrap_err().message;
            assert!(message.contains(&format!("1 to {most}")), "{message}");
            check_words(model, &[]).unwrap_err();
        }
        for unknown in ["cosyvoice-v3", "fun-asrs", ""] {
            let error = check_words(unknown, &words(1)).unwrap_err();
            assert_eq!(error.code, "ModelNotFound");
        }
    }

    #[test]
    fn no_weight_is_refused_but_there_are_only_so_many_super_words() {
        let weighted = |weight, count| {
            let word = VocabularyWord {
                weight,
                ..word("x")
            };
            vec![word; count]
        };
        for weight in [None, Some(-7), Some(0), Some(10), Some(51), Some(i64::MAX)] {
            check_words("fun-asr", &weighted(weight, 51)).unwrap();
        }
        check_words("fun-asr", &weighted(Some(50), 51)).unwrap();
        check_words("qwen-audio-3.1-asr-flash", &weighted(Some(50), 50)).unwrap();
        check_words("qwen-audio-3.1-asr-flash", &weighted(Some(50), 51)).unwrap_err();
    }

    #[test]
    fn a_wrong_word_is_named_by_its_place() {
        let message = |wrong| {
            let words = [word("fine"), wrong];
            check_words("fun-asr", &words).unwrap_err().message
        };
        assert!(message(word(" ")).contains("input.vocabulary[1].text"));
        let lang = Some("klingon".to_owned());
        let spoken = VocabularyWord {
            lang: lang.clone(),
            ..word("x")
        };
        assert!(message(spoken).contains("input.vocabulary[1].lang"));
        let target_lang = VocabularyWord {
            target_lang: lang,
            ..word("x")
        };
        assert!(message(target_lang).contains("input.vocabulary[1].target_lang"));
    }

    #[test]
    fn phrases_are_ten_characters_or_five_words() {
        let check = |phrase: &str| check_phrases([phrase].into_iter());
        for good in [
            "通义千问通义千问通义",
            "one two three four five",
            "阿里云 Model Studio",
        ] {
            check(good).unwrap();
        }
        for bad in [
            "",
            " ",
            "通义千问通义千问通义千",
            "one two three four five six",
        ] {
            check(bad).unwrap_err();
        }
        check(&"x".repeat(257)).unwrap_err();
        check_phrases(std::iter::empty::<&str>().collect::<Vec<_>>().into_iter()).unwrap_err();
        check_phrases(vec!["x"; 501].into_iter()).unwrap_err();
    }
}
