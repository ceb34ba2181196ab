//! Certificates for uploads: what is allowed and until when, signed with a secret of this process.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mynah_wire::ApiError;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::files::FilesError;
use crate::limits::POLICY_LIFE;

/// Issues and checks certificates. They end with the process: the secret is nowhere else.
pub(crate) struct Policies {
    secret: [u8; 64],
}

/// What a certificate says.
#[derive(Debug, Serialize, Deserialize)]
struct Grant {
    /// Seconds since 1970 UTC.
    expires_at: u64,
    /// What the names of the uploads begin with.
    upload_dir: String,
}

impl Policies {
    pub(crate) fn new() -> Result<Self, FilesError> {
        let mut secret = [0; 64];
        getrandom::fill(&mut secret).map_err(|error| FilesError::Random(error.to_string()))?;
        Ok(Self { secret })
    }

    /// A policy that allows uploads into a folder, and its signature. `now`: seconds since 1970 UTC.
    pub(crate) fn issue(&self, upload_dir: &str, now: u64) -> (String, String) {
        let grant = Grant {
            expires_at: now + POLICY_LIFE.as_secs(),
            upload_dir: upload_dir.to_owned(),
        };
        // A number and a text can always be written.
        let policy = STANDARD.encode(serde_json::to_vec(&grant).unwrap_or_default());
        let signature = STANDARD.encode(self.signer(&policy).finalize().into_bytes());
        (policy, signature)
    }

    /// The folder that a policy allows, if it is ours and still valid.
    pub(crate) fn check(
        &self,
        policy: &str,
        signature: &str,
        now: u64,
    ) -> Result<String, ApiError> {
        let denied = ApiError::access_denied;
        let signature = STANDARD.decode(signature).map_err(|_| denied())?;
        // Compares in constant time.
        let signed = self.signer(policy).verify_slice(&signature);
        signed.map_err(|_| denied())?;
        let grant = STANDARD.decode(policy).map_err(|_| denied())?;
        let grant: Grant = serde_json::from_slice(&grant).map_err(|_| denied())?;
        if now >= grant.expires_at {
            return Err(ApiError::policy_expired());
        }
        Ok(grant.upload_dir)
    }

    fn signer(&self, policy: &str) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(&self.secret.into()).chain_update(policy)
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Policies")
    }
}

/// Seconds since 1970 UTC.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_allows_its_folder_for_a_while() {
        let policies = Policies::new().unwrap();
        let (policy, signature) = policies.issue("dir", 1000);
        let check = |now| policies.check(&policy, &signature, now);
        assert_eq!(check(1299).unwrap(), "dir");
        assert_eq!(check(1300).unwrap_err(), ApiError::policy_expired());
    }

    #[test]
    fn a_forged_policy_allows_nothing() {
        let policies = Policies::new().unwrap();
        let (policy, signature) = policies.issue("dir", 1000);
        let (other, _) = policies.issue("other", 1000);
        let foreign = Policies::new().unwrap().issue("dir", 1000).1;
        for (policy, signature) in [
            (other.as_str(), signature.as_str()),
            (&policy, &foreign),
            (&policy, ""),
            (&policy, "%"),
        ] {
            let error = policies.check(policy, signature, 1000).unwrap_err();
            assert_eq!(error, ApiError::access_denied());
        }
    }
}
