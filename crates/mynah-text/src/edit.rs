//! Edits: how every rule of this crate says what it wants changed.
//!
//! A rule looks at a text and returns a list of [`Edit`]s instead of a new text, so that one answer
//! serves the text ([`apply`]) and the word list that belongs to it ([`Passage::rewrite`]).
//!
//! Invariant of every list made by this crate: the edits are in order, do not overlap, and their
//! ranges lie on character boundaries.
//!
//! [`Passage::rewrite`]: crate::Passage::rewrite

use std::ops::Range;

/// One change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes replaced. Empty where the edit only inserts.
    pub range: Range<usize>,
    /// What stands there afterwards. Empty where the edit only removes.
    pub replacement: String,
}

impl Edit {
    /// An edit that puts `replacement` in place of the bytes of `range`.
    pub fn new(range: Range<usize>, replacement: impl Into<String>) -> Self {
        Self {
            range,
            replacement: replacement.into(),
        }
    }

    /// An edit that removes the bytes of `range`.
    pub fn removal(range: Range<usize>) -> Self {
        Self::new(range, "")
    }
}

/// The text after `edits`.
///
/// An edit that is out of order, out of range or inside a character is passed over.
///
/// ```
/// use mynah_text::{Edit, apply};
/// assert_eq!(apply("三十天", &[Edit::new(0..6, "30")]), "30天");
/// ```
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edited = String::with_capacity(text.len());
    let mut done = 0;
    for edit in applicable(text, edits) {
        edited.push_str(&text[done..edit.range.start]);
        edited.push_str(&edit.replacement);
        done = edit.range.end;
    }
    edited.push_str(&text[done..]);
    edited
}

/// The edits of `edits` that can be applied to `text` one after the other.
pub(crate) fn applicable<'a>(
    text: &'a str,
    edits: &'a [Edit],
) -> impl Iterator<Item = &'a Edit> + 'a {
    let mut done = 0;
    edits.iter().filter(move |edit| {
        let fits = edit.range.start >= done && text.get(edit.range.clone()).is_some();
        if fits {
            done = edit.range.end;
        }
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_that_do_not_fit_are_passed_over() {
        let edits = [
            Edit::new(0..3, "1"),
            Edit::new(2..4, "inside a character and overlapping"),
            Edit::new(4..5, "inside a character"),
            Edit::removal(6..9),
            Edit::new(3..6, "out of order"),
            Edit::new(9..40, "out of range"),
            Edit::new(9..9, "!"),
        ];
        assert_eq!(apply("一二三", &edits), "1二!");
    }
}
