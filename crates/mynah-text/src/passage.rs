//! A recognised text together with its words, kept consistent while rules rewrite it.

use std::ops::Range;

use crate::chars::is_mark;
use crate::edit::{Edit, applicable, apply};

/// A word, or a character of a language written without blanks, with its place in the audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without blanks around it and without the marks that follow it.
    pub text: String,
    /// The marks that follow the word, or an empty string.
    pub punctuation: String,
    /// Start, in milliseconds.
    pub begin_ms: u32,
    /// End, in milliseconds.
    pub end_ms: u32,
}

/// A text and the words that spell it.
///
/// The words appear in `text` in order; blanks and marks stand between them. `words` may be empty
/// when the recogniser gives no times: then only the text is rewritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// The whole text.
    pub text: String,
    /// The words of `text`, in order.
    pub words: Vec<Word>,
}

impl Passage {
    /// Applies what `rule` wants changed to the text and to the words.
    ///
    /// Words that one edit touches become one word, from the begin of the first to the end of the
    /// last; a word of which nothing is left goes, and its marks move to the word before it.
    ///
    /// ```
    /// use mynah_text::{Passage, Word, itn_zh};
    /// let word = |text: &str, begin_ms, end_ms| Word {
    ///     text: text.into(), punctuation: String::new(), begin_ms, end_ms,
    /// };
    /// let mut passage = Passage {
    ///     text: "三十天".into(),
    ///     words: vec![word("三", 0, 200), word("十", 200, 400), word("天", 400, 700)],
    /// };
    /// passage.rewrite(itn_zh);
    /// assert_eq!(passage.text, "30天");
    /// assert_eq!(passage.words, vec![word("30", 0, 400), word("天", 400, 700)]);
    /// ```
    pub fn rewrite(&mut self, rule: impl FnOnce(&str) -> Vec<Edit>) {
        let edits = rule(&self.text);
        if edits.is_empty() {
            return;
        }
        if !self.words.is_empty() {
            self.words = edit_words(&self.text, &self.words, &edits);
        }
        self.text = apply(&self.text, &edits);
    }
}

/// Neighbouring words that end up as one word, and the bytes they stand on in the text.
struct Group {
    words: Range<usize>,
    bytes: Range<usize>,
    touched: bool,
}

fn edit_words(text: &str, words: &[Word], edits: &[Edit]) -> Vec<Word> {
    let edits: Vec<&Edit> = applicable(text, edits).collect();
    let groups = group(&locate(text, words), &edits);
    let mut result: Vec<Word> = Vec::with_capacity(groups.len());
    for (at, group) in groups.iter().enumerate() {
        let next = groups
            .get(at + 1)
            .map_or(text.len(), |next| next.bytes.start);
        let gap = group.bytes.end..next.max(group.bytes.end);
        let word = edit_group(text, &words[group.words.clone()], group, gap, &edits);
        match (word, result.last_mut()) {
            (Some(word), _) if !word.text.is_empty() => result.push(word),
            (Some(removed), Some(previous)) => previous.punctuation.push_str(&removed.punctuation),
            _ => {}
        }
    }
    result
}

/// The one word that the words of `group` become. Its text is empty when nothing is left of them.
fn edit_group(
    text: &str,
    words: &[Word],
    group: &Group,
    gap: Range<usize>,
    edits: &[&Edit],
) -> Option<Word> {
    let (first, last) = (words.first()?, words.last()?);
    let gap_changes = edits.iter().any(|edit| is_within(&edit.range, &gap));
    if !group.touched && !gap_changes {
        return Some(first.clone());
    }
    let mut word = Word {
        end_ms: last.end_ms,
        ..first.clone()
    };
    let mut marks = edited_slice(
        text,
        edits.iter().filter(|e| is_within(&e.range, &gap)),
        &gap,
    );
    if group.touched {
        let inside = edits
            .iter()
            .filter(|edit| overlaps(&edit.range, &group.bytes));
        let slice = edited_slice(text, inside, &group.bytes);
        let is_edge = |c: char| c.is_whitespace() || is_mark(c);
        let (core, tail) = slice.split_at(slice.trim_end_matches(is_edge).len());
        core.trim_start_matches(is_edge).clone_into(&mut word.text);
        marks.insert_str(0, tail);
    }
    // What is said for a mark, such as 到 for the dash of 3-5, goes with the word before it.
    let said_end = marks
        .rfind(char::is_alphanumeric)
        .map_or(0, |at| marks.ceil_char_boundary(at + 1));
    word.text.push_str(marks[..said_end].trim_end());
    let mut marks = marks.split_off(said_end);
    marks.retain(|c| !c.is_whitespace());
    word.punctuation = marks;
    Some(word)
}

/// Where each word stands. A word that is not found in order gets the empty range after the word
/// before it.
pub(crate) fn locate(text: &str, words: &[Word]) -> Vec<Range<usize>> {
    let mut cursor = 0;
    let locate_one = |word: &Word| {
        let found = text[cursor..].find(&word.text).map(|at| cursor + at);
        let range = found.map_or(cursor..cursor, |start| start..start + word.text.len());
        cursor = range.end;
        range
    };
    words.iter().map(locate_one).collect()
}

