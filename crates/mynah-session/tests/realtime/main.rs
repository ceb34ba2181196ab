//! Real-time sessions in every dialect, driven without a socket or a clock.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod driven;
mod faults;
mod flow;
mod golden;
mod simulation;
