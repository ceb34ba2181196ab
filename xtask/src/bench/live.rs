//! `cargo xtask bench live`: how many people can speak at once.
//!
//! Streams of real speech at the pace of speech in pieces of 100 ms. Delays are those a speaker
//! feels: the first text after speech starts, the final text after it ends (the silence that ends
//! a sentence is part of it).

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::corpus;
use super::load::{Driver, Percentiles, Plan, Report, StreamAudio, stream_audio};
use crate::program::{Profile, Program};
use crate::server::{Options, Server};
use crate::workspace;

/// A server setting and its name in the table.
const SETTINGS: [(&str, &str, &str); 2] = [
    ("fast", "whisper-base", "fast"),
    ("accurate", "whisper-small", "fast"),
];
const STREAMS: [usize; 8] = [1, 2, 4, 8, 12, 16, 24, 32];
/// Audio of so many streams is prepared; more streams share it.
const STREAM_AUDIOS: usize = 8;
/// Sentences in each language per stream, alternating.
const UTTERANCES_PER_LANGUAGE: usize = 2;
/// The silence that ends a sentence, and the pause that is certainly longer.
const SENTENCE_SILENCE_MS: u32 = 400;
const PAUSE_MS: u32 = 2_000;
/// A final text later than this after the end of speech is too late.
const FINAL_P95_MS_MAX: f64 = 1_000.0;

/// Prints one table per setting: a row for each number of streams until it is too much.
pub(super) fn run() -> Result<()> {
    let program = Program::build(Profile::Release)?;
    program.pull_starter_weights()?;
    let driver = Driver::build()?;
    let dir = TempDir::new().context("making a folder for audio")?;
    let audio = prepare(&dir)?;
    for (setting, recognizer, effort) in SETTINGS {
        println!(
            "\n{setting}: {recognizer}, effort {effort}, {SENTENCE_SILENCE_MS} ms end a sentence"
        );
        println!(
            "{:>7} {:>15} {:>15} {:>15} {:>8} {:>9} {:>5}",
            "streams",
            "first p50/p95",
            "final p50/p95",
            "lag p50/p95",
            "CPU s/s",
            "RSS MiB",
            "lost"
        );
        let options = Options::serving(dir.path(), recognizer, effort, STREAMS[STREAMS.len() - 1])?;
        let best = measure(&program, &driver, &options, &audio)?;
        println!("most streams with p95 of finals under {FINAL_P95_MS_MAX} ms: {best}");
    }
    Ok(())
}

/// Streams in which both languages alternate.
fn prepare(dir: &TempDir) -> Result<Vec<StreamAudio>> {
    let corpora = corpus::all()?;
    let stream = |number: usize| {
        let first = number * UTTERANCES_PER_LANGUAGE;
        let picked = (first..first + UTTERANCES_PER_LANGUAGE).flat_map(|index| {
            corpora
                .iter()
                .map(move |corpus| &corpus.utterances[index % corpus.utterances.len()])
        });
        stream_audio(dir.path(), number, &picked.collect::<Vec<_>>(), PAUSE_MS)
    };
    (0..STREAM_AUDIOS).map(stream).collect()
}

/// Raises the number of streams until finals come too late; gives the last good number.
fn measure(
    program: &Program,
    driver: &Driver,
    options: &Options,
    audio: &[StreamAudio],
) -> Result<usize> {
    let log = workspace::logs_dir("bench")?.join("server.log");
    let server = Server::start_with(program, &log, options)?;
    let mut best = 0;
    for streams in STREAMS {
        let cpu_before = server.cpu_time();
        let plan = Plan {
            streams,
            language_hints: Vec::new(),
            max_sentence_silence: SENTENCE_SILENCE_MS,
            audio,
        };
        let report = driver.run(&server, &plan)?;
        let used = server
            .cpu_time()
            .zip(cpu_before)
            .map(|(after, before)| after.saturating_sub(before));
        let seconds = (0..streams).map(|stream| audio[stream % audio.len()].seconds());
        let seconds: f64 = seconds.sum::<Result<f64>>()?;
        let cpu = used.map_or(f64::NAN, |used| used.as_secs_f64() / seconds);
        print_row(streams, &report, cpu, &server);
        let in_time = report
            .summary
            .final_ms
            .is_some_and(|delay| delay.p95 < FINAL_P95_MS_MAX);
        if !in_time || report.summary.failed > 0 {
            break;
        }
        best = streams;
    }
    server.stop()?;
    Ok(best)
}

fn print_row(streams: usize, report: &Report, cpu: f64, server: &Server) {
    let pair = |found: Option<Percentiles>| {
        found.map_or_else(
            || "-".to_owned(),
            |found| format!("{:.0}/{:.0} ms", found.p50, found.p95),
        )
    };
    let summary = &report.summary;
    println!(
        "{streams:>7} {:>15} {:>15} {:>15} {cpu:>8.2} {:>9} {:>5}",
        pair(summary.first_partial_ms),
        pair(summary.final_ms),
        pair(summary.lag_ms),
        server
            .resident_bytes()
            .map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string()),
        summary.without_final,
    );
    for failure in report
        .streams
        .iter()
        .filter_map(|stream| stream.failure.as_ref())
    {
        println!("        a stream failed: {failure}");
    }
}
