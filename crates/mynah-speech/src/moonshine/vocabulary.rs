//! The vocabulary: which bytes a token stands for.
//!
//! The file is a plain list of byte strings, one for each token: the length (one byte below 128,
//! or two, the first less 128 and then 128 times the second), then the bytes. Words begin with
//! U+2581, as SentencePiece writes a blank. `<0xE4>` is a single byte, other names between angle
//! brackets are marks without text.

use std::collections::HashMap;
use std::path::Path;

use crate::SpeechError;

/// The largest vocabulary file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 22;
const BLANK: &str = "\u{2581}";

/// The bytes of every token, by number.
pub(super) struct Vocabulary {
    bytes: Vec<Vec<u8>>,
    /// The lowest number of a token with these bytes.
    numbers: HashMap<Vec<u8>, usize>,
}

impl Vocabulary {
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
        let list = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        Self::parse(&list).ok_or_else(|| unusable("not a list of tokens".to_owned()))
    }

    fn parse(mut list: &[u8]) -> Option<Self> {
        let mut tokens = Vec::new();
        while let Some((first, rest)) = list.split_first() {
            let (length, rest) = match first.checked_sub(128) {
                None => (usize::from(*first), rest),
                Some(low) => {
                    let (high, rest) = rest.split_first()?;
                    (usize::from(low) + 128 * usize::from(*high), rest)
                }
            };
            let (token, rest) = rest.split_at_checked(length)?;
            tokens.push(bytes_of(token));
            list = rest;
        }
        let mut numbers = HashMap::with_capacity(tokens.len());
        for (number, bytes) in tokens.iter().enumerate() {
            numbers.entry(bytes.clone()).or_insert(number);
        }
        (!tokens.is_empty()).then_some(Self {
            bytes: tokens,
            numbers,
        })
    }

    /// The tokens up to the first one that is not of this vocabulary.
    pub(super) fn known<'a>(&self, tokens: &'a [i64]) -> &'a [i64] {
        let known = |token: &&i64| usize::try_from(**token).is_ok_and(|id| id < self.bytes.len());
        &tokens[..tokens.iter().take_while(known).count()]
    }

    /// The tokens of a word with the blank before it: of all neighbouring pairs, the one with the
    /// lowest number is joined, until none is left, as in SentencePiece. `None` where a letter has
    /// no token.
    pub(super) fn tokens(&self, word: &str) -> Option<Vec<i64>> {
        let mut edges: Vec<usize> = word.char_indices().map(|(at, _)| at).collect();
        edges.push(word.len());
        let number = |from: usize, to: usize| self.numbers.get(&word.as_bytes()[from..to]);
        loop {
            let pairs = edges.windows(3).enumerate();
            let lowest = pairs
                .filter_map(|(at, edge)| number(edge[0], edge[2]).map(|number| (number, at)))
                .min();
            let Some((_, at)) = lowest else { break };
            edges.remove(at + 1);
        }
        let tokens = edges.windows(2).map(|edge| number(edge[0], edge[1]));
        tokens.map(|token| i64::try_from(*token?).ok()).collect()
    }

    /// The text that `tokens` stand for, without blanks at its ends.
    pub(super) fn text(&self, tokens: &[i64]) -> String {
        let bytes = |token: &i64| self.bytes.get(usize::try_from(*token).ok()?);
        let bytes: Vec<u8> = tokens.iter().filter_map(bytes).flatten().copied().collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

/// The bytes that a token of this name stands for.
fn bytes_of(name: &[u8]) -> Vec<u8> {
    let Ok(name) = str::from_utf8(name) else {
        return name.to_owned();
    };
    let mark = name
        .strip_prefix('<')
        .and_then(|name| name.strip_suffix('>'));
    match mark {
        None | Some("") => name.replace(BLANK, " ").into_bytes(),
        Some(mark) => {
            let byte = mark
                .strip_prefix("0x")
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            byte.into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_words_bytes_and_marks() {
        let mut list = vec![3];
        list.extend_from_slice(b"<s>");
        list.extend_from_slice(&[6]);
        list.extend_from_slice("\u{2581}caf".as_bytes());
        for byte in [b"<0xC3>", b"<0xA9>"] {
            list.push(6);
            list.extend_from_slice(byte);
        }
        list.push(0);
        // 130 bytes: the length takes two bytes.
        list.extend_from_slice(&[128 + 2, 1]);
        list.extend_from_slice(&[b'x'; 130]);
        let vocabulary = Vocabulary::parse(&list).unwrap();
        assert_eq!(vocabulary.text(&[0, 1, 2, 3, 4, -7, 99]), "café");
        assert_eq!(vocabulary.text(&[5]).len(), 130);
        assert_eq!(vocabulary.text(&[2]), "\u{fffd}");
    }

    #[test]
    fn refuses_a_list_that_is_cut_off() {
        for list in [&[][..], &[3, b'a'], &[129], &[130, 1, b'a']] {
            assert!(Vocabulary::parse(list).is_none());
        }
    }
}
