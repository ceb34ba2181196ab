//! What a client says it received, and whether that is right.

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::case::Verdict;
use crate::recordings::{Said, error_rate_as_one};

/// The committed recordings are clean enough for the smallest of the weights.
const ERROR_RATE_MAX: f64 = 0.20;
/// A client that waits longer than this for its first or last words is not being served live.
const DELAY_MS_MAX: f64 = 20_000.0;

/// Printed as the last line by every client of the run.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    sentences: Vec<String>,
    interims: u32,
    /// `None` where the client does not tell it.
    usage_seconds: Option<u32>,
    request_id: String,
    first_delay_ms: f64,
    last_delay_ms: f64,
}

/// Reads the last line of a client's output. A scenario without text to score prints `{}`.
pub(super) fn last_line(output: &str) -> Result<Option<Report>> {
    let line = output.trim_end().lines().last().unwrap_or_default();
    if line == "{}" {
        return Ok(None);
    }
    serde_json::from_str(line)
        .map(Some)
        .with_context(|| format!("no report but {line:?}"))
}

impl Report {
    /// Compares with what was said in the recording.
    pub(super) fn judge(&self, said: &[Said]) -> Result<Verdict> {
        let count = self.sentences.len();
        ensure!(
            count == said.len(),
            "{count} sentences, expected {}: {self:?}",
            said.len()
        );
        let rates: Vec<f64> = said
            .iter()
            .zip(&self.sentences)
            .map(|(said, heard)| said.error_rate(heard))
            .collect();
        let worst = rates.iter().copied().fold(0.0, f64::max);
        ensure!(
            worst <= ERROR_RATE_MAX,
            "error rate {worst:.2}: {:?}",
            self.sentences
        );
        ensure!(!self.request_id.is_empty(), "no request id");
        if let Some(seconds) = self.usage_seconds {
            ensure!((1..=60).contains(&seconds), "usage of {seconds} s");
        }
        for delay in [self.first_delay_ms, self.last_delay_ms] {
            ensure!(
                (0.0..=DELAY_MS_MAX).contains(&delay),
                "a delay of {delay} ms"
            );
        }
        Ok(Verdict::Passed(self.line(worst)))
    }

    /// Compares with all that was said, heard as one sentence.
    pub(super) fn judge_as_one(&self, said: &[Said]) -> Result<Verdict> {
        let [heard] = self.sentences.as_slice() else {
            bail!("not one text: {self:?}");
        };
        let rate = error_rate_as_one(said, heard);
        ensure!(rate <= ERROR_RATE_MAX, "error rate {rate:.2}: {heard:?}");
        Ok(Verdict::Passed(self.line(rate)))
    }

    /// A live stream must show text before its sentences are over.
    pub(super) fn judge_live(&self, said: &[Said]) -> Result<Verdict> {
        ensure!(self.interims > 0, "no interim text");
        self.judge(said)
    }

    fn line(&self, worst: f64) -> String {
        format!(
            "errors {:.0} %, {} interims, first {:.0} ms, last {:.0} ms",
            worst * 100.0,
            self.interims,
            self.first_delay_ms,
            self.last_delay_ms
        )
    }
}
