//! What the tests of this crate share: fixtures and ways to compare audio.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part"
)]

use std::path::PathBuf;

use mynah_audio::{AudioError, FileDecoder, LiveDecoder, LiveFormat};

/// Samples per second of everything that is compared.
pub const RATE: f64 = 16_000.0;

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect(name)
}

/// The utterance from which the fixtures were made.
pub fn source() -> Vec<f32> {
    decode_file("source.flac").expect("source.flac")
}

pub fn decode_file(name: &str) -> Result<Vec<f32>, AudioError> {
    let blocks: Result<Vec<_>, _> = FileDecoder::open(&path(name))?.collect();
    Ok(blocks?.concat())
}

/// Decodes a live stream that arrives in pieces of the given lengths, over and over.
pub fn decode_in(
    format: LiveFormat,
    rate_hz: u32,
    bytes: &[u8],
    pieces: impl IntoIterator<Item = usize>,
) -> Result<Vec<f32>, AudioError> {
    let mut decoder = LiveDecoder::new(format, rate_hz)?;
    let (mut out, mut left) = (Vec::new(), bytes);
    for len in pieces {
        let (piece, behind) = left.split_at(len.min(left.len()));
        left = behind;
        let mut rest = piece;
        while !rest.is_empty() {
            rest = decoder.push(rest, &mut out)?;
        }
        if left.is_empty() {
            break;
        }
    }
    decoder.finish(&mut out)?;
    Ok(out)
}

pub fn decode(format: LiveFormat, rate_hz: u32, bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
    decode_in(format, rate_hz, bytes, [bytes.len()])
}

/// A small generator of numbers, the same in every run.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Likeness of two signals from -1 to 1, `b` starting `lag` samples into `a`.
pub fn correlation(a: &[f32], b: &[f32], lag: isize) -> f64 {
    let a = &a[lag.max(0) as usize..];
    let b = &b[(-lag).max(0) as usize..];
    let product = |x: &[f32], y: &[f32]| -> f64 {
        x.iter()
            .zip(y)
            .map(|(&x, &y)| f64::from(x) * f64::from(y))
            .sum()
    };
    let len = a.len().min(b.len());
    product(a, b) / (product(&a[..len], &a[..len]) * product(&b[..len], &b[..len])).sqrt()
}

/// The lag of `a` behind `b` at which they are most alike, and how alike they are.
pub fn alignment(a: &[f32], b: &[f32], lag_max: isize) -> (isize, f64) {
    (-lag_max..=lag_max)
        .map(|lag| (lag, correlation(a, b, lag)))
        .max_by(|x, y| x.1.total_cmp(&y.1))
        .expect("at least one lag")
}

/// Ratio of a reference to the error of a signal, in dB.
pub fn snr_db(signal: &[f32], reference: &[f32]) -> f64 {
    let power = |samples: &mut dyn Iterator<Item = f32>| -> f64 {
        samples.map(|s| f64::from(s) * f64::from(s)).sum()
    };
    let wanted = power(&mut reference.iter().copied());
    let error = power(&mut signal.iter().zip(reference).map(|(s, r)| s - r));
    10.0 * (wanted / error.max(1e-20)).log10()
}

/// A WAV file around `data`.
pub fn wav(tag: u16, channels: u16, rate_hz: u32, bits: u16, data: &[u8], size: u32) -> Vec<u8> {
    let align = channels * bits / 8;
    let mut out = Vec::new();
    out.extend(b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0");
    out.extend(tag.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate_hz.to_le_bytes());
    out.extend((rate_hz * u32::from(align)).to_le_bytes());
    out.extend(align.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(b"data");
    out.extend(size.to_le_bytes());
    out.extend(data);
    out
}

pub fn s16(samples: &[f32]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|s| ((s * 32_768.0) as i16).to_le_bytes())
        .collect()
}
