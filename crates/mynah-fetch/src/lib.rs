//! Guarded download of URLs that clients name.
//!
//! A server that fetches what it is told to can be told to fetch from its own machine, its
//! operator's network or a cloud's metadata service. So a host is resolved once, every address is
//! looked at, the socket is opened to an address that passed, and each redirect starts over. What
//! comes back is bounded in size and time and written to a file that vanishes with its handle.
//!
//! Invariants: no connection is opened to an address that [`is_public`] refuses, unless the
//! operator allows all addresses ([`Reach::Everywhere`]); nothing of a URL's user name or password
//! is used; bodies are never decompressed.

mod address;
mod connect;
mod error;
mod fetch;
pub mod limits;
mod target;

pub use address::is_public;
pub use error::FetchError;
pub use fetch::{FetchLimits, Fetcher};
pub use target::Reach;
