//! Pulling, against servers, registry clients, disks and other processes of every temper.
//!
//! One test program for all, since some tests run it again as another process.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[cfg(unix)]
mod disk;
mod hub;
mod processes;
#[cfg(unix)]
mod registry;
mod support;
