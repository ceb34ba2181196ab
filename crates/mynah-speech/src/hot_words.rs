//! Hot words as decoders use them: tries of tokens with a bonus on every step.
//!
//! A decoder that follows a hot word is paid for each token of it, and pays all of it back when it
//! leaves the word unfinished (contextual biasing by shallow fusion, <https://arxiv.org/abs/1906.09292>).
//! The words are spelt in the tokens of each recogniser once, whatever the number of utterances.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use mynah_text::{HotWord, Sound};

use crate::scheduler::lock;

/// Bonus of each token of a word, for each unit of its weight, in logarithms of probability.
const BONUS_PER_WEIGHT: f32 = 0.45;

/// The words that a stream's owner expects.
#[derive(Debug, Default)]
pub struct HotWords {
    words: Vec<HotWord>,
    /// The words in the tokens of each recogniser that asked for them.
    tries: Mutex<HashMap<String, Arc<Trie>>>,
}

impl HotWords {
    /// These words.
    pub fn new(words: Vec<HotWord>) -> Self {
        Self {
            words,
            tries: Mutex::default(),
        }
    }

    /// Whether no word is expected.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words in the tokens of a recogniser, named by `spelling`. `spell` gives every way in
    /// which the recogniser may write a word, none if it cannot.
    pub(crate) fn trie(
        &self,
        spelling: &str,
        spell: impl Fn(&str) -> Vec<Vec<i64>>,
    ) -> Option<Arc<Trie>> {
        if self.is_empty() {
            return None;
        }
        if let Some(trie) = lock(&self.tries).get(spelling) {
            return Some(trie.clone());
        }
        // Two workers may spell at the same time; both find the same.
        let mut trie = Trie::default();
        for word in &self.words {
            let bonus = f32::from(word.weight) * BONUS_PER_WEIGHT;
            for tokens in spell(&word.text) {
                trie.add(&tokens, bonus, &Sound::of(&word.text));
            }
        }
        let trie = Arc::new(trie);
        lock(&self.tries).insert(spelling.to_owned(), trie.clone());
        Some(trie)
    }
}

impl PartialEq for HotWords {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

/// The ways in which a word of a script with capitals may be written: as given, and with capitals
/// where the given form has none to tell.
pub(crate) fn written_forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let plain = word.to_lowercase();
    if word == plain || word == word.to_uppercase() {
        forms.push(with_capitals(&plain));
        forms.push(plain);
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn with_capitals(words: &str) -> String {
    let mut at_start = true;
    let capital = |letter: char| {
        let start = std::mem::replace(&mut at_start, !letter.is_alphanumeric() && letter != '\'');
        let upper = start.then(|| letter.to_uppercase());
        upper.map_or_else(|| letter.to_string(), Iterator::collect)
    };
    words.chars().map(capital).collect::<Vec<String>>().concat()
}

/// Words as sequences of tokens.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    /// How the words sound that begin with each token.
    sounds: HashMap<i64, Vec<Sound>>,
}

#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<i64, usize>,
    /// Bonus of the token that leads here.
    bonus: f32,
    /// Whether a word is complete here.
    complete: bool,
}

/// How far a text is inside a word.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    node: usize,
    /// Bonus that goes if the word is left unfinished.
    pending: f32,
}

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            sounds: HashMap::new(),
        }
    }
}

impl Trie {
    /// Adds a word. Of two bonuses for the same token the greater counts.
    fn add(&mut self, tokens: &[i64], bonus: f32, sound: &Sound) {
        let Some(first) = tokens.first() else { return };
        self.sounds.entry(*first).or_default().push(sound.clone());
        let mut at = 0;
        for token in tokens {
            let new = self.nodes.len();
            let node = *self.nodes[at].next.entry(*token).or_insert(new);
            if node == new {
                self.nodes.push(Node::default());
            }
            self.nodes[node].bonus = self.nodes[node].bonus.max(bonus);
            at = node;
        }
        self.nodes[at].complete = true;
    }

    /// The tokens that begin a word, and the bonus of each.
    pub(crate) fn begins(&self) -> impl Iterator<Item = (i64, f32)> {
        self.after(0)
    }

    /// The tokens that go on with the open word, and the bonus of each; none outside of words.
    pub(crate) fn goes_on(&self, progress: Progress) -> impl Iterator<Item = (i64, f32)> {
        let open = (progress.node != 0).then(|| self.after(progress.node));
        open.into_iter().flatten()
    }

