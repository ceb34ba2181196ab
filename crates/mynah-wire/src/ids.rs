//! Ids, each a type of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id that a client gives its task. An opaque string, echoed as it came: clients send UUIDs
/// with dashes (Java), without (Python), and the same one again on another connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// A new random id, as the Python SDK makes them: 32 hexadecimal digits.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for TaskId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ids of the real-time protocol: a prefix and [`RANDOM_CHARACTERS`] letters and digits.
macro_rules! realtime_ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(String);

            impl $name {
                /// A new random id.
                pub fn random() -> Self {
                    Self(format!(concat!($prefix, "{}"), random_characters()))
                }

                /// The id as text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )*
    };
}

realtime_ids! {
    /// The id of an event that the server sends.
    EventId, "event_";
    /// The id of a real-time session.
    SessionId, "sess_";
    /// The id of an utterance.
    ItemId, "item_";
}

/// Random characters of a real-time id; as many as the service sends.
const RANDOM_CHARACTERS: usize = 21;

fn random_characters() -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // 21 of 62 characters are 125 bits, and a random UUID has 122.
    let mut random = uuid::Uuid::new_v4().as_u128();
    let mut next = || {
        let index = (random % ALPHABET.len() as u128) as usize;
        random /= ALPHABET.len() as u128;
        char::from(ALPHABET[index])
    };
    (0..RANDOM_CHARACTERS).map(|_| next()).collect()
}

/// The id that the server gives an HTTP request: a UUID with dashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// A new random id.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a hot-word list: `vocab-`, its prefix and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VocabularyId(String);

impl VocabularyId {
    /// A new random id.
    pub fn random(prefix: &str) -> Self {
        Self(format!("vocab-{prefix}-{}", uuid::Uuid::new_v4().simple()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a job that compiled a phrase list: `ft-`, its time and 8 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// A new random id of a job made at `time`, written `YYYYMMDDhhmm`.
    pub fn random(time: &str) -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        Self(format!("ft-{time}-{}", &random[..8]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realtime_ids_look_like_those_of_the_service() {
        let (first, second) = (ItemId::random(), ItemId::random());
        assert_ne!(first, second);
        let random = first.as_str().strip_prefix("item_").unwrap();
        assert_eq!(random.len(), RANDOM_CHARACTERS);
        assert!(random.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
