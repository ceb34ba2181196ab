//! Text as tokens: byte-pair encoding over bytes.
//!
//! The vocabulary is the one of GPT-2's scheme: a token is a sequence of bytes, its id the order in
//! which it was learned. Encoding merges, of all neighbouring pairs, the one learned first, until
//! none is left (Sennrich et al., 2016). The vocabulary file writes every byte as a printable
//! character.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::files::read_json;
use crate::SpeechError;

/// A piece of text longer than this, in bytes, is encoded in parts: merging is quadratic.
const PIECE_BYTES_MAX: usize = 256;

/// A vocabulary, and what it can do.
pub struct Tokenizer {
    /// The bytes of each ordinary token.
    bytes: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, u32>,
    special: HashMap<String, u32>,
}

#[derive(Deserialize)]
struct TokenizerFile {
    model: ModelPart,
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct ModelPart {
    vocab: HashMap<String, u32>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn open(path: &Path) -> Result<Self, SpeechError> {
        let file: TokenizerFile = read_json(path)?;
        let special: HashMap<String, u32> = file
            .added_tokens
            .into_iter()
            .map(|token| (token.content, token.id))
            .collect();
        let alphabet = alphabet();
        let mut ids = HashMap::with_capacity(file.model.vocab.len());
        for (written, id) in file.model.vocab {
            if special.contains_key(&written) {
                continue;
            }
            let bytes: Option<Vec<u8>> = written
                .chars()
                .map(|character| alphabet.get(&character).copied())
                .collect();
            let bytes = bytes.ok_or_else(|| SpeechError::ModelFile {
                path: path.to_owned(),
                reason: format!("token {id} is not written in bytes"),
            })?;
            ids.insert(bytes, id);
        }
        let size = ids.values().max().map_or(0, |id| *id as usize + 1);
        let mut bytes = vec![Vec::new(); size];
        for (token, id) in &ids {
            bytes[*id as usize].clone_from(token);
        }
        Ok(Self {
            bytes,
            ids,
            special,
        })
    }

    /// The token with a meaning of its own that is written like this.
    pub(super) fn special(&self, written: &str) -> Option<u32> {
        self.special.get(written).copied()
    }

    /// The bytes that a token stands for: none for one with a meaning of its own. They may be a
    /// part of a character.
    pub(super) fn bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], Vec::as_slice)
    }

    /// The text of tokens. Bytes that are no text, such as a part of a character, are left out.
    pub fn decode(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|token| self.bytes(*token))
            .copied()
            .collect();
        bytes.utf8_chunks().map(|chunk| chunk.valid()).collect()
    }

    /// The tokens of a text.
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        pieces(text)
            .flat_map(|piece| piece.as_bytes().chunks(PIECE_BYTES_MAX))
            .flat_map(|piece| self.merge(piece))
            .collect()
    }

    fn merge(&self, piece: &[u8]) -> Vec<u32> {
        // Where the tokens found so far begin, and the end.
        let mut edges: Vec<usize> = (0..=piece.len()).collect();
        loop {
            let pairs = edges.windows(3).enumerate();
            let first_learned = pairs
                .filter_map(|(at, edge)| self.ids.get(&piece[edge[0]..edge[2]]).map(|id| (id, at)))
                .min();
            let Some((_, at)) = first_learned else { break };
            edges.remove(at + 1);
        }
        let tokens = edges
            .windows(2)
            .map(|edge| self.ids.get(&piece[edge[0]..edge[1]]));
        tokens.flatten().copied().collect()
    }
}

/// The byte that each character of the vocabulary file stands for. Printable characters of Latin 1
/// stand for themselves, the other bytes are numbered from U+0100.
fn alphabet() -> HashMap<char, u8> {
    let mut next = 0x100..;
    (0..=u8::MAX)
        .filter_map(|byte| {
            let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
            let code = if printable {
                Some(u32::from(byte))
            } else {
                next.next()
            };
            Some((char::from_u32(code?)?, byte))
        })
        .collect()
}

/// What kind of character a piece is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Letter,
    Number,
    Other,
}

