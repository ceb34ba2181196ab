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
    fn a_word_of_another_language_does_not_fit() {
        let word = |language| HotWord::new(" a ", 4, language);
        assert!(word(None).fits(&[Language::ENGLISH]));
        assert!(word(Some(Language::CHINESE)).fits(&[]));
        assert!(!word(Some(Language::CHINESE)).fits(&[Language::ENGLISH]));
        assert_eq!(word(None).text, "a");
    }
}
