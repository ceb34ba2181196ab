//! The low band: 8 kHz, frames of 20 ms, code-excited linear prediction.

use super::bits::Bits;
use super::comb;
use super::filters::{HighPass, Noise, all_pole, rms, widen};
use super::lsp::{self, NARROW_ORDER};
use super::tables;
use super::{Corrupt, Side};

/// Samples in a frame.
pub(super) const FRAME: usize = 160;
/// Samples in a subframe, of which a frame has four.
pub(super) const SUBFRAME: usize = 40;
/// Bits of a frame in each mode, with those that name the mode.
pub(super) const MODE_BITS: [usize; 9] = [5, 43, 119, 160, 220, 300, 364, 492, 79];
/// Bits of a frame of the layer above in each of its modes.
pub(super) const LAYER_BITS: [usize; 5] = [4, 36, 112, 192, 352];

const PITCH_MIN: usize = 17;
const PITCH_MAX: usize = 144;
/// Samples before the current frame that are remembered: two pitch periods, the subframe by which
/// the output lags, and what the comb filter's interpolation reaches beyond.
const HISTORY: usize = 2 * PITCH_MAX + SUBFRAME + 6;
/// Samples behind the current frame that the comb filter may look at; always of the past.
const REACH: usize = 6;
/// Largest excitation that is believed.
const EXCITATION_MAX: f32 = 32_000.0;
const LSP_MARGIN: f32 = 0.002;

/// Decodes the low band.
pub(super) struct Narrow {
    /// Excitation: the past, then the current frame.
    excitation: [f32; HISTORY + FRAME + REACH],
    filter: [f32; NARROW_ORDER],
    filter_memory: [f32; NARROW_ORDER],
    pairs: [f32; NARROW_ORDER],
    /// Whether there is no frame before to interpolate from.
    is_first: bool,
    high_pass: HighPass,
    noise: Noise,
    is_silent: bool,
    vocoder: Vocoder,
}

/// How a frame is coded.
struct Mode {
    /// Whether the pitch is given once a frame.
    has_frame_pitch: bool,
    /// Whether the pitch gain is given once a frame, for a single tap.
    has_frame_gain: bool,
    /// Bits of the gain of each subframe.
    gain_bits: usize,
    is_doubled: bool,
    /// Gains of the three pitch taps: table and its bits.
    taps: (&'static [i8], usize),
    pairs: fn(&mut Bits<'_>) -> [f32; NARROW_ORDER],
    innovation: Option<Shape>,
    comb_gain: f32,
}

/// A codebook that is put together from short vectors.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) table: &'static [i8],
    /// Samples in a vector.
    pub(super) len: usize,
    pub(super) bits: usize,
    pub(super) has_sign: bool,
}

impl Shape {
    /// Adds vectors to all of `out`, as the bits choose them.
    pub(super) fn add(self, out: &mut [f32], scale: f32, bits: &mut Bits<'_>) {
        for part in out.chunks_exact_mut(self.len) {
            let is_negative = self.has_sign && bits.take(1) == 1;
            let scale = if is_negative { -scale } else { scale } * 0.031_25;
            let row = bits.take(self.bits) * self.len;
            for (sample, &value) in part.iter_mut().zip(&self.table[row..]) {
                *sample += scale * f32::from(value);
            }
        }
    }
}

const fn shape(table: &'static [i8], len: usize, bits: usize) -> Shape {
    Shape {
        table,
        len,
        bits,
        has_sign: false,
    }
}

static COARSE: Mode = Mode {
    has_frame_pitch: false,
    has_frame_gain: false,
    gain_bits: 1,
    is_doubled: false,
    taps: (&tables::GAIN_COARSE, 5),
    pairs: lsp::read_coarse,
    innovation: None,
    comb_gain: 0.0,
};
static FINE: Mode = Mode {
    gain_bits: 3,
    taps: (&tables::GAIN_FINE, 7),
    pairs: lsp::read_fine,
    ..COARSE
};
/// The modes from 1 on; mode 0 sends nothing.
static MODES: [Mode; 8] = [
    Mode {
        has_frame_pitch: true,
        has_frame_gain: true,
        gain_bits: 0,
        ..COARSE
    },
    Mode {
        has_frame_pitch: true,
        gain_bits: 0,
        innovation: Some(shape(&tables::SHAPE_10_16, 10, 4)),
        comb_gain: 0.6,
        ..COARSE
    },
    Mode {
        innovation: Some(shape(&tables::SHAPE_10_32, 10, 5)),
        comb_gain: 0.55,
        ..COARSE
    },
    Mode {
        innovation: Some(shape(&tables::SHAPE_8_128, 8, 7)),
        comb_gain: 0.45,
        ..COARSE
    },
    Mode {
        innovation: Some(shape(&tables::SHAPE_5_64, 5, 6)),
        comb_gain: 0.25,
        ..FINE
    },
    Mode {
        innovation: Some(shape(&tables::SHAPE_5_256, 5, 8)),
        comb_gain: 0.15,
        ..FINE
    },
    Mode {
        innovation: Some(shape(&tables::SHAPE_5_64, 5, 6)),
        comb_gain: 0.05,
        is_doubled: true,
        ..FINE
    },
    Mode {
        has_frame_pitch: true,
        has_frame_gain: true,
        gain_bits: 0,
        innovation: Some(shape(&tables::SHAPE_20_32, 20, 5)),
        comb_gain: 0.5,
        ..COARSE
    },
];

/// What a frame says once for all of its subframes.
struct FrameParameters {
    pitch: usize,
    pitch_gain: f32,
    gain: f32,
}

impl Narrow {
    /// A decoder for a stream of its own, or for the low band of a wider one.
    pub(super) fn new(is_low_band: bool) -> Self {
        Self {
            excitation: [0.0; HISTORY + FRAME + REACH],
            filter: [0.0; NARROW_ORDER],
            filter_memory: [0.0; NARROW_ORDER],
            pairs: [0.0; NARROW_ORDER],
            is_first: true,
            high_pass: if is_low_band {
                HighPass::WIDE
            } else {
                HighPass::NARROW
            },
            noise: Noise::new(),
            is_silent: false,
            vocoder: Vocoder::default(),
        }
    }

