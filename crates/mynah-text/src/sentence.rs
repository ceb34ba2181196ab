//! Where sentences end.

use crate::chars::{Chars, is_han_or_kana};

/// Words that end with a full stop inside a sentence, in lower case, without the stop.
const TITLES: [&str; 27] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "col", "sgt", "capt", "lt", "rev", "hon", "gov",
    "sen", "rep", "mt", "no", "vol", "fig", "vs", "e.g", "i.e", "cf", "approx", "dept", "pp",
];

/// Abbreviations that may also be the last word of a sentence.
const ABBREVIATIONS: [&str; 12] = [
    "a.m", "p.m", "etc", "jr", "sr", "inc", "ltd", "co", "corp", "al", "ph.d", "b.c",
];

/// Byte offsets at which sentences end: after the final mark and the quotes and brackets that close
/// with it, before the blanks.
///
/// ```
/// use mynah_text::sentence_breaks;
/// let text = "Mr. Hale paid $3.14. Why? \"Because.\" And";
/// let ends: Vec<&str> = sentence_breaks(text).into_iter().map(|end| &text[..end]).collect();
/// assert_eq!(ends, [
///     "Mr. Hale paid $3.14.",
///     "Mr. Hale paid $3.14. Why?",
///     "Mr. Hale paid $3.14. Why? \"Because.\"",
/// ]);
/// ```
pub fn sentence_breaks(text: &str) -> Vec<usize> {
    let chars = Chars::new(text);
    let mut breaks = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.at(at) {
        if !is_final_mark(c) {
            at += 1;
            continue;
        }
        let marks_end = chars.run_end(at, is_final_mark);
        let end = chars.run_end(marks_end, is_closing);
        if ends_here(&chars, at, marks_end, end) {
            breaks.push(chars.bytes(end..end).start);
        }
        at = end;
    }
    breaks
}

/// Whether the text ends with the end of a sentence; blanks at its end do not matter.
///
/// ```
/// use mynah_text::ends_sentence;
/// assert!(ends_sentence("今天很好。") && ends_sentence("He said \"no.\" "));
/// assert!(!ends_sentence("今天，") && !ends_sentence("I met Mr.") && !ends_sentence(""));
/// ```
pub fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end();
    sentence_breaks(text)
        .last()
        .is_some_and(|end| *end == text.len())
}

/// Whether `c` is a mark that can end a sentence.
pub(crate) fn is_final_mark(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．' | '｡' | '؟' | '।' | '۔'
    )
}

/// Whether `c` closes a quotation or a bracket.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '）' | '】' | '」' | '』' | '》'
    )
}

/// Whether the marks `start..marks_end`, closed at `end`, end a sentence.
fn ends_here(chars: &Chars, start: usize, marks_end: usize, end: usize) -> bool {
    let marks = chars.slice(start..marks_end);
    let next = chars.at(chars.run_end(end, char::is_whitespace));
    let is_apart = chars
        .at(end)
        .is_none_or(|c| c.is_whitespace() || is_han_or_kana(c));
    match marks {
        ['.'] => is_apart && next_starts_sentence(next) && !is_abbreviation(chars, start, next),
        // An ellipsis may also be a pause.
        ['.' | '…', ..] if marks.iter().all(|c| matches!(c, '.' | '…')) => {
            next_starts_sentence(next)
        }
        ['!' | '?', ..] => is_apart || next.is_some_and(|c| !c.is_alphanumeric()),
        _ => true,
    }
}

/// Whether what follows a full stop can begin a sentence: nothing does, or no lower-case letter.
fn next_starts_sentence(next: Option<char>) -> bool {
    next.is_none_or(|c| !c.is_lowercase() && !matches!(c, ',' | '，' | ';' | ':'))
}

/// Whether the full stop at `at` belongs to the word before it. `next`: what follows.
fn is_abbreviation(chars: &Chars, at: usize, next: Option<char>) -> bool {
    let mut start = at;
    while chars
        .before(start)
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == '.')
    {
        start -= 1;
    }
    let word: String = chars.slice(start..at).iter().collect();
    let lower = word.to_ascii_lowercase();
    if TITLES.contains(&lower.as_str()) {
        // "No." answers, "No. 5" counts.
        return lower != "no" || next.is_some_and(|c| c.is_ascii_digit());
    }
    let letters = lower
        .split('.')
        .all(|part| part.len() == 1 && !part.contains(char::is_numeric));
    // "U.S." and "J." go on unless the text ends; the pronoun does not abbreviate.
    let may_close = ABBREVIATIONS.contains(&lower.as_str());
    let is_initials = letters && word != "I" && !may_close;
    let is_item = start == 0 && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let goes_on = |c: char| is_initials || is_item || may_close && !c.is_uppercase();
    next.is_some_and(goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<&str> {
        let mut start = 0;
        let ends = sentence_breaks(text).into_iter();
        ends.map(|end| text[std::mem::replace(&mut start, end)..end].trim_start())
            .collect()
    }

    #[test]
    fn texts_break_after_their_sentences() {
        for (text, expected) in [
            ("", &[][..]),
            ("没有标点", &[]),
            (
                "今天很好。明天呢？再见！",
                &["今天很好。", "明天呢？", "再见！"],
            ),
            ("他说：“好。”然后走了。", &["他说：“好。”", "然后走了。"]),
            ("圆周率是3.14。对吗？？", &["圆周率是3.14。", "对吗？？"]),
            ("你好.世界.", &["你好.", "世界."]),
            (
                "Hello there. How are you?",
                &["Hello there.", "How are you?"],
            ),
            ("Dr. Smith met Mrs. Hale.", &["Dr. Smith met Mrs. Hale."]),
            ("He lives in the U.S. now.", &["He lives in the U.S. now."]),
            ("J. R. Smith is here.", &["J. R. Smith is here."]),
            (
                "At 5 p.m. he left. At 6 p.m. She came.",
                &["At 5 p.m. he left.", "At 6 p.m.", "She came."],
            ),
            (
                "It is version 2.0.1 of example.com, e.g. this.",
                &["It is version 2.0.1 of example.com, e.g. this."],
            ),
            (
                "Well... maybe. Well... No.",
                &["Well... maybe.", "Well...", "No."],
            ),
            ("No. I said no.", &["No.", "I said no."]),
            ("See No. 5.", &["See No. 5."]),
            ("So did I. He left.", &["So did I.", "He left."]),
            ("What?! Yes!", &["What?!", "Yes!"]),
            ("1. First item.", &["1. First item."]),
            ("そうです。はい。", &["そうです。", "はい。"]),
        ] {
            assert_eq!(sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn ends_are_seen() {
        for text in [
            "好。",
            "Yes. ",
            "He is in the U.S.",
            "It costs 3.",
            "真的？”",
        ] {
            assert!(ends_sentence(text), "{text}");
        }
        for text in ["好，", "Yes", "Mr.", "3.14", "。。好", " "] {
            assert!(!ends_sentence(text), "{text}");
        }
    }
}
