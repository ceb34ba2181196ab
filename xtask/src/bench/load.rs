//! Real-time streams against a running server, sent and timed by the load driver of `mynah-client`.
//!
//! The driver runs as an example program of its crate, in a process of its own: it gets a [`Plan`]
//! on its standard input and prints its report as JSON.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::corpus::Utterance;
use crate::program::cargo;
use crate::recordings::{SAMPLE_RATE_HZ, decode};
use crate::server::Server;
use crate::{exec, workspace};

/// Speech is where a frame is at most this far below the loudest one (30 dB).
const SPEECH_LEVEL: f64 = 0.0316;
const FRAME_MS: u32 = 20;

/// Which streams to run.
#[derive(Debug, Serialize)]
pub(super) struct Plan<'a> {
    pub(super) streams: usize,
    pub(super) language_hints: Vec<&'static str>,
    pub(super) max_sentence_silence: u32,
    /// Stream `i` sends number `i` modulo their count.
    pub(super) audio: &'a [StreamAudio],
}

/// A stream of several utterances with silence between them.
#[derive(Debug, Serialize)]
pub(super) struct StreamAudio {
    sample_rate: u32,
    /// A file of 16-bit little-endian samples.
    pcm: PathBuf,
    utterances: Vec<Speech>,
}

/// Where somebody speaks, in milliseconds from the stream's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Speech {
    onset_ms: u32,
    offset_ms: u32,
}

/// The part of the driver's report that is used here.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) summary: Summary,
    pub(super) streams: Vec<StreamReport>,
}

/// Figures over all streams, delays in milliseconds.
#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) failed: usize,
    pub(super) without_final: usize,
    pub(super) first_partial_ms: Option<Percentiles>,
    pub(super) final_ms: Option<Percentiles>,
    pub(super) lag_ms: Option<Percentiles>,
}

/// Two numbers of a distribution.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p95: f64,
}

/// What one stream heard.
#[derive(Debug, Deserialize)]
pub(super) struct StreamReport {
    pub(super) utterances: Vec<Heard>,
    pub(super) failure: Option<String>,
}

/// The final text of one utterance.
#[derive(Debug, Deserialize)]
pub(super) struct Heard {
    pub(super) text: String,
}

/// The built driver.
pub(super) struct Driver {
    path: PathBuf,
}

impl Driver {
    /// Builds the driver.
    pub(super) fn build() -> Result<Self> {
        let mut build = cargo();
        build.args([
            "build",
            "--release",
            "--package",
            "mynah-client",
            "--example",
            "load",
        ]);
        exec::run(&mut build)?;
        Ok(Self {
            path: workspace::program("release/examples", "load"),
        })
    }

    /// Runs a plan to its end.
    pub(super) fn run(&self, server: &Server, plan: &Plan<'_>) -> Result<Report> {
        let mut child = Command::new(&self.path)
            .env("DASHSCOPE_WEBSOCKET_BASE_URL", server.url())
            .env("DASHSCOPE_API_KEY", server.key())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the load driver")?;
        let mut input = child.stdin.take().context("the load driver has no input")?;
        input
            .write_all(&serde_json::to_vec(plan)?)
            .context("sending the plan")?;
        drop(input);
        let output = child
            .wait_with_output()
            .context("waiting for the load driver")?;
        if !output.status.success() {
            bail!("the load driver ended with {}", output.status);
        }
        serde_json::from_slice(&output.stdout).context("reading the load driver's report")
    }
}

/// Writes the samples of a stream into `dir`: each utterance with `pause_ms` of silence behind it.
pub(super) fn stream_audio(
    dir: &Path,
    number: usize,
    utterances: &[&Utterance],
    pause_ms: u32,
) -> Result<StreamAudio> {
    let mut samples = silence(FRAME_MS * 15);
    let mut speech = Vec::new();
    for utterance in utterances {
        let recording = decode(&utterance.path)?;
        let begin_ms = ms(samples.len());
        let found = speech_in(&recording);
        speech.push(Speech {
            onset_ms: begin_ms + found.onset_ms,
            offset_ms: begin_ms + found.offset_ms,
        });
        samples.extend(recording);
        samples.extend(silence(pause_ms));
    }
    let pcm = dir.join(format!("{number}.pcm"));
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    std::fs::write(&pcm, bytes).with_context(|| format!("writing {}", pcm.display()))?;
    Ok(StreamAudio {
        sample_rate: SAMPLE_RATE_HZ,
        pcm,
        utterances: speech,
    })
}

impl StreamAudio {
    /// Seconds of all audio.
    pub(super) fn seconds(&self) -> Result<f64> {
        let bytes = self
            .pcm
            .metadata()
            .context("reading a stream's length")?
            .len();
        Ok(bytes as f64 / 2.0 / f64::from(SAMPLE_RATE_HZ))
    }
}

fn silence(duration_ms: u32) -> Vec<i16> {
    vec![0; (SAMPLE_RATE_HZ / 1000 * duration_ms) as usize]
}

fn ms(samples: usize) -> u32 {
    u32::try_from(samples).unwrap_or(u32::MAX) / (SAMPLE_RATE_HZ / 1000)
}

/// The first and the last loud frame of a clean recording.
fn speech_in(samples: &[i16]) -> Speech {
    let frame = (SAMPLE_RATE_HZ / 1000 * FRAME_MS) as usize;
    let level = |frame: &[i16]| {
        let energy: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (energy / frame.len() as f64).sqrt()
    };
    let levels: Vec<f64> = samples.chunks(frame).map(level).collect();
    let loudest = levels.iter().copied().fold(0.0, f64::max);
    let is_loud = |level: &f64| *level >= loudest * SPEECH_LEVEL;
    let first = levels.iter().position(is_loud).unwrap_or(0);
    let last = levels.iter().rposition(is_loud).unwrap_or(0);
    Speech {
        onset_ms: ms(first * frame),
        offset_ms: ms((last + 1) * frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_found_between_silences() {
        let mut samples = silence(400);
        samples.extend((0..16_000).map(|n| if n % 2 == 0 { 8_000 } else { -8_000 }));
        samples.extend(vec![20; 8_000]);
        assert_eq!(
            speech_in(&samples),
            Speech {
                onset_ms: 400,
                offset_ms: 1_400
            }
        );
    }
}
