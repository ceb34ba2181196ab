//! `cargo xtask bench accuracy`: error rates on real speech, for each recogniser that is installed,
//! through the live path (real-time streams to the server) and through the file path (`mynah
//! transcribe`).

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mynah_text::score::Errors;
use tempfile::TempDir;

use super::corpus::{self, Corpus, Utterance};
use super::load::{Driver, Plan, stream_audio};
use crate::program::{Profile, Program};
use crate::server::{Options, Server};
use crate::{exec, workspace};

/// Recognisers of final text, by model id.
const RECOGNIZERS: [&str; 2] = ["whisper-base", "whisper-small"];
/// Few enough that a small machine keeps up: this bench is about errors, not about speed.
const STREAMS: usize = 2;
/// Longer than the silence that ends a sentence by default (1,300 ms).
const PAUSE_MS: u32 = 2_000;

/// Prints one table: a row per recogniser and path.
pub(super) fn run() -> Result<()> {
    let program = Program::build(Profile::Release)?;
    program.pull_starter_weights()?;
    let driver = Driver::build()?;
    let corpora = corpus::all()?;
    println!(
        "{:<16} {:<6} {:>30} {:>30}",
        "recogniser", "path", corpora[0].name, corpora[1].name
    );
    for recognizer in RECOGNIZERS {
        let files = corpora
            .iter()
            .map(|corpus| from_files(&program, recognizer, corpus));
        print_row(recognizer, "files", &files.collect::<Result<Vec<_>>>()?);
        let live = corpora
            .iter()
            .map(|corpus| live(&program, &driver, recognizer, corpus));
        print_row(recognizer, "live", &live.collect::<Result<Vec<_>>>()?);
    }
    Ok(())
}

fn print_row(recognizer: &str, path: &str, errors: &[Errors]) {
    let cells = errors.iter().map(|errors| {
        let shown = format!(
            "{:.2} % ({} of {})",
            errors.rate() * 100.0,
            errors.total(),
            errors.reference_units
        );
        format!(" {shown:>30}")
    });
    println!("{recognizer:<16} {path:<6}{}", cells.collect::<String>());
}

/// Every utterance as a file of its own.
fn from_files(program: &Program, recognizer: &str, corpus: &Corpus) -> Result<Errors> {
    let dir = TempDir::new().context("making a folder for texts")?;
    let mut command = program.command()?;
    command.args(["transcribe", "--format", "text", "--model", recognizer]);
    command
        .args(["--language", corpus.language.code(), "--output-dir"])
        .arg(dir.path());
    command.args(corpus.utterances.iter().map(|utterance| &utterance.path));
    exec::run_silently(&mut command)?;
    let texts = corpus
        .utterances
        .iter()
        .map(|utterance| text_of(dir.path(), utterance));
    let texts = texts.collect::<Result<Vec<_>>>()?;
    Ok(corpus.errors(texts.iter().map(String::as_str)))
}

fn text_of(dir: &Path, utterance: &Utterance) -> Result<String> {
    let name = utterance
        .path
        .file_stem()
        .context("an utterance without a name")?;
    let path = dir.join(name).with_extension("txt");
    fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// All utterances in a few long streams, each sentence apart from the next.
fn live(program: &Program, driver: &Driver, recognizer: &str, corpus: &Corpus) -> Result<Errors> {
    let dir = TempDir::new().context("making a folder for audio")?;
    let picked = |stream: usize| corpus.utterances.iter().skip(stream).step_by(STREAMS);
    let audio = (0..STREAMS)
        .map(|stream| {
            stream_audio(
                dir.path(),
                stream,
                &picked(stream).collect::<Vec<_>>(),
                PAUSE_MS,
            )
        })
        .collect::<Result<Vec<_>>>()?;
    let log = workspace::logs_dir("bench")?.join("server.log");
    let options = Options::serving(dir.path(), recognizer, "fast", STREAMS)?;
    let server = Server::start_with(program, &log, &options)?;
    let plan = Plan {
        streams: STREAMS,
        language_hints: vec![corpus.language.code()],
        max_sentence_silence: 1_300,
        audio: &audio,
    };
    let report = driver.run(&server, &plan)?;
    server.stop()?;
    if let Some(failure) = report
        .streams
        .iter()
        .find_map(|stream| stream.failure.as_ref())
    {
        bail!("a stream failed: {failure}");
    }
    let heard = |index: usize| {
        report.streams[index % STREAMS]
            .utterances
            .get(index / STREAMS)
    };
    let texts = (0..corpus.utterances.len()).map(|index| heard(index).map_or("", |one| &one.text));
    Ok(corpus.errors(texts))
}
