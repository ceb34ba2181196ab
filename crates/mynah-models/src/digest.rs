//! SHA-256 digests: parsing, printing, and hashing what is on disk.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::limits::CHUNK_BYTES;

/// A SHA-256 digest. Written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes a file to its end. `on_bytes` gets the number of bytes hashed so far.
    pub fn of_file(path: &Path, mut on_bytes: impl FnMut(u64)) -> io::Result<Self> {
        let mut hasher = Hasher::default();
        hasher.absorb(&mut File::open(path)?, &mut on_bytes)?;
        Ok(hasher.digest())
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a SHA-256 of 64 hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A running SHA-256 that can be asked for its digest without ending it.
#[derive(Clone, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Hashes everything `reader` gives and returns how many bytes that was.
    pub(crate) fn absorb(
        &mut self,
        reader: &mut impl Read,
        on_bytes: &mut impl FnMut(u64),
    ) -> io::Result<u64> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut total = 0;
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return Ok(total),
                Ok(count) => {
                    self.update(&chunk[..count]);
                    total += count as u64;
                    on_bytes(total);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest(self.0.clone().finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn hashes_prints_and_parses_the_vector_of_fips_180() {
        let mut hasher = Hasher::default();
        hasher.update(b"abc");
        assert_eq!(hasher.digest().to_string(), ABC);
        assert_eq!(ABC.parse::<Digest>().unwrap(), hasher.digest());
    }

    #[test]
    fn refuses_what_is_no_digest() {
        for text in [
            "",
            "abc",
            &ABC[1..],
            &ABC.replace('b', "x"),
            &"é".repeat(32),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
