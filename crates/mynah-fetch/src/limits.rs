//! Every bound of this crate that the caller does not set.

use std::time::Duration;

/// Time to resolve a name, connect and agree on TLS.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Time to the head of an answer, and between two pieces of its body.
pub const STALL_TIME_MAX: Duration = Duration::from_secs(10);

/// Redirects that are followed.
pub const REDIRECTS_MAX: usize = 5;

/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 8 << 10;

/// Addresses of a name that are tried.
pub const ADDRESSES_MAX: usize = 16;

/// Ports that may be connected to, unless the operator allows all addresses.
pub const PORTS: [u16; 2] = [80, 443];
