//! `GET /api/v1/uploads?action=getPolicy`: where a client may put a file.
//!
//! Follows "Upload local files to obtain temporary URLs".

use serde::Serialize;

use crate::RequestId;

/// The answer. `data` and no `output`: the Java SDK looks for either.
#[derive(Clone, Debug, Serialize)]
pub struct Policy {
    /// The id of the request.
    pub request_id: RequestId,
    /// The certificate.
    pub data: Certificate,
}

/// What allows an upload, and what the SDKs copy into its form.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// What is allowed; opaque.
    pub policy: String,
    /// Proves the policy; opaque.
    pub signature: String,
    /// What the names of uploads begin with, without a slash at the end.
    pub upload_dir: String,
    /// The URL that takes the form.
    pub upload_host: String,
    /// Life of the certificate.
    pub expire_in_seconds: u64,
    /// Largest file, in MB.
    pub max_file_size_mb: u64,
    /// All files together, in MB.
    pub capacity_limit_mb: u64,
    /// Copied into the form; not looked at.
    pub oss_access_key_id: &'static str,
    /// `private`.
    pub x_oss_object_acl: &'static str,
    /// The text `true`.
    pub x_oss_forbid_overwrite: &'static str,
}
