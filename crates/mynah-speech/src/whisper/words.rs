//! Words from tokens: characters put together, marks attached, times set.

use mynah_text::{is_han_or_kana, is_mark};

use crate::Word;

/// A token and the part of the utterance it was said in.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimedToken<'a> {
    /// The bytes of text it stands for, maybe a part of a character.
    pub(super) bytes: &'a [u8],
    /// Start, in milliseconds.
    pub(super) begin_ms: u32,
    /// End, in milliseconds.
    pub(super) end_ms: u32,
}

/// Groups tokens into words.
///
/// Han characters and kana are words of their own; all else is a word up to the next blank. Marks go
/// to the word before them, except those that open a word after a blank, which belong to none. Marks
/// inside a word, as in `don't` or `3.5`, stay there.
pub(super) fn words<'a>(tokens: impl Iterator<Item = TimedToken<'a>>) -> Vec<Word> {
    let characters = characters(tokens);
    let mut builder = WordBuilder::default();
    for (at, character) in characters.iter().enumerate() {
        let next = characters.get(at + 1).map(|next| next.value);
        builder.push(*character, next);
    }
    builder.words
}

#[derive(Clone, Copy)]
struct TimedChar {
    value: char,
    begin_ms: u32,
    end_ms: u32,
}

/// The characters of all tokens. Those of one token share its time evenly, blanks and marks aside:
/// nobody says them.
fn characters<'a>(tokens: impl Iterator<Item = TimedToken<'a>>) -> Vec<TimedChar> {
    let mut all = Vec::new();
    let mut bytes = Vec::new();
    let mut begin_ms = 0;
    for token in tokens {
        if bytes.is_empty() {
            begin_ms = token.begin_ms;
        }
        bytes.extend_from_slice(token.bytes);
        match std::str::from_utf8(&bytes) {
            // The character goes on in the next token.
            Err(error) if error.error_len().is_none() => {}
            _ => {
                spread(
                    &String::from_utf8_lossy(&bytes),
                    begin_ms,
                    token.end_ms,
                    &mut all,
                );
                bytes.clear();
            }
        }
    }
    all
}

fn spread(text: &str, begin_ms: u32, end_ms: u32, all: &mut Vec<TimedChar>) {
    let is_said = |c: &char| !c.is_whitespace() && !is_mark(*c);
    let said = text.chars().filter(is_said).count().max(1);
    let time =
        |done: usize| begin_ms + (u64::from(end_ms - begin_ms) * done as u64 / said as u64) as u32;
    let mut done = 0;
    for value in text.chars().filter(|c| *c != char::REPLACEMENT_CHARACTER) {
        let before = done;
        done += usize::from(is_said(&value));
        all.push(TimedChar {
            value,
            begin_ms: time(before),
            end_ms: time(done.min(said)),
        });
    }
}

#[derive(Default)]
struct WordBuilder {
    words: Vec<Word>,
    /// Whether the last word may grow.
    open: bool,
    after_blank: bool,
}

impl WordBuilder {
    fn push(&mut self, character: TimedChar, next: Option<char>) {
        let TimedChar { value, .. } = character;
        if value.is_whitespace() {
            self.open = false;
        } else if is_han_or_kana(value) {
            self.add(character);
            self.open = false;
        } else if !is_mark(value) || (self.open && joins(value, next)) {
            if self.open {
                self.grow(character);
            } else {
                self.add(character);
            }
        } else {
            self.punctuate(value);
        }
        self.after_blank = value.is_whitespace();
    }

    fn add(&mut self, character: TimedChar) {
        self.words.push(Word {
            text: character.value.to_string(),
            punctuation: String::new(),
            begin_ms: character.begin_ms,
            end_ms: character.end_ms,
        });
        self.open = true;
    }

    fn grow(&mut self, character: TimedChar) {
        if let Some(word) = self.words.last_mut() {
            word.text.push(character.value);
            word.end_ms = character.end_ms.max(word.end_ms);
        }
    }

    fn punctuate(&mut self, mark: char) {
        self.open = false;
        if self.after_blank {
            return;
        }
        if let Some(word) = self.words.last_mut() {
            word.punctuation.push(mark);
        }
    }
}

/// Whether a mark inside a run of letters or digits belongs to the word.
fn joins(mark: char, next: Option<char>) -> bool {
    next.is_some_and(|next| match mark {
        ',' | ':' => next.is_numeric(),
        '\'' | '\u{2019}' | '-' | '\u{2010}' | '.' | '·' => {
            next.is_alphanumeric() && !is_han_or_kana(next)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_words_end_at_blanks() {
        let tokens: [&[u8]; 9] = [
            b" Don", b"'t", b" pay", b" 3", b".", b"50", b", \"", b"John", b".\"",
        ];
        assert_eq!(
            shown(&tokens),
            [
                "Don't|0-200",
                "pay|200-300",
                "3.50|300-600 ,",
                "John|700-800 .\""
            ]
        );
    }

    #[test]
    fn chinese_characters_are_words_and_latin_runs_stay_whole() {
        let tokens: [&[u8]; 6] = [
            "我们".as_bytes(),
            "用".as_bytes(),
            b"Wi",
            b"-Fi",
            "，".as_bytes(),
            "好".as_bytes(),
        ];
        assert_eq!(
            shown(&tokens),
            [
                "我|0-50",
                "们|50-100",
                "用|100-200",
                "Wi-Fi|200-400 ，",
                "好|500-600"
            ]
        );
    }

    #[test]
    fn characters_cut_across_tokens_are_joined() {
        let text = "昶好".as_bytes();
        assert_eq!(
            shown(&[&text[..2], &text[2..3], &text[3..]]),
            ["昶|0-200", "好|200-300"]
        );
        // The end of the last one is missing, and a byte in front is no text.
        assert_eq!(shown(&[&[0xbf], &text[..3], &text[3..5]]), ["昶|100-200"]);
    }

    #[test]
    fn marks_before_any_word_are_dropped() {
        assert_eq!(
            shown(&["《".as_bytes(), "海".as_bytes(), "》".as_bytes()]),
            ["海|100-200 》"]
        );
        assert_eq!(shown(&[b" ...", b" "]), [""; 0]);
    }

    #[test]
    fn signs_inside_words_of_other_scripts_stay() {
        let hindi = "नमस्ते दुनिया।";
        assert_eq!(shown(&[hindi.as_bytes()]).len(), 2);
        assert_eq!(shown(&["สวัสดี".as_bytes()]).len(), 1);
    }

    /// Words made from tokens that last 100 ms each: text, times, marks.
    fn shown(tokens: &[&[u8]]) -> Vec<String> {
        let timed = tokens.iter().zip(0..).map(|(bytes, at)| TimedToken {
            bytes,
            begin_ms: at * 100,
            end_ms: at * 100 + 100,
        });
        let show = |word: Word| {
            let Word {
                text,
                punctuation,
                begin_ms,
                end_ms,
            } = word;
            format!("{text}|{begin_ms}-{end_ms} {punctuation}")
                .trim_end()
                .to_owned()
        };
        words(timed).into_iter().map(show).collect()
    }
}