    /// Decodes one frame; `side` gets what the layer above needs to know.
    pub(super) fn decode(
        &mut self,
        bits: &mut Bits<'_>,
        out: &mut [f32; FRAME],
        side: &mut Side,
    ) -> Result<(), Corrupt> {
        let number = read_mode(bits)?;
        self.excitation.copy_within(FRAME.., 0);
        side.innovation = vec![0.0; FRAME];
        match number.checked_sub(1).and_then(|index| MODES.get(index)) {
            None => self.comfort_noise(out),
            Some(mode) => self.speech(mode, number, bits, out, side),
        }
        side.is_silent = self.is_silent;
        for (subframe, level) in side.levels.iter_mut().enumerate() {
            *level = rms(self.current(subframe));
        }
        Ok(())
    }

    fn current(&self, subframe: usize) -> &[f32] {
        &self.excitation[HISTORY + subframe * SUBFRAME..][..SUBFRAME]
    }

    /// Nothing was sent: the last spectrum, filled with noise of the last level.
    fn comfort_noise(&mut self, out: &mut [f32; FRAME]) {
        let filter = widen(&self.filter, 0.93);
        let current = &mut self.excitation[HISTORY..HISTORY + FRAME];
        let level = rms(current);
        current.fill_with(|| self.noise.next(level));
        out.copy_from_slice(current);
        self.is_first = true;
        all_pole(out, &filter, &mut self.filter_memory);
    }