/// Joins the words that share an edit, and widens their bytes to the edges of their edits.
fn group(places: &[Range<usize>], edits: &[&Edit]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::with_capacity(places.len());
    let mut edits = edits.iter().peekable();
    for (index, place) in places.iter().enumerate() {
        let mut bytes = place.clone();
        let mut touched = false;
        while edits
            .next_if(|edit| edit.range.end <= place.start)
            .is_some()
        {}
        while let Some(edit) = edits.peek().filter(|edit| overlaps(&edit.range, place)) {
            touched = true;
            bytes = bytes.start.min(edit.range.start)..bytes.end.max(edit.range.end);
            if edit.range.end > place.end {
                break;
            }
            edits.next();
        }
        match groups
            .last_mut()
            .filter(|group| touched && group.bytes.end > bytes.start)
        {
            Some(group) => {
                group.words.end = index + 1;
                group.bytes.end = group.bytes.end.max(bytes.end);
            }
            None => groups.push(Group {
                words: index..index + 1,
                bytes,
                touched,
            }),
        }
    }
    groups
}

/// The `bytes` of `text` after `edits`, all of which lie within `bytes`.
fn edited_slice<'a>(
    text: &str,
    edits: impl Iterator<Item = &'a &'a Edit>,
    bytes: &Range<usize>,
) -> String {
    let mut slice = String::new();
    let mut done = bytes.start;
    for edit in edits {
        slice.push_str(text.get(done..edit.range.start).unwrap_or_default());
        slice.push_str(&edit.replacement);
        done = edit.range.end;
    }
    slice.push_str(text.get(done..bytes.end).unwrap_or_default());
    slice
}

/// Whether an edit changes something of `place`: an insertion at an edge does not.
fn overlaps(edit: &Range<usize>, place: &Range<usize>) -> bool {
    edit.start < place.end && place.start < edit.end
        || edit.is_empty() && place.start < edit.start && edit.start < place.end
}

/// Whether an edit changes the gap between two words and nothing else; insertions at either edge
/// belong to the gap.
fn is_within(edit: &Range<usize>, gap: &Range<usize>) -> bool {
    gap.start <= edit.start && edit.end <= gap.end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words with their marks, 100 ms each, spelled out as `text` without blanks.
    fn passage(text: &str, words: &[(&str, &str)]) -> Passage {
        let words = words
            .iter()
            .zip(0..)
            .map(|((text, punctuation), index)| Word {
                text: (*text).into(),
                punctuation: (*punctuation).into(),
                begin_ms: index * 100,
                end_ms: index * 100 + 100,
            });
        Passage {
            text: text.into(),
            words: words.collect(),
        }
    }

    fn rewritten(
        mut passage: Passage,
        edits: &[Edit],
    ) -> (String, Vec<(String, String, u32, u32)>) {
        passage.rewrite(|_| edits.to_vec());
        let words = passage.words.into_iter();
        let words = words.map(|word| (word.text, word.punctuation, word.begin_ms, word.end_ms));
        (passage.text, words.collect())
    }

    fn word(text: &str, marks: &str, begin_ms: u32, end_ms: u32) -> (String, String, u32, u32) {
        (text.into(), marks.into(), begin_ms, end_ms)
    }

    #[test]
    fn words_under_one_edit_become_one_word() {
        let before = passage(
            "降了百分之五十。",
            &[("降了", ""), ("百分", ""), ("之", ""), ("五十", "。")],
        );
        let (text, words) = rewritten(before, &[Edit::new(6..21, "50%")]);
        assert_eq!(text, "降了50%。");
        assert_eq!(
            words,
            [word("降了", "", 0, 100), word("50%", "。", 100, 400)]
        );
    }

    #[test]
    fn an_edit_that_ends_inside_a_word_keeps_the_rest_of_it() {
        let before = passage("二十三号来", &[("二", ""), ("十三号", ""), ("来", "")]);
        let (text, words) = rewritten(before, &[Edit::new(0..9, "23")]);
        assert_eq!(text, "23号来");
        assert_eq!(words, [word("23号", "", 0, 200), word("来", "", 200, 300)]);
    }

    #[test]
    fn a_removed_word_leaves_its_marks_to_the_word_before() {
        let before = passage("我想嗯。", &[("我", ""), ("想", ""), ("嗯", "。")]);
        let (text, words) = rewritten(before, &[Edit::removal(6..9)]);
        assert_eq!(text, "我想。");
        assert_eq!(words, [word("我", "", 0, 100), word("想", "。", 100, 200)]);
        let before = passage(
            "Um, so I think.",
            &[("Um", ","), ("so", ""), ("I", ""), ("think", ".")],
        );
        let (text, words) = rewritten(before, &[Edit::removal(0..4), Edit::new(4..5, "S")]);
        assert_eq!(text, "So I think.");
        assert_eq!(words[0], word("So", "", 100, 200));
    }

    #[test]
    fn marks_change_without_the_words() {
        let before = passage("好,走", &[("好", ","), ("走", "")]);
        let (text, words) = rewritten(before, &[Edit::new(3..4, "，"), Edit::new(7..7, "。")]);
        assert_eq!(text, "好，走。");
        assert_eq!(
            words,
            [word("好", "，", 0, 100), word("走", "。", 100, 200)]
        );
    }

    #[test]
    fn a_word_that_is_not_in_the_text_stays_as_it_is() {
        let before = passage("三十天", &[("三十", ""), ("夜", "！"), ("天", "")]);
        let (_, words) = rewritten(before, &[Edit::new(0..6, "30")]);
        assert_eq!(
            words,
            [
                word("30", "", 0, 100),
                word("夜", "！", 100, 200),
                word("天", "", 200, 300),
            ]
        );
    }
}
