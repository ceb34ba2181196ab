//! Reads bits, most significant first.

/// A position in some bytes. Behind their end it reads zeros, as the reference decoder does.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads `count` bits, at most 8.
    pub(super) fn take(&mut self, count: usize) -> usize {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// Reads `count` bits, at most 8, without moving on.
    pub(super) fn peek(&self, count: usize) -> usize {
        let byte = |index: usize| usize::from(self.bytes.get(index).copied().unwrap_or(0));
        let first = self.at / 8;
        let pair = byte(first) << 8 | byte(first + 1);
        (pair >> (16 - self.at % 8 - count)) & ((1 << count) - 1)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Bits before the end.
    pub(super) fn left(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.at)
    }

    /// Bits read.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}