    fn speech(
        &mut self,
        mode: &Mode,
        number: usize,
        bits: &mut Bits<'_>,
        out: &mut [f32; FRAME],
        side: &mut Side,
    ) {
        let pairs = (mode.pairs)(bits);
        if std::mem::take(&mut self.is_first) {
            self.pairs = pairs;
        }
        let frame = self.read_frame(mode, number, bits);
        let mut pitch = PitchTrack::default();
        for (subframe, innovation) in side.innovation.chunks_exact_mut(SUBFRAME).enumerate() {
            let start = HISTORY + subframe * SUBFRAME;
            let (lag, tap) = self.read_pitch(mode, &frame, start, bits);
            pitch.add(lag, tap);
            self.read_innovation(mode, &frame, innovation, bits);
            let current = &mut self.excitation[start..start + SUBFRAME];
            for (sample, new) in current.iter_mut().zip(&*innovation) {
                *sample += new;
            }
            if number == 1 {
                self.vocoder.run(&frame, innovation, current);
            }
        }
        // The output lags by a subframe, so that the comb filter sees some of the future.
        let lagging = HISTORY - SUBFRAME;
        if mode.comb_gain > 0.0 {
            let (first, second) = out.split_at_mut(FRAME / 2);
            let gain = mode.comb_gain;
            comb::enhance(&self.excitation, lagging, pitch.best, gain, first);
            comb::enhance(
                &self.excitation,
                lagging + FRAME / 2,
                pitch.best,
                gain,
                second,
            );
        } else {
            out.copy_from_slice(&self.excitation[lagging..lagging + FRAME]);
        }
        self.synthesise(&pairs, out, side);
    }

    fn read_frame(&mut self, mode: &Mode, number: usize, bits: &mut Bits<'_>) -> FrameParameters {
        let pitch = if mode.has_frame_pitch {
            PITCH_MIN + bits.take(7)
        } else {
            PITCH_MIN
        };
        let pitch_gain = if mode.has_frame_gain {
            0.066_667 * bits.take(4) as f32
        } else {
            0.0
        };
        let gain = (bits.take(5) as f32 / 3.5).exp();
        let announces_silence = number == 1 && bits.take(4) == 15;
        self.is_silent = announces_silence;
        FrameParameters {
            pitch,
            pitch_gain,
            gain,
        }
    }

    /// Predicts a subframe from the past; returns the lag and the strength of the prediction.
    fn read_pitch(
        &mut self,
        mode: &Mode,
        frame: &FrameParameters,
        start: usize,
        bits: &mut Bits<'_>,
    ) -> (usize, f32) {
        if mode.has_frame_gain {
            let gain = frame.pitch_gain.min(0.99);
            for at in start..start + SUBFRAME {
                self.excitation[at] = bounded(self.excitation[at - frame.pitch] * gain);
            }
            return (frame.pitch, gain);
        }
        let lag = if mode.has_frame_pitch {
            frame.pitch
        } else {
            PITCH_MIN + bits.take(7)
        };
        let (table, table_bits) = mode.taps;
        let row = &table[bits.take(table_bits) * 3..][..3];
        let taps = [row[0], row[1], row[2]].map(|tap| 0.015_625 * f32::from(tap) + 0.5);
        let mut predicted = [0.0; SUBFRAME];
        for (offset, sample) in predicted.iter_mut().enumerate() {
            for (shift, tap) in taps.iter().rev().enumerate() {
                // Where a period is shorter than the subframe, it is repeated once.
                let reach = lag + 1 - shift;
                let back = if offset < reach { reach } else { reach + lag };
                if offset < reach + lag {
                    *sample += tap * self.excitation[start + offset - back];
                }
            }
        }
        self.excitation[start..start + SUBFRAME].copy_from_slice(&predicted.map(bounded));
        let outer = |tap: f32| if tap > 0.0 { tap } else { -0.5 * tap };
        (lag, taps[1].abs() + outer(taps[0]) + outer(taps[2]))
    }

    fn read_innovation(
        &mut self,
        mode: &Mode,
        frame: &FrameParameters,
        out: &mut [f32],
        bits: &mut Bits<'_>,
    ) {
        const GAINS_3: [f32; 8] = [
            0.061_130, 0.163_546, 0.310_413, 0.428_220, 0.555_887, 0.719_055, 0.938_694, 1.326_874,
        ];
        const GAINS_1: [f32; 2] = [0.704_69, 1.051_27];
        let gain = frame.gain
            * match mode.gain_bits {
                3 => GAINS_3[bits.take(3)],
                1 => GAINS_1[bits.take(1)],
                _ => 1.0,
            };
        let Some(shape) = mode.innovation else {
            out.fill_with(|| gain * self.noise.next(1.0));
            return;
        };
        shape.add(out, gain, bits);
        if mode.is_doubled {
            shape.add(out, 0.454_545 * gain, bits);
        }
    }

