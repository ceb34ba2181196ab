//! Perceptual enhancement: strengthens what repeats with the pitch, at unchanged loudness.

use super::filters::{inner_product, rms};

/// Samples that are enhanced at a time: two subframes.
const LEN: usize = 80;
/// Longest lag at which the next period, too, is at hand.
const FORWARD_LAG_MAX: usize = 40;
/// Filters that move a signal by parts of a sample.
const FRACTIONS: [[f32; 7]; 3] = [
    [
        -0.011_915, 0.046_995, -0.152_373, 0.614_108, 0.614_108, -0.152_373, 0.046_995,
    ],
    [
        -0.032_485_5,
        0.085_976_8,
        -0.204_298_6,
        0.964_029_7,
        0.208_642,
        -0.030_205_4,
        -0.006_364_6,
    ],
    [
        -0.006_364_6,
        -0.030_205_4,
        0.208_642,
        0.964_029_7,
        -0.204_298_6,
        0.085_976_8,
        -0.032_485_5,
    ],
];

/// Writes the enhanced samples from `at` on to `out`.
pub(super) fn enhance(excitation: &[f32], at: usize, lag: usize, strength: f32, out: &mut [f32]) {
    let current = &excitation[at..at + LEN];
    let is_long = lag > FORWARD_LAG_MAX;
    let near = shifted(excitation, at, lag.cast_signed());
    let far = match lag.cast_signed() {
        lag if is_long => shifted(excitation, at, 2 * lag),
        lag => shifted(excitation, at, -lag),
    };
    let floor = 0.4 * strength + 0.07;
    let slope = 0.5 + 1.72 * (floor - 0.07);
    let level = (1.0 + inner_product(current, current)).sqrt();
    let gain = |other: &[f32; LEN]| {
        let other_level = (1_000.0 + inner_product(other, other)).sqrt();
        let likeness = inner_product(other, current).max(0.0);
        let likeness = (likeness / level / other_level).min(1.0);
        floor / f32::max(1.0 - slope * likeness * likeness, floor) * level / other_level
    };
    let (near_share, far_share) = if is_long { (0.7, 0.3) } else { (0.6, 0.6) };
    let (near_gain, far_gain) = (near_share * gain(&near), far_share * gain(&far));
    for (index, sample) in out.iter_mut().enumerate() {
        *sample = current[index] + near_gain * near[index] + far_gain * far[index];
    }
    let new_level = rms(out).max(1.0);
    let old_level = rms(current).max(1.0).min(new_level);
    for sample in out {
        *sample *= old_level / new_level;
    }
}

/// The signal about `lag` samples earlier, where it is most like that at `at`.
fn shifted(excitation: &[f32], at: usize, lag: isize) -> [f32; LEN] {
    let current = &excitation[at..at + LEN];
    // Three samples to either side of the lag.
    let window = |offset: usize| {
        let start = at.wrapping_add_signed(offset.cast_signed() - 3 - lag);
        &excitation[start..start + LEN]
    };
    let whole: [f32; 7] = std::array::from_fn(|offset| inner_product(current, window(offset)));
    let mut best = (whole[0], None, 0);
    for (offset, &likeness) in whole.iter().enumerate() {
        if likeness > best.0 {
            best = (likeness, None, offset);
        }
    }
    for fraction in &FRACTIONS {
        for offset in 0..7usize {
            let taps = 3usize.saturating_sub(offset)..(10 - offset).min(7);
            let likeness = taps
                .map(|tap| fraction[tap] * whole[offset + tap - 3])
                .sum();
            if likeness > best.0 {
                best = (likeness, Some(fraction), offset);
            }
        }
    }
    let (_, fraction, offset) = best;
    std::array::from_fn(|index| match fraction {
        None => window(offset)[index],
        Some(fraction) => {
            let from = at.wrapping_add_signed(offset.cast_signed() - 6 - lag) + index;
            inner_product(fraction, &excitation[from..from + 7])
        }
    })
}
