//! From what a recogniser heard to what its user asked to read.

use mynah_text::{
    Language, Passage, Word, ensure_terminal, itn_zh, remove_disfluencies, sentence_breaks,
    simplify, spoken_zh, strip_punctuation, tidy_chinese,
};

use crate::channel::RecognizedSentence;
use crate::listener::{Span, position_ms};
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
        let Hypothesis {
            text,
            mut words,
            language,
        } = hypothesis;
        for word in &mut words {
            word.begin_ms += from_ms;
            word.end_ms += from_ms;
        }
        Self {
            passage: Passage { text, words },
            language,
        }
    }

    /// Whether nothing was heard.
    pub(crate) fn is_empty(&self) -> bool {
        self.passage.text.is_empty()
    }

    /// Where the first word begins, in samples from the stream's start.
    pub(crate) fn begin(&self) -> u64 {
        self.passage
            .words
            .first()
            .map_or(0, |word| ms_to_samples(word.begin_ms) as u64)
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
        let last = words
            .iter()
            .rposition(|word| word.punctuation.contains(ends_sentence))?;
        let part = |text: &str, words: &[Word]| Self {
            passage: Passage {
                text: text.trim().to_owned(),
                words: words.to_vec(),
            },
            language: self.language,
        };
        let rest = words.get(last + 1..).filter(|rest| !rest.is_empty())?;
        Some((
            part(&text[..at], &words[..=last]),
            Some(part(&text[at..], rest)),
        ))
    }
}

/// Writes the draft of the sentence at `span` as its user asked; `ended` tells whether the sentence
/// is complete.
///
/// The recogniser's word times and the voice activity of the span are two measurements of the same
/// speech: words are kept inside the span, so that what is reported does not contradict itself.
pub(crate) fn sentence(
    draft: &Draft,
    span: Span,
    options: TextOptions,
    ended: bool,
) -> RecognizedSentence {
    let Passage { text, mut words } = polish(draft, options, ended);
    let (begin_ms, end_ms) = (position_ms(span.begin), position_ms(span.end));
    for word in &mut words {
        word.begin_ms = word.begin_ms.clamp(begin_ms, end_ms);
        word.end_ms = word.end_ms.clamp(begin_ms, end_ms);
    }
    let text = text.trim().to_owned();
    RecognizedSentence {
        begin_ms,
        end_ms,
        text,
        words,
        language: draft.language,
    }
}

fn polish(draft: &Draft, options: TextOptions, ended: bool) -> Passage {
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
        passage.rewrite(if options.inverse_text_normalization {
            itn_zh
        } else {
            spoken_zh
        });
    }
    if !options.punctuation {
        passage.rewrite(strip_punctuation);
    } else if ended {
        passage.rewrite(|text| ensure_terminal(text, language));
    }
    passage
}

/// Whether a mark ends a sentence.
fn ends_sentence(mark: char) -> bool {
    matches!(mark, '.' | '。' | '!' | '！' | '?' | '？' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str, words: &[(&str, &str)], language: Language) -> Draft {
        let words = words
            .iter()
            .zip(0..)
            .map(|((text, punctuation), index)| Word {
                text: (*text).to_owned(),
                punctuation: (*punctuation).to_owned(),
                begin_ms: index * 100,
                end_ms: index * 100 + 100,
            });
        let hypothesis = Hypothesis {
            text: text.to_owned(),
            words: words.collect(),
            language,
        };
        Draft::new(hypothesis, 1000)
    }

    fn span(begin_ms: u32, end_ms: u32) -> Span {
        let position = |ms| ms_to_samples(ms) as u64;
        Span {
            from: position(begin_ms),
            begin: position(begin_ms),
            end: position(end_ms),
        }
    }

    #[test]
    fn words_stay_inside_their_sentence() {
        let draft = draft("a b", &[("a", ""), ("b", "")], Language::ENGLISH);
        let sentence = sentence(&draft, span(1024, 1160), TextOptions::default(), true);
        assert_eq!(sentence.text, "a b.");
        let times: Vec<_> = sentence
            .words
            .iter()
            .map(|w| (w.begin_ms, w.end_ms))
            .collect();
        assert_eq!(times, [(1024, 1100), (1100, 1160)]);
    }

    #[test]
    fn chinese_is_simplified_numbered_and_punctuated_as_asked() {
        let draft = draft("電話一三八", &[], Language::CHINESE);
        let text = |options| sentence(&draft, span(0, 900), options, true).text;
        assert_eq!(text(TextOptions::default()), "电话138。");
        let plain = TextOptions {
            punctuation: false,
            inverse_text_normalization: false,
            ..TextOptions::default()
        };
        assert_eq!(text(plain), "电话一三八");
    }

    #[test]
    fn fillers_and_stutters_go_when_asked() {
        let draft = draft("Um, I I think so.", &[], Language::ENGLISH);
        let text = |disfluency_removal| {
            let options = TextOptions {
                disfluency_removal,
                ..TextOptions::default()
            };
            sentence(&draft, span(0, 900), options, true).text
        };
        assert_eq!(text(false), "Um, I I think so.");
        assert_eq!(text(true), "I think so.");
    }

    #[test]
    fn a_complete_sentence_is_split_from_what_follows() {
        let words = [("It", ""), ("is", "."), ("And", "")];
        let (done, rest) = draft("It is. And", &words, Language::ENGLISH)
            .split_complete()
            .unwrap();
        assert_eq!(done.passage.text, "It is.");
        let rest = rest.unwrap();
        assert_eq!(
            (rest.passage.text.as_str(), rest.begin()),
            ("And", 1200 * 16)
        );
        assert!(
            draft("It is", &words[..1], Language::ENGLISH)
                .split_complete()
                .is_none()
        );
    }

    #[test]
    fn a_tail_continues_the_sentence() {
        let head = draft("It is.", &[("It", ""), ("is", ".")], Language::ENGLISH);
        let joined = head.followed_by(draft("not so", &[], Language::ENGLISH));
        assert_eq!(joined.passage.text, "It is not so");
        assert_eq!(joined.passage.words[1].punctuation, "");
    }
}
