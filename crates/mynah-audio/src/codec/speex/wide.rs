//! A high band: doubles the rate of what is below it. Wideband has one of them, ultra-wideband two.

use std::f32::consts::SQRT_2;

use super::bits::Bits;
use super::filters::{Noise, QuadratureMirror, all_pole, rms};
use super::lsp::{self, WIDE_ORDER};
use super::narrow::Shape;
use super::{Corrupt, Side, tables};

const SUBFRAMES: usize = 4;
const LSP_MARGIN: f32 = 0.05;

/// Decodes a high band and joins it with the band below.
pub(super) struct Wide {
    /// Samples of a frame of either band.
    frame: usize,
    /// Highest mode of this layer.
    mode_max: usize,
    /// How much of the lower band's innovation is mirrored where none is sent.
    folding: f32,
    filter: [f32; WIDE_ORDER],
    filter_memory: [f32; WIDE_ORDER],
    pairs: [f32; WIDE_ORDER],
    is_first: bool,
    /// Excitation of the subframe before: this band lags as the lower one does.
    lagging: Vec<f32>,
    last_level: f32,
    noise: Noise,
    mirror: QuadratureMirror,
}

impl Wide {
    /// The layer that makes 16 kHz of 8 kHz.
    pub(super) fn wideband() -> Self {
        Self::new(160, 4, 0.9)
    }

    /// The layer that makes 32 kHz of 16 kHz.
    pub(super) fn ultra_wideband() -> Self {
        Self::new(320, 1, 0.7)
    }

    fn new(frame: usize, mode_max: usize, folding: f32) -> Self {
        Self {
            frame,
            mode_max,
            folding,
            filter: [0.0; WIDE_ORDER],
            filter_memory: [0.0; WIDE_ORDER],
            pairs: [0.0; WIDE_ORDER],
            is_first: true,
            lagging: vec![0.0; frame / SUBFRAMES],
            last_level: 0.0,
            noise: Noise::new(),
            mirror: QuadratureMirror::new(),
        }
    }

    /// Reads which mode comes next; 0 where this layer was left out.
    fn read_mode(&self, bits: &mut Bits<'_>) -> Result<usize, Corrupt> {
        if bits.left() == 0 || bits.peek(1) == 0 {
            return Ok(0);
        }
        let mode = bits.take(4) & 7;
        if mode > self.mode_max {
            Err(Corrupt)
        } else {
            Ok(mode)
        }
    }

    /// Decodes one frame on top of `low`; `side` comes from the band below and goes to the next.
    pub(super) fn decode(
        &mut self,
        bits: &mut Bits<'_>,
        low: &[f32],
        side: &mut Side,
    ) -> Result<Vec<f32>, Corrupt> {
        let mode = self.read_mode(bits)?;
        let mut high = vec![0.0; self.frame];
        let below = std::mem::take(&mut side.innovation);
        side.innovation = vec![0.0; 2 * self.frame];
        if mode == 0 {
            self.unsent(side.is_silent, &mut high);
        } else {
            self.sent(mode, bits, &below, &mut high, side);
        }
        let mut out = vec![0.0; 2 * self.frame];
        self.mirror.join(low, &high, &mut out);
        Ok(out)
    }

    /// Lets the last frame die away, or during announced silence fills it with noise.
    fn unsent(&mut self, is_silent: bool, high: &mut [f32]) {
        self.is_first = true;
        if is_silent {
            high.fill_with(|| self.noise.next(self.last_level));
        }
        all_pole(high, &self.filter, &mut self.filter_memory);
    }

    fn sent(
        &mut self,
        mode: usize,
        bits: &mut Bits<'_>,
        below: &[f32],
        high: &mut [f32],
        side: &mut Side,
    ) {
        let pairs = lsp::read_wide(bits);
        if std::mem::take(&mut self.is_first) {
            self.pairs = pairs;
        }
        let len = self.frame / SUBFRAMES;
        let mut power = 0.0;
        for (subframe, signal) in high.chunks_exact_mut(len).enumerate() {
            let filter =
                lsp::to_filter(&lsp::interpolate(&self.pairs, &pairs, subframe, LSP_MARGIN));
            let ratio = respond(&filter, subframe, side);
            let range = subframe * len..(subframe + 1) * len;
            let excitation = match innovation(mode) {
                None => self.fold(&below[range], ratio, bits),
                Some(shape) => {
                    // A subframe of 80 samples has twice the energy of one of 40.
                    let length_gain = if len == 80 { SQRT_2 } else { 1.0 };
                    let scale = length_gain * side.levels[subframe] / ratio;
                    fresh(shape, mode == 4, scale, len, bits)
                }
            };
            for (slot, &sample) in side.innovation[2 * subframe * len..]
                .chunks_exact_mut(2)
                .zip(&excitation)
            {
                slot[0] = sample;
            }
            signal.copy_from_slice(&self.lagging);
            all_pole(signal, &self.filter, &mut self.filter_memory);
            self.lagging = excitation;
            self.filter = filter;
            side.levels[subframe] = rms(&self.lagging);
            power += side.levels[subframe].powi(2) / SUBFRAMES as f32;
        }
        self.last_level = power.sqrt();
        self.pairs = pairs;
    }

    /// Mirrors the innovation of the lower band into this one.
    fn fold(&self, below: &[f32], ratio: f32, bits: &mut Bits<'_>) -> Vec<f32> {
        let gain = (0.125 * (bits.take(5) as f32 - 10.0)).exp() / ratio * self.folding;
        let signs = [gain, -gain].into_iter().cycle();
        below
            .iter()
            .zip(signs)
            .map(|(sample, gain)| gain * sample)
            .collect()
    }
}

/// The ratio between the filters of the two bands where they meet; notes this band's response at
/// its far end for the layer above.
fn respond(filter: &[f32; WIDE_ORDER], subframe: usize, side: &mut Side) -> f32 {
    let alternating: f32 = filter.chunks_exact(2).map(|pair| pair[1] - pair[0]).sum();
    let below = std::mem::replace(
        &mut side.responses[subframe],
        1.0 + filter.iter().sum::<f32>(),
    );
    (below + 0.01) / (1.0 + alternating + 0.01)
}

/// The codebook of a mode; mode 1 has none.
fn innovation(mode: usize) -> Option<Shape> {
    match mode {
        2 => Some(Shape {
            table: &tables::SHAPE_WIDE_10_32,
            len: 10,
            bits: 5,
            has_sign: false,
        }),
        3 | 4 => Some(Shape {
            table: &tables::SHAPE_WIDE_8_128,
            len: 8,
            bits: 7,
            has_sign: true,
        }),
        _ => None,
    }
}

/// Reads a subframe's gain and innovation.
fn fresh(shape: Shape, is_doubled: bool, scale: f32, len: usize, bits: &mut Bits<'_>) -> Vec<f32> {
    const GAINS: [f32; 16] = [
        0.979_79, 1.283_84, 1.682_23, 2.204_26, 2.888_29, 3.784_58, 4.959, 6.497_87, 8.514_28,
        11.156_42, 14.618_46, 19.154_84, 25.098_95, 32.887_61, 43.093_25, 56.465_88,
    ];
    let scale = scale * 0.8736 * GAINS[bits.take(4)];
    let mut out = vec![0.0; len];
    shape.add(&mut out, scale, bits);
    if is_doubled {
        shape.add(&mut out, 0.4 * scale, bits);
    }
    out
}
