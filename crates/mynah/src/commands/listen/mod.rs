//! `mynah listen`: live captions of the microphone, recognised here or by a server.

mod here;
mod server;
mod source;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;

use self::source::Source;
use crate::cli::{Common, Listen};

/// Shows captions until the recorder ends or Ctrl-C.
pub(crate) fn run(options: &Common, arguments: &Listen) -> Result<ExitCode> {
    let languages = super::language(arguments.language.as_deref())?;
    match &arguments.server {
        Some(url) => server::run(url, arguments, &languages)?,
        None => here::run(options, arguments, languages)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The microphone, unless stdin is to be read.
fn open_source(arguments: &Listen) -> Result<Source> {
    if arguments.stdin {
        Ok(Source::Stdin)
    } else {
        Source::open_microphone()
    }
}

/// Lines of captions: on a terminal the open sentence is overwritten as it grows.
struct Captions {
    live: bool,
}

impl Captions {
    fn new() -> Self {
        Self {
            live: std::io::stdout().is_terminal(),
        }
    }

    /// Shows what is known of the open sentence.
    fn growing(&self, text: &str) -> Result<()> {
        if self.live {
            print!("\r\x1b[K{text}");
            std::io::stdout().flush()?;
        }
        Ok(())
    }

    /// Shows a sentence that ended.
    fn ended(&self, text: &str) {
        println!("{}{text}", if self.live { "\r\x1b[K" } else { "" });
    }
}