impl Kind {
    fn of(character: char) -> Self {
        if character.is_whitespace() {
            Self::Blank
        } else if character.is_alphabetic() {
            Self::Letter
        } else if character.is_numeric() {
            Self::Number
        } else {
            Self::Other
        }
    }
}

/// Cuts a text where tokens never reach across: between letters, numbers and other characters, with
/// one blank before each staying attached, and around English endings after an apostrophe.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(piece_length(rest));
        rest = after;
        Some(piece)
    })
}

fn piece_length(text: &str) -> usize {
    let endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
    if let Some(ending) = endings.iter().find(|ending| text.starts_with(**ending)) {
        return ending.len();
    }
    let blanks = run_length(text, Kind::Blank);
    let body = text.strip_prefix(' ').unwrap_or(text);
    let lead = text.len() - body.len();
    if blanks > lead {
        // More than one blank: the last one belongs to what follows, unless nothing does.
        let last = text[..blanks].chars().next_back().map_or(0, char::len_utf8);
        return if blanks == text.len() || blanks == last {
            blanks
        } else {
            blanks - last
        };
    }
    match body.chars().next() {
        Some(character) => lead + run_length(body, Kind::of(character)),
        None => lead,
    }
}

/// Bytes at the start of the text that are characters of this kind.
fn run_length(text: &str, kind: Kind) -> usize {
    text.find(|character| Kind::of(character) != kind)
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::models;

    /// The ids are those of the published tokenizer (crate `tokenizers`, same file).
    #[test]
    fn encodes_as_published() {
        let Some(tokenizer) = tokenizer() else { return };
        let cases: [(&str, &[u32]); 4] = [
            (
                "Hello world, it's  3.5 o'clock!\n",
                &[
                    15947, 1002, 11, 309, 311, 220, 805, 13, 20, 277, 6, 9023, 0, 198,
                ],
            ),
            (
                "以下是普通话的句子。",
                &[
                    3588, 4438, 1541, 29993, 19550, 21596, 1546, 34592, 7626, 1543,
                ],
            ),
            (
                "naïve café — 日本語テスト 🎉",
                &[
                    629, 15487, 303, 25118, 3466, 220, 27311, 31348, 22985, 40498, 19034, 231,
                ],
            ),
            (
                " don't\tI'll  we've",
                &[500, 380, 197, 40, 603, 220, 321, 600],
            ),
        ];
        for (text, tokens) in cases {
            assert_eq!(tokenizer.encode(text), tokens, "{text}");
            assert_eq!(tokenizer.decode(tokens), text);
        }
    }

    #[test]
    fn decodes_what_it_encodes() {
        let Some(tokenizer) = tokenizer() else { return };
        proptest!(|(text in "\\PC{0,40}|[ \\n\\ta-z'0-9]{0,40}|[一-龥，。]{0,120}")| {
            prop_assert_eq!(tokenizer.decode(&tokenizer.encode(&text)), text);
        });
    }

    #[test]
    fn special_tokens_have_no_text() {
        let Some(tokenizer) = tokenizer() else { return };
        assert_eq!(tokenizer.special("<|startofprev|>"), Some(50361));
        assert_eq!(
            tokenizer.decode(&[50258, 50260, 15947, 50257, u32::MAX]),
            "Hello"
        );
        // A blank and the first bytes of a character.
        assert_eq!(tokenizer.decode(&[15947, 27311, 19034]), "Hello日本 ");
    }

    #[test]
    fn pieces_end_where_the_kind_of_character_changes() {
        let text = "we'll  see\u{3000}3 cats, 猫3只\n";
        let pieces: Vec<&str> = pieces(text).collect();
        assert_eq!(
            pieces,
            [
                "we", "'ll", " ", " see", "\u{3000}", "3", " cats", ",", " 猫", "3", "只", "\n"
            ]
        );
    }

    fn tokenizer() -> Option<Tokenizer> {
        let (folder, _) = models("whisper-base")?;
        Some(Tokenizer::open(&folder.join("tokenizer.json")).unwrap())
    }
}
