//! What a recogniser remembers of an utterance that is still growing.

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
/// `named` are the tokens that the decoder names after none, one, two, … of the draft's.
pub(crate) fn confirmed(draft: &[i64], named: &[i64]) -> usize {
    draft
        .iter()
        .zip(named)
        .take_while(|(draft, named)| draft == named)
        .count()
}

/// For each row of a decoder's scores, `vocabulary` scores after `vocabulary`, the best token.
pub(crate) fn best_tokens(scores: &[f32], vocabulary: usize) -> Vec<i64> {
    let best = |row: &[f32]| {
        let better = |best: (i64, f32), (token, score): (i64, &f32)| {
            if *score > best.1 {
                (token, *score)
            } else {
                best
            }
        };
        (0..).zip(row).fold((0, f32::NEG_INFINITY), better).0
    };
    scores.chunks_exact(vocabulary.max(1)).map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirms_up_to_the_first_difference() {
        assert_eq!(confirmed(&[4, 5, 6], &[4, 5, 6, 7]), 3);
        assert_eq!(confirmed(&[4, 5, 6], &[4, 9, 6, 7]), 1);
        assert_eq!(confirmed(&[4, 5, 6], &[0, 5, 6, 7]), 0);
        assert_eq!(confirmed(&[], &[4]), 0);
    }

    #[test]
    fn finds_the_best_token_of_each_row() {
        assert_eq!(best_tokens(&[0.0, 2.0, 2.0, -3.0, -1.0, -2.0], 3), [1, 1]);
        assert_eq!(best_tokens(&[f32::NAN, f32::NAN], 2), [0]);
        assert_eq!(best_tokens(&[], 0), [0_i64; 0]);
    }
}
