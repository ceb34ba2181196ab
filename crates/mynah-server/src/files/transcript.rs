//! Sentences put together to one text.

use mynah_speech::RecognizedSentence;
use mynah_text::{Language, is_han_or_kana, is_mark};

/// What has been recognised of a file.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    /// All sentences, with a blank between them where their language has blanks.
    pub(crate) text: String,
    /// The sentences.
    pub(crate) sentences: Vec<RecognizedSentence>,
}

impl Transcript {
    /// Adds a sentence, and returns what it added to the text.
    pub(crate) fn add(&mut self, sentence: RecognizedSentence) -> String {
        let before = self.sentences.last().map(|sentence| sentence.language);
        let blank = before.is_some_and(|language| !language.is_spaceless());
        let added = format!("{}{}", if blank { " " } else { "" }, sentence.text);
        self.text.push_str(&added);
        self.sentences.push(sentence);
        added
    }

    /// The language of the most text.
    pub(crate) fn language(&self) -> Option<Language> {
        let weight = |language: Language| -> usize {
            let its = self.sentences.iter().filter(|s| s.language == language);
            its.map(|sentence| sentence.text.len()).sum()
        };
        let languages = self.sentences.iter().map(|sentence| sentence.language);
        languages.max_by_key(|language| weight(*language))
    }
}

/// Tokens of a text, counted roughly as the service's models would: a Chinese or Japanese character,
/// a word of another script, a mark.
pub(crate) fn count_tokens(text: &str) -> u64 {
    let (mut tokens, mut in_word) = (0, false);
    for character in text.chars() {
        let alone = is_han_or_kana(character) || is_mark(character);
        let word = !alone && !character.is_whitespace();
        if alone || (word && !in_word) {
            tokens += 1;
        }
        in_word = word;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str, language: Language) -> RecognizedSentence {
        RecognizedSentence {
            begin_ms: 0,
            end_ms: 1,
            text: text.to_owned(),
            words: Vec::new(),
            language,
        }
    }

    #[test]
    fn blanks_stand_behind_sentences_of_languages_that_have_blanks() {
        let mut transcript = Transcript::default();
        let added: Vec<String> = [
            ("你好。", Language::CHINESE),
            ("再见。", Language::CHINESE),
            ("Hello.", Language::ENGLISH),
            ("Bye.", Language::ENGLISH),
        ]
        .map(|(text, language)| transcript.add(sentence(text, language)))
        .into();
        assert_eq!(added, ["你好。", "再见。", "Hello.", " Bye."]);
        assert_eq!(transcript.text, added.concat());
        assert_eq!(transcript.language(), Some(Language::CHINESE));
        assert_eq!(Transcript::default().language(), None);
    }

    #[test]
    fn tokens_are_characters_words_and_marks() {
        for (text, tokens) in [
            ("", 0),
            ("The museum opens at ten.", 6),
            ("欢迎使用阿里云。", 8),
            ("用 Rust 写", 3),
        ] {
            assert_eq!(count_tokens(text), tokens, "{text}");
        }
    }
}
