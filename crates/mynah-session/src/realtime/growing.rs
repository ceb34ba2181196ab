//! The text of an utterance while it is recognised: what is said for good, and the draft behind it.
//!
//! Recognisers take back what they said; both dialects have a part that may never change, `text`
//! in one and the sum of all deltas in the other. It grows where a clause has ended and speech
//! went on, once two results in a row agree on it, without the mark behind the clause, which is
//! what changes most. Where a later result contradicts it after all, that result is lined up with
//! it, and what lies behind is taken from there.

use mynah_text::is_mark;

/// The text of one utterance, of one or more sentences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Growing {
    /// The sentences that have ended, as they were recognised.
    ended: String,
    /// What was said for good. Only ever appended to.
    confirmed: String,
    /// Where the open sentence begins in `confirmed`.
    sentence_at: usize,
    /// The newest result for the open sentence.
    guess: String,
    /// Whether sentences are joined without a blank.
    spaceless: bool,
}

impl Growing {
    /// Takes a result for the open sentence.
    pub(crate) fn guess(&mut self, text: &str, spaceless: bool) {
        self.spaceless = spaceless;
        let clause = &text[..clauses_end(text)];
        let told = letters(&self.confirmed[self.sentence_at..]);
        let agreed = letters(clause);
        if agreed.len() > told.len()
            && starts_with(&agreed, &told)
            && starts_with(&letters(&self.guess), &agreed)
        {
            self.confirm(told.last().map_or(clause, |_| behind(clause, &told)));
        }
        text.clone_into(&mut self.guess);
    }

    /// Takes the final text of the open sentence, which ends it.
    pub(crate) fn end_sentence(&mut self, text: &str, spaceless: bool) {
        self.spaceless = spaceless;
        let told = letters(&self.confirmed[self.sentence_at..]);
        self.confirm(behind(text, &told));
        self.sentence_at = self.confirmed.len();
        self.guess.clear();
        if !text.is_empty() {
            let blank = blank_between(&self.ended, spaceless);
            self.ended.push_str(blank);
            self.ended.push_str(text);
        }
    }

    /// What was said for good.
    pub(crate) fn confirmed(&self) -> &str {
        &self.confirmed
    }

    /// What follows it, and may change.
    pub(crate) fn stash(&self) -> String {
        let told = letters(&self.confirmed[self.sentence_at..]);
        let rest = behind(&self.guess, &told);
        if told.is_empty() && !rest.is_empty() {
            return format!("{}{rest}", blank_between(&self.confirmed, self.spaceless));
        }
        rest.to_owned()
    }

    /// The sentences that have ended, as they were recognised. May differ from what was said for
    /// good.
    pub(crate) fn ended(&self) -> &str {
        &self.ended
    }

    fn confirm(&mut self, more: &str) {
        if self.confirmed.len() == self.sentence_at && !more.is_empty() {
            let blank = blank_between(&self.confirmed, self.spaceless);
            self.confirmed.push_str(blank);
            self.sentence_at = self.confirmed.len();
        }
        self.confirmed.push_str(more);
    }
}

/// A letter or digit, in lower case, and where it ends in its text, in bytes.
type Letter = (char, usize);

fn letters(text: &str) -> Vec<Letter> {
    let letter = |(at, c): (usize, char)| {
        let lower = c.to_lowercase().next().unwrap_or(c);
        c.is_alphanumeric().then_some((lower, at + c.len_utf8()))
    };
    text.char_indices().filter_map(letter).collect()
}

fn starts_with(text: &[Letter], beginning: &[Letter]) -> bool {
    text.len() >= beginning.len() && text.iter().zip(beginning).all(|(a, b)| a.0 == b.0)
}

/// Where the last clause ends behind which the text goes on; the mark is not counted.
fn clauses_end(text: &str) -> usize {
    let mut end = 0;
    let mut letter_end = 0;
    let mut marked = false;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() {
            if marked {
                end = letter_end;
            }
            marked = false;
            letter_end = at + c.len_utf8();
        } else {
            marked |= is_mark(c) && ends_clause(text, at, c);
        }
    }
    end
}

/// A mark inside a word or number ("don't", "3.5", "well-known") ends nothing.
fn ends_clause(text: &str, at: usize, mark: char) -> bool {
    let next = text[at + mark.len_utf8()..].chars().next();
    !mark.is_ascii() || next.is_none_or(|next| !next.is_alphanumeric())
}

