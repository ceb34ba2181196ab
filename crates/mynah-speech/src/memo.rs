//! What a recogniser remembers of an utterance that is still growing.

use crate::hot_words::Trie;
use crate::search::best_token;

/// Tokens at the end of a draft that more audio may turn into a hot word.
const NEWEST_TOKENS: usize = 6;

/// The tokens that a recogniser heard in an utterance so far, for when it hears more of it.
///
/// Partial text needs the same audio recognised again and again, each time a little more of it.
/// Most of what is heard again is what was heard before, and checking a token is much cheaper than
/// finding it: all of them are checked in one go. The tokens are those of one engine, so a memo
/// belongs to one recogniser and one utterance; a wrong one is found out and costs a little time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memo {
    pub(crate) tokens: Vec<i64>,
}

/// The number of `draft`'s tokens that a decoder confirms.
///
/// `scores` are the decoder's rows of `vocabulary` scores after none, one, two, … of the draft's
/// tokens. Where there are hot words, what is newest is not confirmed: it may have to be written
/// again with one of them.
pub(crate) fn confirmed(
    draft: &[i64],
    scores: &[f32],
    vocabulary: usize,
    hot_words: Option<&Trie>,
) -> usize {
    let rows = scores.chunks_exact(vocabulary.max(1));
    let best = draft.iter().zip(rows);
    let count = best
        .take_while(|(token, row)| **token == best_token(row))
        .count();
    if hot_words.is_some() {
        count.min(draft.len().saturating_sub(NEWEST_TOKENS))
    } else {
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of a vocabulary of ten, in which these tokens are best.
    fn naming(tokens: &[usize]) -> Vec<f32> {
        let mut scores = vec![0.0; tokens.len() * 10];
        for (row, token) in tokens.iter().enumerate() {
            scores[row * 10 + token] = 9.0;
        }
        scores
    }

    #[test]
    fn confirms_up_to_the_first_difference() {
        let count = |draft: &[i64], named: &[usize]| confirmed(draft, &naming(named), 10, None);
        assert_eq!(count(&[4, 5, 6], &[4, 5, 6, 7]), 3);
        assert_eq!(count(&[4, 5, 6], &[4, 9, 6, 7]), 1);
        assert_eq!(count(&[4, 5, 6], &[0, 5, 6, 7]), 0);
        assert_eq!(count(&[], &[4]), 0);
    }

    #[test]
    fn finds_the_best_token_of_a_row() {
        assert_eq!(best_token(&[0.0, 2.0, 2.0]), 1);
        assert_eq!(best_token(&[-3.0, -1.0, -2.0]), 1);
        assert_eq!(best_token(&[f32::NAN, f32::NAN]), 0);
    }
}