    /// Makes sound of the excitation in `out`.
    fn synthesise(&mut self, pairs: &[f32; NARROW_ORDER], out: &mut [f32; FRAME], side: &mut Side) {
        for (subframe, signal) in out.chunks_exact_mut(SUBFRAME).enumerate() {
            let filter =
                lsp::to_filter(&lsp::interpolate(&self.pairs, pairs, subframe, LSP_MARGIN));
            let alternating = filter.chunks_exact(2).map(|pair| pair[1] - pair[0]);
            side.responses[subframe] = 1.0 + alternating.sum::<f32>();
            all_pole(signal, &self.filter, &mut self.filter_memory);
            self.filter = filter;
        }
        self.high_pass.run(out);
        self.pairs = *pairs;
    }
}

/// Finds the next frame of this band and reads its mode. Frames of the layers above are passed
/// over, and so are messages from one end of a call to the other.
fn read_mode(bits: &mut Bits<'_>) -> Result<usize, Corrupt> {
    loop {
        for _ in 0..2 {
            if bits.left() < 5 {
                return Err(Corrupt);
            }
            if bits.peek(1) == 1 {
                let mode = bits.peek(4) & 7;
                bits.skip(*LAYER_BITS.get(mode).ok_or(Corrupt)?);
            }
        }
        if bits.left() < 5 || bits.take(1) == 1 {
            return Err(Corrupt);
        }
        match bits.take(4) {
            mode @ 0..=8 => return Ok(mode),
            13 => {
                let bytes = bits.take(4);
                bits.skip(5 + 8 * bytes);
            }
            14 => {
                let message = bits.take(4);
                bits.skip([1, 1, 4, 4, 4, 4, 4, 4, 8, 8, 16, 16, 32, 32, 64, 64][message]);
            }
            _ => return Err(Corrupt),
        }
    }
}

/// Hostile gains would let the excitation grow without end.
fn bounded(value: f32) -> f32 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(-EXCITATION_MAX, EXCITATION_MAX)
    }
}

/// The lag that stands for a whole frame: the strongest, but not a multiple of a strong one.
struct PitchTrack {
    best: usize,
    gain: f32,
}

impl Default for PitchTrack {
    fn default() -> Self {
        Self {
            best: 40,
            gain: 0.0,
        }
    }
}

impl PitchTrack {
    fn add(&mut self, lag: usize, gain: f32) {
        let is_near = |a: usize, b: usize, factor: usize| a.abs_diff(factor * b) < factor + 1;
        let is_multiple = |a: usize, b: usize| (2..=4).any(|factor| is_near(a, b, factor));
        // `best` is about a multiple of half, a third or a quarter of itself, and the reverse.
        let is_above = is_multiple(lag, self.best);
        let is_below = is_multiple(self.best, lag);
        let is_taken = (gain > self.gain && !is_above)
            || (gain > 0.6 * self.gain && is_below)
            || (0.67 * gain > self.gain && is_above);
        if is_taken {
            self.best = lag;
            self.gain = self.gain.max(gain);
        }
    }
}

/// The excitation of mode 1: pulses where there is a voice, noise where there is none.
#[derive(Default)]
struct Vocoder {
    /// Samples to the next pulse, from the start of the subframe.
    offset: usize,
    last_pulse: f32,
    last_noise: f32,
    mean: f32,
}

impl Vocoder {
    fn run(&mut self, frame: &FrameParameters, noise: &[f32], out: &mut [f32]) {
        let voicing = (1.5 * (frame.pitch_gain - 0.2)).clamp(0.0, 1.0);
        out.fill(0.0);
        while self.offset < SUBFRAME {
            out[self.offset] = (2.0 * frame.pitch as f32).sqrt() * voicing * frame.gain;
            self.offset += frame.pitch;
        }
        self.offset -= SUBFRAME;
        for (sample, &noise) in out.iter_mut().zip(noise) {
            let pulse = *sample;
            *sample = 0.7 * pulse + 0.3 * self.last_pulse + (1.0 - 0.85 * voicing) * noise
                - 0.15 * voicing * self.last_noise;
            self.last_pulse = pulse;
            self.last_noise = noise;
            self.mean = 0.8 * self.mean + 0.2 * *sample;
            *sample -= self.mean;
        }
    }
}

const _: () = assert!(
    REACH + HISTORY >= 2 * PITCH_MAX + SUBFRAME,
    "the comb filter stays inside"
);
