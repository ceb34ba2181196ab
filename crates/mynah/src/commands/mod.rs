//! One file a command.

pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod models;
pub(crate) mod serve;
pub(crate) mod transcribe;

use anyhow::{Context, Result};

/// A runtime for the commands that wait for sockets and streams.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime cannot start")
}

/// Reads a language code of the command line.
fn language(code: Option<&str>) -> Result<Vec<mynah_text::Language>> {
    let read = |code| {
        mynah_text::Language::parse(code)
            .with_context(|| format!("`{code}` is not a language code such as zh, en or ja"))
    };
    code.map(read)
        .transpose()
        .map(|language| language.into_iter().collect())
}