    fn after(&self, node: usize) -> impl Iterator<Item = (i64, f32)> {
        let next = self.nodes[node].next.iter();
        next.map(|(token, node)| (*token, self.nodes[*node].bonus))
    }

    /// Whether a word that begins with this token sounds like the beginning of what was heard, but
    /// for this part of its letters.
    pub(crate) fn sounds_like(&self, token: i64, heard: &Sound, difference_max: f32) -> bool {
        let sounds = self.sounds.get(&token);
        sounds.is_some_and(|sounds| {
            let mut sounds = sounds.iter();
            sounds.any(|sound| sound.begins(heard, difference_max))
        })
    }

    /// Where a token leads, and the bonus it earns: negative where it leaves a word.
    pub(crate) fn follow(&self, progress: Progress, token: i64) -> (Progress, f32) {
        let inside = self.nodes[progress.node].next.get(&token);
        let (node, given_back) = match inside {
            Some(node) => (*node, 0.0),
            None => (self.begin(token), progress.pending),
        };
        let at = &self.nodes[node];
        let pending = match (inside, at.complete) {
            (_, true) => 0.0,
            (Some(_), false) => progress.pending + at.bonus,
            (None, false) => at.bonus,
        };
        // A word that nothing longer begins with is over.
        let node = if at.next.is_empty() { 0 } else { node };
        (Progress { node, pending }, at.bonus - given_back)
    }

    /// The bonus that goes when the text ends here.
    pub(crate) fn unfinished(progress: Progress) -> f32 {
        progress.pending
    }

    fn begin(&self, token: i64) -> usize {
        self.nodes[0].next.get(&token).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Trie {
        let mut trie = Trie::default();
        let sound = Sound::default();
        trie.add(&[1, 2, 3], 1.0, &sound);
        trie.add(&[1, 2], 0.5, &sound);
        trie.add(&[4], 2.0, &sound);
        trie
    }

    /// The bonus of a whole text.
    fn bonus(trie: &Trie, text: &[i64]) -> f32 {
        let mut progress = Progress::default();
        let mut sum = 0.0;
        for token in text {
            let (next, bonus) = trie.follow(progress, *token);
            progress = next;
            sum += bonus;
        }
        sum - Trie::unfinished(progress)
    }

    #[test]
    fn only_whole_words_earn() {
        let trie = words();
        let earned: [(&[i64], f32); 7] = [
            (&[9, 4, 9], 2.0),
            (&[1, 9], 0.0),
            (&[1], 0.0),
            (&[1, 2, 9], 2.0),
            (&[1, 2, 3, 9], 3.0),
            (&[1, 1, 2], 2.0),
            (&[1, 2, 4, 9], 4.0),
        ];
        for (text, wanted) in earned {
            assert!((bonus(&trie, text) - wanted).abs() < 1e-6, "{text:?}");
        }
    }

    #[test]
    fn a_text_may_go_on_with_its_word() {
        let trie = words();
        let after = |text: &[i64]| {
            let follow = |progress, token: &i64| trie.follow(progress, *token).0;
            let progress = text.iter().fold(Progress::default(), follow);
            trie.goes_on(progress).collect::<Vec<_>>()
        };
        assert_eq!(trie.begins().collect::<Vec<_>>(), [(1, 1.0), (4, 2.0)]);
        assert_eq!(after(&[]), []);
        assert_eq!(after(&[1]), [(2, 1.0)]);
        assert_eq!(after(&[1, 2]), [(3, 1.0)]);
    }

    #[test]
    fn capitals_are_tried_where_none_are_given() {
        assert_eq!(
            written_forms("model studio"),
            ["Model Studio", "model studio"]
        );
        assert_eq!(written_forms("O'BRIEN"), ["O'BRIEN", "O'brien", "o'brien"]);
        assert_eq!(written_forms("iPhone"), ["iPhone"]);
        assert_eq!(written_forms("通义"), ["通义"]);
    }

    #[test]
    fn words_are_spelt_once_for_each_recogniser() {
        let words = HotWords::new(vec![HotWord::new("ab", 4, None)]);
        let spell = |word: &str| vec![word.bytes().map(i64::from).collect()];
        let trie = words.trie("bytes", spell).unwrap();
        assert!(Arc::ptr_eq(
            &trie,
            &words.trie("bytes", |_| Vec::new()).unwrap()
        ));
        assert!(bonus(&trie, &[97, 98]) > 0.0);
        assert!(HotWords::default().trie("bytes", spell).is_none());
    }
}