/// The part of `text` behind what `told` says: exactly, or else as well as they can be lined up.
fn behind<'a>(text: &'a str, told: &[Letter]) -> &'a str {
    let Some(last) = told.len().checked_sub(1) else {
        return text;
    };
    let all = letters(text);
    if starts_with(&all, told) {
        return from_end_of_word(text, all[last].1);
    }
    match likeliest_end(&all, told).checked_sub(1) {
        Some(last) => from_end_of_word(text, all[last].1),
        None => text,
    }
}

/// How many letters of `text` are the likeliest to say the same as all of `told`: fewest edits.
fn likeliest_end(text: &[Letter], told: &[Letter]) -> usize {
    let mut edits: Vec<usize> = (0..=text.len()).collect();
    for (row, letter) in told.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut edits[0], row + 1);
        for (column, other) in text.iter().enumerate() {
            let replaced = diagonal + usize::from(letter.0 != other.0);
            diagonal = edits[column + 1];
            edits[column + 1] = replaced.min(diagonal + 1).min(edits[column] + 1);
        }
    }
    let best = edits.iter().enumerate().min_by_key(|(_, edits)| **edits);
    best.map_or(0, |(end, _)| end)
}

/// A word that was cut is left out: half a word reads worse than none.
fn from_end_of_word(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    let is_spaced = |c: char| c.is_alphanumeric() && c < '\u{e00}';
    if !text[..at].ends_with(is_spaced) {
        return rest;
    }
    rest.trim_start_matches(is_spaced)
}

fn blank_between(before: &str, spaceless: bool) -> &'static str {
    if before.is_empty() || spaceless {
        ""
    } else {
        " "
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(guesses: &[&str]) -> (String, String) {
        let mut growing = Growing::default();
        for guess in guesses {
            growing.guess(guess, false);
        }
        (growing.confirmed().to_owned(), growing.stash())
    }

    #[test]
    fn a_clause_is_said_for_good_when_speech_goes_on_and_two_results_agree() {
        let show = |guesses: &[&str]| {
            let (text, stash) = shown(guesses);
            format!("{text}|{stash}")
        };
        assert_eq!(show(&["Good day."]), "|Good day.");
        assert_eq!(show(&["Good day.", "Good day. How"]), "Good day|. How");
        assert_eq!(show(&["Good hay.", "Good day. How"]), "|Good day. How");
        assert_eq!(show(&["I don't 3.5", "I don't 3.5 to"]), "|I don't 3.5 to");
        assert_eq!(
            show(&["你好，", "你好，今天", "你好，今天好"]),
            "你好|，今天好"
        );
    }

    #[test]
    fn what_was_said_stays_and_the_rest_is_lined_up() {
        let (text, stash) = shown(&["Good day.", "Good day. How", "Good days, how are you"]);
        assert_eq!(
            (text.as_str(), stash.as_str()),
            ("Good day", ", how are you")
        );
        let (text, stash) = shown(&["三十天。", "三十天。以后", "30天。以后再"]);
        assert_eq!((text.as_str(), stash.as_str()), ("三十天", "。以后再"));
    }

    #[test]
    fn sentences_are_joined_as_their_language_does() {
        let mut growing = Growing::default();
        growing.end_sentence("Good day.", false);
        growing.guess("How", false);
        assert_eq!(growing.stash(), " How");
        growing.end_sentence("How are you?", false);
        assert_eq!(growing.ended(), "Good day. How are you?");
        assert_eq!(growing.confirmed(), growing.ended());
        growing.end_sentence("好。", true);
        assert_eq!(growing.ended(), "Good day. How are you?好。");
    }

    #[test]
    fn nothing_is_ever_taken_back() {
        let guesses = [
            "a b. c",
            "a b, c d",
            "x y z",
            "a b. c d, e",
            "a b. c d, e f",
            "",
        ];
        let mut growing = Growing::default();
        let mut before = String::new();
        for guess in guesses {
            growing.guess(guess, false);
            assert!(growing.confirmed().starts_with(&before));
            growing.confirmed().clone_into(&mut before);
        }
        assert_eq!(before, "a b. c d");
        growing.end_sentence("A B, C D: E F.", false);
        assert_eq!(growing.confirmed(), "a b. c d: E F.");
        assert_eq!(growing.ended(), "A B, C D: E F.");
    }
}
