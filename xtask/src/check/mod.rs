//! `cargo xtask check`: what no compiler checks. Lengths of functions and files, the style of error
//! messages, and whether the documentation names only things that exist.

mod docs;
mod lengths;
mod messages;
mod sources;

use anyhow::{Result, bail};
use clap::Subcommand;

use self::sources::Source;
use crate::program::{Profile, Program};

/// One of the checks; all of them when none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum What {
    /// Commands, options, files and headings named in the documentation exist
    Docs,
    /// Functions and files are short
    Lengths,
    /// Error messages are lower case without a full stop
    Messages,
}

/// Runs the named check, or all of them.
pub(crate) fn run(what: Option<What>) -> Result<()> {
    match what {
        Some(What::Docs) => docs(&Program::build(Profile::Dev)?),
        Some(What::Lengths) => report("lengths", &lengths::offences(&Source::all()?)),
        Some(What::Messages) => report("messages", &messages::offences(&Source::all()?)),
        None => {
            sources()?;
            docs(&Program::build(Profile::Dev)?)
        }
    }
}

/// The checks that need nothing but the sources.
pub(crate) fn sources() -> Result<()> {
    let sources = Source::all()?;
    report("lengths", &lengths::offences(&sources))?;
    report("messages", &messages::offences(&sources))
}

/// The check of the documentation, which asks the built program for its commands.
pub(crate) fn docs(program: &Program) -> Result<()> {
    report("docs", &docs::offences(program)?)
}

fn report(check: &str, offences: &[String]) -> Result<()> {
    if offences.is_empty() {
        println!("check {check}: ok");
        return Ok(());
    }
    for offence in offences {
        println!("{offence}");
    }
    bail!("check {check}: {} found", offences.len())
}
