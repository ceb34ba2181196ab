//! Line spectral pairs: how the shape of the spectrum is stored and made a filter again.

use std::f32::consts::PI;

use super::bits::Bits;
use super::tables;

/// Coefficients of the low band's filter.
pub(super) const NARROW_ORDER: usize = 10;
/// Coefficients of a high band's filter.
pub(super) const WIDE_ORDER: usize = 8;

/// Reads the pairs of a low band with 18 bits.
pub(super) fn read_coarse(bits: &mut Bits<'_>) -> [f32; NARROW_ORDER] {
    let mut pairs = linear(0.25, 0.25);
    refine(&mut pairs, &tables::LSP_NARROW, 0.003_906_2, bits);
    refine(
        &mut pairs[..5],
        &tables::LSP_NARROW_LOW_1,
        0.001_953_1,
        bits,
    );
    refine(
        &mut pairs[5..],
        &tables::LSP_NARROW_HIGH_1,
        0.001_953_1,
        bits,
    );
    pairs
}

/// Reads the pairs of a low band with 30 bits.
pub(super) fn read_fine(bits: &mut Bits<'_>) -> [f32; NARROW_ORDER] {
    let mut pairs = linear(0.25, 0.25);
    refine(&mut pairs, &tables::LSP_NARROW, 0.003_906_2, bits);
    refine(
        &mut pairs[..5],
        &tables::LSP_NARROW_LOW_1,
        0.001_953_1,
        bits,
    );
    refine(
        &mut pairs[..5],
        &tables::LSP_NARROW_LOW_2,
        0.000_976_56,
        bits,
    );
    refine(
        &mut pairs[5..],
        &tables::LSP_NARROW_HIGH_1,
        0.001_953_1,
        bits,
    );
    refine(
        &mut pairs[5..],
        &tables::LSP_NARROW_HIGH_2,
        0.000_976_56,
        bits,
    );
    pairs
}

/// Reads the pairs of a high band.
pub(super) fn read_wide(bits: &mut Bits<'_>) -> [f32; WIDE_ORDER] {
    let mut pairs = linear(0.75, 0.3125);
    refine(&mut pairs, &tables::LSP_WIDE_1, 0.003_906_2, bits);
    refine(&mut pairs, &tables::LSP_WIDE_2, 0.001_953_1, bits);
    pairs
}

fn linear<const N: usize>(first: f32, step: f32) -> [f32; N] {
    std::array::from_fn(|index| first + step * index as f32)
}

/// Adds the vector that the next six bits choose.
fn refine(pairs: &mut [f32], table: &[i8], scale: f32, bits: &mut Bits<'_>) {
    let row = bits.take(6) * pairs.len();
    for (pair, &step) in pairs.iter_mut().zip(&table[row..]) {
        *pair += scale * f32::from(step);
    }
}

/// The pairs of one of four subframes, between two frames; `margin` keeps the filter stable.
pub(super) fn interpolate<const N: usize>(
    old: &[f32; N],
    new: &[f32; N],
    subframe: usize,
    margin: f32,
) -> [f32; N] {
    let share = (1 + subframe) as f32 / 4.0;
    let mut pairs = std::array::from_fn(|i| (1.0 - share) * old[i] + share * new[i]);
    pairs[0] = f32::max(pairs[0], margin);
    pairs[N - 1] = pairs[N - 1].min(PI - margin);
    for i in 1..N - 1 {
        pairs[i] = pairs[i].max(pairs[i - 1] + margin);
        if pairs[i] > pairs[i + 1] - margin {
            pairs[i] = 0.5 * (pairs[i] + pairs[i + 1] - margin);
        }
    }
    pairs
}

/// The all-pole filter that has these pairs: the impulse response of the mean of the two
/// polynomials, each a cascade of second-order sections.
pub(super) fn to_filter<const N: usize>(pairs: &[f32; N]) -> [f32; N] {
    let cosines = pairs.map(f32::cos);
    let mut sections = [[0.0f32; 2]; N];
    let mut ends = [0.0; 2];
    let mut impulse = 1.0;
    let mut response = |cosines: &[f32; N]| {
        let mut chains = [impulse; 2];
        impulse = 0.0;
        for (index, (cosine, section)) in cosines.iter().zip(&mut sections).enumerate() {
            let chain = &mut chains[index % 2];
            let output = *chain - 2.0 * cosine * section[0] + section[1];
            *section = [*chain, section[0]];
            *chain = output;
        }
        let sum = chains[0] + ends[0] + chains[1] - ends[1];
        ends = chains;
        0.5 * sum
    };
    response(&cosines);
    std::array::from_fn(|_| response(&cosines))
}
