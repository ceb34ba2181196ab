//! `cargo xtask bench`: the numbers that the documentation claims, each from one command.
//!
//! Programs are measured from outside, as release builds and each in a process of its own; only
//! the scoring is shared with the tests. Nothing else should run on the machine meanwhile.

mod accuracy;
mod corpus;
mod engine;
mod hot_words;
mod live;
mod load;

use anyhow::Result;
use clap::Subcommand;

/// What to measure.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum What {
    /// Error rates on real speech, live and from files, for each recogniser
    Accuracy,
    /// The same weights in our engine and in faster-whisper: speed, memory, errors
    Engine,
    /// Rare words found and errors made, without hot words and with them, and their cost
    HotWords,
    /// Real-time streams at once: delays, lag, processor time, memory
    Live,
}

/// Runs one bench.
pub(crate) fn run(what: What) -> Result<()> {
    match what {
        What::Accuracy => accuracy::run(),
        What::Engine => engine::run(),
        What::HotWords => hot_words::run(),
        What::Live => live::run(),
    }
}
