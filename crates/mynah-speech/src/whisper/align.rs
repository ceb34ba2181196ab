//! Where the decoder listened while it wrote: the times of tokens.
//!
//! Some attention heads of the decoder follow the audio in the order of the text. As the authors of
//! Whisper do for word times (`whisper/timing.py` of the published code), their weights are
//! normalised, smoothed, averaged, and the best monotone path through tokens and encoder rows is
//! found by dynamic time warping.

/// Rows over which the median of weights is taken.
const MEDIAN_ROWS: usize = 7;

/// Finds the path. `attention` has, for each foreseen token, the weights of each alignment head for
/// each of `rows` encoder rows. Gives the first row of each token.
pub(super) fn first_rows<T: AsRef<Vec<f32>>>(attention: &[T], rows: usize) -> Vec<usize> {
    let tokens = attention.len();
    if tokens == 0 || rows == 0 {
        return vec![0; tokens];
    }
    let heads = attention[0].as_ref().len() / rows;
    let mut sum = vec![0.0; tokens * rows];
    for head in 0..heads {
        let mut weights: Vec<f32> = attention
            .iter()
            .flat_map(|all| shares(&all.as_ref()[head * rows..(head + 1) * rows]))
            .collect();
        standardise_rows(&mut weights, rows);
        for (sum, weights) in sum.chunks_exact_mut(rows).zip(weights.chunks_exact(rows)) {
            add_medians(weights, sum);
        }
    }
    warp(&sum, rows)
}

/// Scales weights so that they add up to one.
fn shares(weights: &[f32]) -> impl Iterator<Item = f32> {
    let sum: f32 = weights.iter().sum();
    let scale = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    weights.iter().map(move |weight| weight * scale)
}

/// Shifts and scales the weights of each row to mean 0 and deviation 1 over the tokens.
fn standardise_rows(weights: &mut [f32], rows: usize) {
    let tokens = (weights.len() / rows) as f32;
    for row in 0..rows {
        let column = || weights.iter().skip(row).step_by(rows);
        let mean = column().sum::<f32>() / tokens;
        let variance = column().map(|weight| (weight - mean).powi(2)).sum::<f32>() / tokens;
        let scale = if variance > 0.0 {
            variance.sqrt().recip()
        } else {
            0.0
        };
        for weight in weights.iter_mut().skip(row).step_by(rows) {
            *weight = (*weight - mean) * scale;
        }
    }
}

/// Adds to each value of `sum` the median of the weights around it, mirrored at both ends.
fn add_medians(weights: &[f32], sum: &mut [f32]) {
    let reach = MEDIAN_ROWS / 2;
    let last = weights.len() - 1;
    for (row, sum) in sum.iter_mut().enumerate() {
        let mut window = [0.0; MEDIAN_ROWS];
        for (offset, value) in window.iter_mut().enumerate() {
            let at = (row + offset).abs_diff(reach);
            let at = if at > last {
                (2 * last).saturating_sub(at)
            } else {
                at
            };
            *value = weights[at];
        }
        window.sort_unstable_by(f32::total_cmp);
        *sum += window[reach];
    }
}

/// How a path came to a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    /// From the token before and the row before.
    Both,
    /// From the row before, with the same token.
    Row,
    /// From the token before, in the same row.
    Token,
}

/// The first row of each token on the monotone path, from the first token and row to the last ones,
/// with the greatest sum of `gains`, which are given token by token.
fn warp(gains: &[f32], rows: usize) -> Vec<usize> {
    let tokens = gains.len() / rows;
    let mut came = vec![Came::Row; gains.len()];
    // Best sums of the token before, one for each row, after an entry for no row.
    let mut before = vec![f32::NEG_INFINITY; rows + 1];
    before[0] = 0.0;
    for token in 0..tokens {
        let mut now = vec![f32::NEG_INFINITY; rows + 1];
        for row in 0..rows {
            let choices = [
                (before[row], Came::Both),
                (now[row], Came::Row),
                (before[row + 1], Came::Token),
            ];
            let (sum, from) =
                choices
                    .into_iter()
                    .fold((f32::NEG_INFINITY, Came::Both), |best, choice| {
                        if choice.0 > best.0 { choice } else { best }
                    });
            now[row + 1] = sum + gains[token * rows + row];
            came[token * rows + row] = from;
        }
        before = now;
    }
    trace(&came, tokens, rows)
}

fn trace(came: &[Came], tokens: usize, rows: usize) -> Vec<usize> {
    let mut first = vec![0; tokens];
    let (mut token, mut row) = (tokens - 1, rows - 1);
    loop {
        first[token] = row;
        let from = came[token * rows + row];
        if from != Came::Row {
            if token == 0 {
                break;
            }
            token -= 1;
        }
        if from != Came::Token {
            if row == 0 {
                break;
            }
            row -= 1;
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_rows_that_heads_listen_to() {
        // Tokens listen to rows 0..10, 10..35, 35..50; the second head is noise.
        let edges = [0, 10, 35, 50];
        let attention: Vec<Vec<f32>> = edges
            .windows(2)
            .map(|edge| {
                let listens = |row| {
                    if (edge[0]..edge[1]).contains(&row) {
                        0.9
                    } else {
                        0.01
                    }
                };
                let noise = |row: usize| 0.1 + 0.01 * (row * 7 % 5) as f32;
                (0..50).map(listens).chain((0..50).map(noise)).collect()
            })
            .collect();
        assert_eq!(first_rows(&attention, 50), [0, 10, 35]);
    }

    #[test]
    fn is_monotone_and_in_range_whatever_the_weights() {
        for (tokens, rows) in [(1, 1), (1, 9), (5, 2), (9, 4), (3, 40)] {
            let weights = |token: usize| {
                (0..2 * rows)
                    .map(|i| ((i * 31 + token * 17) % 11) as f32 * 0.1)
                    .collect()
            };
            let attention: Vec<Vec<f32>> = (0..tokens).map(weights).collect();
            let first = first_rows(&attention, rows);
            assert_eq!(first.len(), tokens);
            assert!(first.is_sorted() && first[0] == 0 && first[tokens - 1] < rows);
        }
        assert_eq!(first_rows::<Vec<f32>>(&[], 10), [0_usize; 0]);
        assert_eq!(first_rows(&[vec![0.0; 20], vec![0.0; 20]], 10).len(), 2);
    }

    #[test]
    fn medians_ignore_single_peaks() {
        let mut sum = vec![0.0; 9];
        add_medians(&[0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], &mut sum);
        assert_eq!(sum, [0.0; 9]);
        add_medians(&[1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0], &mut sum);
        assert_eq!(sum, [1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0]);
    }
}
