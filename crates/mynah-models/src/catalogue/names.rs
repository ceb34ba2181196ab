//! Names that become parts of paths, checked once when they are read.

use std::borrow::Borrow;
use std::env::consts;
use std::fmt;

use serde::Deserialize;

/// Defines a checked text type: parsed by `$check`, printed as it is.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!(concat!("{:?} is no ", $what), text))
                }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

checked_text!(
    /// The name of a catalogue entry and of its folder: lower-case letters, digits, `-` and `.`.
    ModelId,
    "entry id",
    |text| is_plain(text) && !text.bytes().any(|b| b.is_ascii_uppercase() || b == b'_')
);

checked_text!(
    /// The name of a file in an entry's folder: letters, digits, `-`, `_` and `.`. It has no
    /// separators and cannot be mistaken for an unfinished file.
    FileName,
    "file name",
    |text| is_plain(text) && !text.ends_with(".partial")
);

checked_text!(
    /// An operating system and processor, `linux-x86_64` for instance.
    Platform,
    "platform",
    |text| is_plain(text) && text.contains('-')
);

impl Platform {
    /// The platform that this program was built for.
    pub fn current() -> Self {
        Self(format!("{}-{}", consts::OS, consts::ARCH))
    }
}

fn is_plain(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= 100 && !text.starts_with('.') && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for text in [
            "", ".", "..", "../x", "a/b", "a\\b", "/etc", ".locks", "a\0", "C:x", "a b",
        ] {
            assert!(ModelId::try_from(text.to_owned()).is_err(), "{text:?}");
            assert!(FileName::try_from(text.to_owned()).is_err(), "{text:?}");
            assert!(Platform::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(FileName::try_from("encoder.onnx.partial".to_owned()).is_err());
        assert!(FileName::try_from("silero_vad_16k_op15.onnx".to_owned()).is_ok());
        assert!(ModelId::try_from("Whisper".to_owned()).is_err());
    }

    #[test]
    fn this_machine_has_a_platform_name() {
        assert!(Platform::try_from(Platform::current().to_string()).is_ok());
    }
}
