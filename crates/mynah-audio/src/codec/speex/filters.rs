//! Filters and small signal operations that both bands use.

/// All-pole filter of order `N` whose memory outlives its coefficients.
pub(super) fn all_pole<const N: usize>(
    signal: &mut [f32],
    coefficients: &[f32; N],
    memory: &mut [f32; N],
) {
    for sample in signal {
        *sample += memory[0];
        for tap in 0..N - 1 {
            memory[tap] = memory[tap + 1] - coefficients[tap] * *sample;
        }
        memory[N - 1] = -coefficients[N - 1] * *sample;
    }
}

/// Second-order filter that takes out what lies below speech.
pub(super) struct HighPass {
    zeros: [f32; 3],
    poles: [f32; 2],
    memory: [f32; 2],
}

impl HighPass {
    /// The output filter of a narrowband stream.
    pub(super) const NARROW: Self = Self {
        zeros: [0.96446, -1.92879, 0.96446],
        poles: [-1.92683, 0.93071],
        memory: [0.0; 2],
    };
    /// The output filter of the low band of a wideband stream.
    pub(super) const WIDE: Self = Self {
        zeros: [0.98645, -1.97277, 0.98645],
        poles: [-1.97226, 0.97332],
        memory: [0.0; 2],
    };

    pub(super) fn run(&mut self, signal: &mut [f32]) {
        for sample in signal {
            let input = *sample;
            let output = self.zeros[0] * input + self.memory[0];
            self.memory[0] = self.memory[1] + self.zeros[1] * input - self.poles[0] * output;
            self.memory[1] = self.zeros[2] * input - self.poles[1] * output;
            *sample = output;
        }
    }
}

/// The pseudo-random numbers of the format.
pub(super) struct Noise(u32);

impl Noise {
    pub(super) const fn new() -> Self {
        Self(1_000)
    }

    /// The next number, of the given standard deviation.
    pub(super) fn next(&mut self, deviation: f32) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let uniform = f32::from_bits(0x3F80_0000 | (self.0 & 0x007F_FFFF)) - 1.5;
        3.4642 * deviation * uniform
    }
}

pub(super) fn inner_product(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Root mean square, never zero.
pub(super) fn rms(signal: &[f32]) -> f32 {
    (0.1 + inner_product(signal, signal) / signal.len() as f32).sqrt()
}

/// Widens the peaks of an all-pole filter by pulling its poles inwards.
pub(super) fn widen<const N: usize>(coefficients: &[f32; N], gamma: f32) -> [f32; N] {
    let mut power = 1.0;
    coefficients.map(|coefficient| {
        power *= gamma;
        coefficient * power
    })
}

/// Joins two bands of half the rate: the synthesis half of a quadrature mirror filter.
pub(super) struct QuadratureMirror {
    /// The last samples of the low and the high band, newest first.
    low: [f32; Self::TAPS / 2],
    high: [f32; Self::TAPS / 2],
}

impl QuadratureMirror {
    const TAPS: usize = 64;

    pub(super) const fn new() -> Self {
        Self {
            low: [0.0; Self::TAPS / 2],
            high: [0.0; Self::TAPS / 2],
        }
    }

    /// Writes two samples to `out` for each pair of `low` and `high`.
    pub(super) fn join(&mut self, low: &[f32], high: &[f32], out: &mut [f32]) {
        for ((low, high), out) in low.iter().zip(high).zip(out.chunks_exact_mut(2)) {
            self.low.rotate_right(1);
            self.high.rotate_right(1);
            self.low[0] = *low;
            self.high[0] = *high;
            let (mut even, mut odd) = (0.0, 0.0);
            for (pair, (low, high)) in PROTOTYPE
                .chunks_exact(2)
                .zip(self.low.iter().zip(&self.high))
            {
                even += pair[0] * (low - high);
                odd += pair[1] * (low + high);
            }
            out[0] = 2.0 * even;
            out[1] = 2.0 * odd;
        }
    }
}

/// The low-pass filter from which the two bands are derived.
static PROTOTYPE: [f32; QuadratureMirror::TAPS] = [
    3.596_189e-5,
    -0.000_112_351_5,
    -0.000_110_458_7,
    0.000_279_027_7,
    0.000_229_843_8,
    -0.000_595_356_3,
    -0.000_382_363_1,
    0.001_138_26,
    0.000_530_853_9,
    -0.001_986_177,
    -0.000_624_372_4,
    0.003_235_877,
    0.000_574_315_9,
    -0.004_989_147,
    -0.000_258_476_7,
    0.007_367_171,
    -0.000_485_793_5,
    -0.010_506_89,
    0.001_894_714,
    0.014_593_96,
    -0.004_313_674,
    -0.019_943_65,
    0.008_287_56,
    0.027_160_55,
    -0.014_853_97,
    -0.037_649_73,
    0.026_447,
    0.055_432_45,
    -0.050_954_87,
    -0.097_790_96,
    0.138_236_3,
    0.460_098_1,
    0.460_098_1,
    0.138_236_3,
    -0.097_790_96,
    -0.050_954_87,
    0.055_432_45,
    0.026_447,
    -0.037_649_73,
    -0.014_853_97,
    0.027_160_55,
    0.008_287_56,
    -0.019_943_65,
    -0.004_313_674,
    0.014_593_96,
    0.001_894_714,
    -0.010_506_89,
    -0.000_485_793_5,
    0.007_367_171,
    -0.000_258_476_7,
    -0.004_989_147,
    0.000_574_315_9,
    0.003_235_877,
    -0.000_624_372_4,
    -0.001_986_177,
    0.000_530_853_9,
    0.001_138_26,
    -0.000_382_363_1,
    -0.000_595_356_3,
    0.000_229_843_8,
    0.000_279_027_7,
    -0.000_110_458_7,
    -0.000_112_351_5,
    3.596_189e-5,
];
