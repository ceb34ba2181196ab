//! Words that a recogniser should expect.

use crate::Language;

/// A word or phrase that is likely to be spoken: a name, a term.
///
/// Follows the elements of `vocabulary` of the custom hot-word API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotWord {
    /// As it should be written.
    pub text: String,
    /// How much it is preferred to what it sounds like, from [`HotWord::WEIGHT_MIN`] to
    /// [`HotWord::WEIGHT_MAX`]; [`HotWord::WEIGHT_DEFAULT`] suits most words.
    pub weight: u8,
    /// The language it is a word of; of any if not given.
    pub language: Option<Language>,
}

impl HotWord {
    /// The least preference.
    pub const WEIGHT_MIN: u8 = 1;
    /// The greatest preference.
    pub const WEIGHT_MAX: u8 = 5;
    /// The preference that the documentation suggests.
    pub const WEIGHT_DEFAULT: u8 = 4;

    /// The most characters of a word that is not all ASCII.
    pub const CHARACTERS_MAX: usize = 15;
    /// The most parts, separated by blanks, of a word that is all ASCII.
    pub const PARTS_MAX: usize = 7;
    /// The most bytes of any word: an ASCII part could be of any length otherwise.
    pub const BYTES_MAX: usize = 256;

    /// The rule for a word's text that `text` breaks, if it breaks one.
    pub fn broken_rule(text: &str) -> Option<&'static str> {
        let text = text.trim();
        if text.is_empty() {
            Some("should not be empty")
        } else if text.len() > Self::BYTES_MAX {
            Some("should be at most 256 bytes long")
        } else if text.is_ascii() && text.split_ascii_whitespace().count() > Self::PARTS_MAX {
            Some("should be at most 7 words separated by blanks")
        } else if !text.is_ascii() && text.chars().count() > Self::CHARACTERS_MAX {
            Some("should be at most 15 characters, where not all are ASCII")
        } else {
            None
        }
    }

    /// A word with a weight as clients give it: the service refuses no weight, so one outside the
    /// range counts as the nearest inside. (50, the "super" word of some models, is beyond it.)
    pub fn new(text: &str, weight: i64, language: Option<Language>) -> Self {
        let range = i64::from(Self::WEIGHT_MIN)..=i64::from(Self::WEIGHT_MAX);
        Self {
            text: text.trim().to_owned(),
            weight: weight.clamp(*range.start(), *range.end()) as u8,
            language,
        }
    }

    /// Whether the word may be spoken where only these languages are; none means any.
    pub fn fits(&self, languages: &[Language]) -> bool {
        languages.is_empty()
            || self
                .language
                .is_none_or(|language| languages.contains(&language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_taken_from_the_nearest_in_range() {
        let weight = |given| HotWord::new("a", given, None).weight;
        assert_eq!([-6, 0, 1, 3, 5, 50].map(weight), [1, 1, 1, 3, 5, 5]);
    }

    #[test]
    fn long_words_break_the_rule_of_their_script() {
        let rule = |text: &str| HotWord::broken_rule(text).unwrap_or("fine");
        assert_eq!(rule("通义千问通义千问通义千问通义千"), "fine");
        assert!(rule("通义千问通义千问通义千问通义千问").contains("15 characters"));
        assert!(rule("a b c d e f é g h").contains("15 characters"));
        assert_eq!(rule(" one two three four five six seven "), "fine");
        assert!(rule("one two three four five six seven eight").contains("7 words"));
        assert!(rule(&"x".repeat(257)).contains("256 bytes"));
        assert!(rule(" \u{3000}").contains("empty"));
    }

    #[test]
    fn a_word_of_another_language_does_not_fit() {
        let word = |language| HotWord::new(" a ", 4, language);
        assert!(word(None).fits(&[Language::ENGLISH]));
        assert!(word(Some(Language::CHINESE)).fits(&[]));
        assert!(!word(Some(Language::CHINESE)).fits(&[Language::ENGLISH]));
        assert_eq!(word(None).text, "a");
    }
}
