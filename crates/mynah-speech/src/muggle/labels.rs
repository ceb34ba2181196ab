//! The vocabulary: which character a token stands for.
//!
//! The package ships it as a Python file, `label_map = {0: "…", 1: "…"}`. Only that one literal is
//! read, as data: nothing of Python but numbers, quoted strings and their escapes is understood,
//! and anything else is an error.

use std::collections::HashMap;
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

use crate::SpeechError;

/// The largest vocabulary that is read, in labels.
const LABELS_MAX: usize = 65_536;
/// The largest vocabulary file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The text of every token, by number.
pub(super) struct Labels {
    texts: Vec<String>,
    tokens: HashMap<String, i64>,
}

impl Labels {
    /// Reads the vocabulary file at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, SpeechError> {
        let unusable = |reason: String| SpeechError::ModelFile {
            path: path.to_owned(),
            reason,
        };
        let bytes = std::fs::metadata(path)
            .map_err(|error| unusable(error.to_string()))?
            .len();
        if bytes > FILE_BYTES_MAX {
            return Err(unusable(format!("a vocabulary of {bytes} bytes")));
        }
        let source = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        Self::parse(&source).ok_or_else(|| unusable("not a table of numbered labels".to_owned()))
    }

    /// Reads a Python dictionary literal whose keys are 0, 1, 2, … in this order.
    fn parse(source: &str) -> Option<Self> {
        let (_, entries) = source.split_once('{')?;
        let mut rest = entries.chars().peekable();
        let mut labels = Vec::new();
        while !ends(&mut rest) {
            let number = key(&mut rest)?;
            if number != labels.len() || number >= LABELS_MAX {
                return None;
            }
            labels.push(string(&mut rest)?);
            skip_blank(&mut rest);
            rest.next_if_eq(&',');
        }
        let tokens = labels.iter().cloned().zip(0..).collect();
        (!labels.is_empty()).then_some(Self {
            texts: labels,
            tokens,
        })
    }

    /// The tokens up to the first one that is not of this vocabulary.
    pub(super) fn known<'a>(&self, tokens: &'a [i64]) -> &'a [i64] {
        let known = |token: &&i64| usize::try_from(**token).is_ok_and(|id| id < self.texts.len());
        &tokens[..tokens.iter().take_while(known).count()]
    }

    /// The tokens of a word, or `None` if a character of it has none.
    pub(super) fn tokens(&self, word: &str) -> Option<Vec<i64>> {
        let token = |character: char| {
            let written = character.encode_utf8(&mut [0; 4]).to_owned();
            self.tokens.get(&written).copied()
        };
        word.chars().map(token).collect()
    }

    /// The characters that `tokens` stand for. Tokens that stand for none, such as the end of the
    /// sentence, are left out.
    pub(super) fn text(&self, tokens: &[i64]) -> String {
        let label = |token: &i64| self.texts.get(usize::try_from(*token).ok()?);
        tokens
            .iter()
            .filter_map(label)
            .filter(|label| !label.starts_with('<'))
            .cloned()
            .collect()
    }
}

/// Whether the literal ends here; its closing brace is read then.
fn ends(rest: &mut Peekable<Chars<'_>>) -> bool {
    skip_blank(rest);
    rest.next_if_eq(&'}').is_some()
}

/// The next entry's number, and the colon behind it.
fn key(rest: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut digits = String::new();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    skip_blank(rest);
    rest.next_if_eq(&':')?;
    digits.parse().ok()
}

/// The next quoted string.
fn string(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    skip_blank(rest);
    let quote = rest.next_if(|c| matches!(c, '"' | '\''))?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '\\' => text.push(escaped(rest)?),
            '\n' => return None,
            c if c == quote => return Some(text),
            c => text.push(c),
        }
    }
}

/// The character that an escape sequence stands for; its backslash has been read.
fn escaped(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    match rest.next()? {
        'n' => Some('\n'),
        't' => Some('\t'),
        'u' => {
            let digits: String = rest.by_ref().take(4).collect();
            char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
        }
        c @ ('\\' | '"' | '\'') => Some(c),
        _ => None,
    }
}

fn skip_blank(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_either_quote_escapes_and_a_trailing_comma() {
        let source = "label_map = {\n 0: \"<S/S>\", 1: '\"',\n 2 : \"\\u4f60\\\\\", 3: '好',\n}\n";
        let labels = Labels::parse(source).unwrap();
        assert_eq!(labels.text(&[0, 2, 3, 1, -1, 4]), "你\\好\"");
        assert_eq!(labels.tokens("好好"), Some(vec![3, 3]));
        assert_eq!(labels.tokens("好人"), None);
    }

    #[test]
    fn refuses_what_is_not_a_table_of_labels() {
        for source in [
            "",
            "{}",
            "{0: \"a\"",
            "{0: \"a\", 2: \"b\"}",
            "{1: \"a\"}",
            "{0: a}",
            "{0: \"a}",
            "{0: \"\\x41\"}",
            "{\"a\": 0}",
            "{0: \"a\" 1}",
        ] {
            assert!(Labels::parse(source).is_none(), "{source}");
        }
    }
}
