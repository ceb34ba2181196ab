//! From what a recogniser heard to what its user asked to read.

use mynah_text::{
    Language, Passage, Word, ensure_terminal, itn_zh, remove_disfluencies, sentence_breaks,
    simplify, spoken_zh, strip_punctuation, tidy_chinese,
};

use crate::pipeline::TextOptions;
use crate::{Hypothesis, ms_to_samples};

/// A hypothesis on the stream's own clock: the times of its words count from the stream's start.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    passage: Passage,
    language: Language,
}

impl Draft {
    /// Moves a hypothesis whose audio starts `from_ms` into the stream onto the stream's clock.
    pub(crate) fn new(hypothesis: Hypothesis, from_ms: u32) -> Self {
        let Hypothesis { text, mut words, language } = hypothesis;
        for word in &mut words {
            word.begin_ms += from_ms;
            word.end_ms += from_ms;
        }
        Self { passage: Passage { text, words }, language }
    }

    /// Whether nothing was heard.
    pub(crate) fn is_empty(&self) -> bool {
        self.passage.text.is_empty()
    }

    /// Where the first word begins, in samples from the stream's start.
    pub(crate) fn begin(&self) -> u64 {
        self.passage.words.first().map_or(0, |word| ms_to_samples(word.begin_ms) as u64)
    }

    /// This text and then `tail`, of the same sentence: the mark that ends this one goes.
    pub(crate) fn followed_by(&self, tail: Self) -> Self {
        if tail.is_empty() {
            return self.clone();
        }
        let mut joined = self.clone();
        let kept = joined.passage.text.trim_end_matches(ends_sentence).len();
        joined.passage.text.truncate(kept);
        if let Some(last) = joined.passage.words.last_mut() {
            last.punctuation.retain(|mark| !ends_sentence(mark));
        }
        if !self.language.is_spaceless() && !joined.passage.text.is_empty() {
            joined.passage.text.push(' ');
        }
        joined.passage.text.push_str(&tail.passage.text);
        joined.passage.words.extend(tail.passage.words);
        joined
    }

    /// The sentences that are complete, and what follows them, if the text holds a complete one.
    pub(crate) fn split_complete(&self) -> Option<(Self, Option<Self>)> {
        let text = &self.passage.text;
        let at = *sentence_breaks(text).last()?;
        if text[at..].trim().is_empty() {
            return Some((self.clone(), None));
        }
        let words = &self.passage.words;
        let last = words.iter().rposition(|word| word.punctuation.contains(ends_sentence))?;
        let part = |text: &str, words: &[Word]| Self {
            passage: Passage { text: text.trim().to_owned(), words: words.to_vec() },
            language: self.language,
        };
        let rest = words.get(last + 1..).filter(|rest| !rest.is_empty())?;
        Some((part(&text[..at], &words[..=last]), Some(part(&text[at..], rest))))
    }
}

/// Writes a draft as its user asked; `ended` tells whether its sentence is complete.
pub(crate) fn polish(draft: &Draft, options: TextOptions, ended: bool) -> Hypothesis {
    let language = draft.language;
    let mut passage = draft.passage.clone();
    if language == Language::CHINESE {
        passage.rewrite(simplify);
    }
    if language.is_chinese() {
        passage.rewrite(tidy_chinese);
    }
    if options.disfluency_removal {
        passage.rewrite(|text| remove_disfluencies(text, language));
    }
    if language.is_chinese() {
        passage.rewrite(if options.inverse_text_normalization { itn_zh } else { spoken_zh });
    }
    if !options.punctuation {
        passage.rewrite(strip_punctuation);
    } else if ended {
        passage.rewrite(|text| ensure_terminal(text, language));
    }
    Hypothesis { text: passage.text.trim().to_owned(), words: passage.words, language }
}

/// Whether a mark ends a sentence.
fn ends_sentence(mark: char) -> bool {
    matches!(mark, '.' | '。' | '!' | '！' | '?' | '？' | '…')
}
