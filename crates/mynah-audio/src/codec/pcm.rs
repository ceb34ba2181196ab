//! Uncompressed samples and ITU-T G.711 to f32 in -1..1.

use crate::AudioError;
use crate::codec::Codec;
use crate::sink::{Sink, Spec};

/// How one sample is stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Encoding {
    ALaw,
    Float,
    MuLaw,
    /// Little-endian signed integers; unsigned where they have one byte.
    Int,
}

/// How the samples of a stream are stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Layout {
    pub(crate) encoding: Encoding,
    /// Bytes per sample, with padding.
    pub(crate) sample_bytes: usize,
}

impl Layout {
    /// Signed 16-bit little-endian samples.
    pub(crate) const S16: Self = Self {
        encoding: Encoding::Int,
        sample_bytes: 2,
    };

    /// Says whether [`Layout::decode`] knows this layout.
    pub(crate) fn is_supported(self) -> bool {
        match self.encoding {
            Encoding::ALaw | Encoding::MuLaw => self.sample_bytes == 1,
            Encoding::Float => matches!(self.sample_bytes, 4 | 8),
            Encoding::Int => (1..=4).contains(&self.sample_bytes),
        }
    }

    /// Appends the samples stored in `bytes`; what is left over at the end is not looked at.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        let samples = bytes.chunks_exact(self.sample_bytes);
        match self.encoding {
            Encoding::ALaw => out.extend(bytes.iter().map(|&b| f32::from(a_law(b)) / 32_768.0)),
            Encoding::MuLaw => out.extend(bytes.iter().map(|&b| f32::from(mu_law(b)) / 32_768.0)),
            Encoding::Float => out.extend(samples.map(float)),
            Encoding::Int => out.extend(samples.map(integer)),
        }
    }
}

/// A stream of G.711 bytes, one a sample, without a header: mono at a declared rate.
pub(crate) struct Bare {
    layout: Layout,
    rate_hz: u32,
    samples: Vec<f32>,
}

impl Bare {
    /// A-law.
    pub(crate) fn a_law(rate_hz: u32) -> Self {
        Self::new(Encoding::ALaw, rate_hz)
    }

    /// Mu-law.
    pub(crate) fn mu_law(rate_hz: u32) -> Self {
        Self::new(Encoding::MuLaw, rate_hz)
    }

    fn new(encoding: Encoding, rate_hz: u32) -> Self {
        Self {
            layout: Layout {
                encoding,
                sample_bytes: 1,
            },
            rate_hz,
            samples: Vec::new(),
        }
    }
}

impl Codec for Bare {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), AudioError> {
        self.samples.clear();
        self.layout.decode(bytes, &mut self.samples);
        let spec = Spec {
            rate_hz: self.rate_hz,
            channels: 1,
        };
        sink.write(&self.samples, spec)
    }

    fn finish(&mut self, _: &mut Sink<'_>) -> Result<(), AudioError> {
        Ok(())
    }
}

/// Damaged or hostile streams hold NaN and infinities, which would never leave a filter again.
fn float(bytes: &[u8]) -> f32 {
    let value = match (bytes.try_into(), bytes.try_into()) {
        (Ok(single), _) => f32::from_le_bytes(single),
        (_, Ok(double)) => f64::from_le_bytes(double) as f32,
        _ => 0.0,
    };
    if value.is_finite() {
        value.clamp(-8.0, 8.0)
    } else {
        0.0
    }
}

fn integer(bytes: &[u8]) -> f32 {
    match *bytes {
        [a] => (f32::from(a) - 128.0) / 128.0,
        [a, b] => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
        [a, b, c] => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
        _ => 0.0,
    }
}

/// Expands one A-law byte (G.711 table 1a, every second bit inverted) to 16 bits.
fn a_law(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let mantissa = i16::from(bits & 0x0F) << 4;
    let magnitude = match (bits >> 4) & 7 {
        0 => mantissa + 8,
        exponent => (mantissa + 0x108) << (exponent - 1),
    };
    if bits & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Expands one mu-law byte (G.711 table 2a, all bits inverted) to 16 bits.
fn mu_law(byte: u8) -> i16 {
    let bits = !byte;
    let magnitude = (((i16::from(bits & 0x0F) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
    if bits & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, sample_bytes: usize, bytes: &[u8]) -> Vec<f32> {
        let mut out = Vec::new();
        Layout {
            encoding,
            sample_bytes,
        }
        .decode(bytes, &mut out);
        out
    }

    #[test]
    fn integers_reach_both_ends_of_the_range() {
        assert_eq!(decoded(Encoding::Int, 1, &[0, 128]), [-1.0, 0.0]);
        assert_eq!(decoded(Encoding::Int, 2, &[0, 0x80, 0, 0x40]), [-1.0, 0.5]);
        assert_eq!(
            decoded(Encoding::Int, 3, &[0, 0, 0x80, 0, 0, 0x40]),
            [-1.0, 0.5]
        );
        assert_eq!(decoded(Encoding::Int, 4, &[0, 0, 0, 0x80]), [-1.0]);
    }

    #[test]
    fn g711_agrees_with_the_recommendation() {
        let extremes = |codes: [u8; 4], f: fn(u8) -> i16| codes.map(f);
        assert_eq!(
            extremes([0x2A, 0xAA, 0x55, 0xD5], a_law),
            [-32_256, 32_256, -8, 8]
        );
        assert_eq!(
            extremes([0x00, 0x80, 0x7F, 0xFF], mu_law),
            [-32_124, 32_124, 0, 0]
        );
    }

    #[test]
    fn floats_that_are_no_numbers_become_silence() {
        let bytes: Vec<u8> = [f32::NAN, f32::INFINITY, 0.25]
            .iter()
            .flat_map(|f| f.to_le_bytes())
            .collect();
        assert_eq!(decoded(Encoding::Float, 4, &bytes), [0.0, 0.0, 0.25]);
    }
}
