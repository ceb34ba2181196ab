//! Spotting the loop that a decoder is caught in.
//!
//! Autoregressive decoders now and then say their newest words again and again, until their token
//! limit. People repeat themselves as well, so only what nobody says counts as a loop: a single
//! token six times, a short phrase four times, a longer one three times, directly in a row.

/// The longest repeated phrase that is looked for, in tokens.
const PHRASE_TOKENS_MAX: usize = 16;

/// If `tokens` ends in a loop: the number of tokens up to and including the loop's first turn.
///
/// To be asked after every token, since it looks at the end only.
pub(crate) fn loop_end<T: PartialEq>(tokens: &[T]) -> Option<usize> {
    (1..=PHRASE_TOKENS_MAX).find_map(|phrase| {
        let turns = turns_of_a_loop(phrase);
        let start = tokens.len().checked_sub(phrase * turns)?;
        let (first, again) = tokens[start..].split_at(phrase);
        again
            .chunks_exact(phrase)
            .all(|turn| turn == first)
            .then_some(start + phrase)
    })
}

fn turns_of_a_loop(phrase: usize) -> usize {
    match phrase {
        1 => 6,
        2..=4 => 4,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_loops_of_any_phrase() {
        assert_eq!(loop_end(&[7, 5, 5, 5, 5, 5, 5]), Some(2));
        assert_eq!(loop_end(&[9, 1, 2, 1, 2, 1, 2, 1, 2]), Some(3));
        assert_eq!(
            loop_end(&[1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]),
            Some(5)
        );
    }

    #[test]
    fn lets_people_repeat_themselves() {
        assert_eq!(loop_end::<i64>(&[]), None);
        assert_eq!(loop_end(&[8, 8, 8, 8, 8]), None);
        assert_eq!(loop_end(&[1, 2, 3, 1, 2, 3, 1, 2, 3]), None);
        assert_eq!(loop_end(&[5, 5, 5, 5, 5, 5, 6]), None);
    }
}
