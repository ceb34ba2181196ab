//! The partial text of a growing sentence, held still.
//!
//! A recogniser that hears a sentence cut off in the middle of a word guesses what it will become,
//! and guesses again when it hears more: the newest words flicker. What two successive guesses
//! agree on is nearly always right (local agreement, <https://arxiv.org/abs/2005.11185>), so that
//! is what is shown. On recordings of two languages, decoded anew every 300 ms, this takes back a
//! quarter to a third of the words that showing every guess takes back, and shows one word less.

/// The first letter of the scripts in which a single one is compared, and not a word: Thai, and
/// what lies behind it in Unicode, Chinese above all.
const UNSPACED_FROM: char = '\u{e00}';

/// The partial text of one sentence.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    /// What the newest guess compared.
    newest: Vec<String>,
    shown: String,
}

impl Partial {
    /// Takes the next guess of the sentence and returns the text to show.
    ///
    /// It is the beginning of the guess that the guess before it confirms, and at the first guess
    /// its first word, so that something is there. Nothing shown is taken back unless the guess
    /// contradicts it, and nothing becomes empty again.
    pub fn show(&mut self, guess: &str) -> &str {
        let units = units(guess);
        let keys: Vec<String> = units.iter().map(|unit| unit.key.clone()).collect();
        let shown = keys_of(&self.shown);
        let confirmed = agreement(&self.newest, &keys);
        let kept = agreement(&shown, &keys);
        if let Some(count) = count_to_show(shown.len(), keys.len(), confirmed, kept) {
            // There is a last unit: a guess without any shows nothing new.
            let end = units[..count].last().map_or(0, |unit| unit.end);
            guess[..end].trim().clone_into(&mut self.shown);
        }
        if !keys.is_empty() {
            self.newest = keys;
        }
        &self.shown
    }
}

/// How many units of a guess of `guessed` to show in place of the `shown` ones; `None` leaves
/// these. `confirmed` of the guess agree with the previous guess, `kept` with what is shown.
fn count_to_show(shown: usize, guessed: usize, confirmed: usize, kept: usize) -> Option<usize> {
    if guessed < shown || guessed == 0 {
        None
    } else if kept == shown {
        Some(confirmed.max(shown).max(1))
    } else {
        Some(confirmed.max(1))
    }
}

/// A word, or a letter of a script without blanks, with the marks and blanks behind it.
struct Unit {
    /// What is compared: neither case nor marks are.
    key: String,
    /// Where it ends in the text, in bytes.
    end: usize,
}

fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        let spaced = letter.is_alphanumeric() && letter < UNSPACED_FROM;
        match units.last_mut() {
            Some(word) if !letter.is_alphanumeric() => word.end = end,
            Some(word) if in_word && spaced => {
                word.key.extend(letter.to_lowercase());
                word.end = end;
            }
            _ if letter.is_alphanumeric() => {
                units.push(Unit {
                    key: letter.to_lowercase().collect(),
                    end,
                });
            }
            _ => {}
        }
        // An apostrophe or hyphen is inside the word; a blank ends it.
        in_word = spaced || in_word && !letter.is_alphanumeric() && !letter.is_whitespace();
    }
    units
}

fn keys_of(text: &str) -> Vec<String> {
    units(text).into_iter().map(|unit| unit.key).collect()
}

/// The number of units at the start of both.
fn agreement(one: &[String], other: &[String]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What muggle-speech heard of an AISHELL recording every 300 ms.
    const GUESSES: [&str; 18] = [
        "设计设计",
        "设计师是",
        "设计师资金",
        "设计师昨夜",
        "设计师佐野生产业",
        "设计师佐野生成城",
        "设计师佐野生成",
        "设计师佐野声称",
        "设计师佐野声称考虑",
        "设计师佐野声称考虑到攻",
        "设计师佐野声称考虑到公司",
        "设计师佐野声称考虑到公司喝",
        "设计师佐野声称考虑到公司和家",
        "设计师佐野声称考虑到公司和家人员",
        "设计师佐野声称考虑到公司和家人安宁",
        "设计师佐野声称考虑到公司和家人安宁",
        "设计师佐野声称考虑到公司和家人安宁",
        "",
    ];

    /// Characters that a series of texts takes back.
    fn retracted<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
        let texts: Vec<Vec<String>> = texts.map(keys_of).collect();
        let taken_back = |pair: &[Vec<String>]| pair[0].len() - agreement(&pair[0], &pair[1]);
        texts.windows(2).map(taken_back).sum()
    }

    fn show_all(guesses: &[&str]) -> Vec<String> {
        let mut partial = Partial::default();
        guesses
            .iter()
            .map(|guess| partial.show(guess).to_owned())
            .collect()
    }

    #[test]
    fn takes_back_a_quarter_and_ends_the_same() {
        let shown = show_all(&GUESSES);
        let spoken = &GUESSES[..GUESSES.len() - 1];
        assert!(
            4 * retracted(shown.iter().map(String::as_str)) <= retracted(spoken.iter().copied())
        );
        assert_eq!(shown.last().unwrap(), "设计师佐野声称考虑到公司和家人安宁");
        assert!(shown.iter().all(|text| !text.is_empty()));
    }

    #[test]
    fn compares_words_without_case_and_marks() {
        let shown = show_all(&[
            "Don't",
            "don't think Mr. Hale.",
            "Don't think, mr Hell you have",
            "Don't think, mr Hell you've done",
            "Don't think, mr Hell you've done it",
        ]);
        assert_eq!(
            shown,
            [
                "Don't",
                "don't",
                "Don't think, mr",
                "Don't think, mr Hell",
                "Don't think, mr Hell you've done",
            ]
        );
    }

    #[test]
    fn takes_back_what_two_guesses_contradict() {
        let shown = show_all(&["一二三", "一二三四", "一二五六", "一二五六"]);
        assert_eq!(shown, ["一", "一二三", "一二", "一二五六"]);
    }

    #[test]
    fn shows_nothing_of_nothing() {
        assert_eq!(
            show_all(&["", " ", "。", "好。", "", "。"]),
            ["", "", "", "好。", "好。", "好。"]
        );
    }
}
