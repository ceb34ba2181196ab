//! The search on a decoder of letters.

use mynah_text::HotWord;

use super::*;
use crate::HotWords;

const END: i64 = 26;

/// A decoder of letters: what it hears next depends on the number of letters alone.
struct Letters {
    heard: Vec<&'static [(char, f32)]>,
    advances: usize,
}

impl Decoder for Letters {
    type State = Vec<i64>;
    type Trace = usize;

    fn outlook(&self, state: &Vec<i64>, _: bool) -> Result<Vec<f32>, SpeechError> {
        let mut scores = vec![-20.0; 27];
        match self.heard.get(state.len()) {
            Some(letters) => {
                for (letter, probability) in *letters {
                    scores[token(*letter) as usize] = probability.ln();
                }
            }
            None => scores[END as usize] = 0.0,
        }
        Ok(scores)
    }

    fn advance(&mut self, state: &Vec<i64>, token: i64) -> Result<Vec<i64>, SpeechError> {
        self.advances += 1;
        Ok([state.as_slice(), &[token]].concat())
    }

    fn rewind(&self, state: &Vec<i64>, tokens: usize) -> Result<Vec<i64>, SpeechError> {
        Ok(state[..tokens].to_vec())
    }

    fn trace(&self, state: &Vec<i64>) -> Result<usize, SpeechError> {
        Ok(state.len())
    }

    fn text(&self, tokens: &[i64]) -> String {
        tokens
            .iter()
            .map(|token| char::from(b'a' + *token as u8))
            .collect()
    }
}

fn token(letter: char) -> i64 {
    i64::from(u32::from(letter) - u32::from('a'))
}

/// What is found with these hot words, and the decoder that found it.
fn search_letters(heard: &[&'static [(char, f32)]], hot_words: &[&str]) -> (Found<usize>, Letters) {
    let mut decoder = Letters {
        heard: heard.to_vec(),
        advances: 0,
    };
    let words = hot_words.iter().map(|word| HotWord::new(word, 4, None));
    let words = HotWords::new(words.collect());
    let trie = words.trie("letters", |word| vec![word.chars().map(token).collect()]);
    let goal = Goal {
        end: END,
        tokens_max: 20,
        hot_words: trie.as_deref(),
    };
    let found = search(&mut decoder, &[], Vec::new(), goal).unwrap();
    (found, decoder)
}

/// The complete text that is found, and the steps that it took.
fn find(heard: &[&'static [(char, f32)]], hot_words: &[&str]) -> (String, usize) {
    let (found, decoder) = search_letters(heard, hot_words);
    assert_eq!(found.ending, Ending::Complete);
    let steps: Vec<usize> = found.traces.iter().map(|trace| **trace).collect();
    assert_eq!(steps, (0..=found.tokens.len()).collect::<Vec<_>>());
    (decoder.text(&found.tokens), decoder.advances)
}

/// "unic told": the second letter may be an n, the fourth a k.
const HEARD: [&[(char, f32)]; 8] = [
    &[('u', 0.9)],
    &[('n', 0.6), ('m', 0.3)],
    &[('i', 0.9), ('y', 0.08)],
    &[('c', 0.7), ('k', 0.25)],
    &[('t', 0.9)],
    &[('o', 0.9)],
    &[('l', 0.9)],
    &[('d', 0.9)],
];

#[test]
fn without_hot_words_the_best_token_is_taken() {
    assert_eq!(find(&HEARD, &[]), ("unictold".to_owned(), 8));
}

#[test]
fn a_hot_word_that_was_nearly_heard_is_taken() {
    assert_eq!(find(&HEARD, &["mict"]).0, "umictold");
    assert_eq!(find(&HEARD, &["kto"]).0, "uniktold");
    assert_eq!(find(&HEARD, &["mi", "kto"]).0, "umiktold");
}

#[test]
fn a_hot_word_is_gone_on_with_where_its_beginning_was_heard() {
    assert_eq!(find(&HEARD, &["unikto"]).0, "uniktold");
}

#[test]
fn a_hot_word_costs_nothing_where_nothing_is_like_it() {
    let (text, steps) = find(&HEARD, &["mountain", "xylophone"]);
    assert_eq!((text.as_str(), steps), ("unictold", 8));
}

#[test]
fn a_text_that_repeats_itself_keeps_no_chances_behind_its_end() {
    const AGAIN: &[(char, f32)] = &[('a', 0.6), ('b', 0.3)];
    let (found, _) = search_letters(&[AGAIN; 12], &["axb"]);
    assert_eq!((found.ending, found.tokens), (Ending::Loop, vec![0]));
    for hot_word in ["ab", "aab"] {
        search_letters(&[AGAIN; 12], &[hot_word]);
    }
}

#[test]
fn a_hot_word_that_was_not_spoken_is_left() {
    const FAR: [&[(char, f32)]; 2] = [&[('a', 0.95), ('b', 0.02)], &[('c', 0.9)]];
    // Its first letters are near, its last one is not.
    assert_eq!(find(&HEARD, &["mix"]).0, "unictold");
    assert_eq!(find(&FAR, &["b"]).0, "ac");
}
