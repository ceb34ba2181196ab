//! Progress on the terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mynah_models::{Phase, Progress, Step};

/// How often a bar is redrawn.
const REDRAW: Duration = Duration::from_millis(100);
/// Without a terminal, how often a line is written.
const LINE: Duration = Duration::from_secs(10);

/// Shows a pull: a bar per file on a terminal, a line now and then elsewhere.
pub(crate) struct PullProgress {
    bar: Option<ProgressBar>,
    current: String,
    drawn: Option<Instant>,
}

impl PullProgress {
    /// Nothing shown yet.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(0));
        if let Some(bar) = &bar {
            bar.set_style(style(
                "{msg:40} {bar:25} {bytes:>10} of {total_bytes:<10} {eta}",
            ));
        }
        Self {
            bar,
            current: String::new(),
            drawn: None,
        }
    }

    /// Shows how much of a piece of work is done, from 0 to 1.
    pub(crate) fn share(&mut self, title: &str, share: f32) {
        let Some(bar) = &self.bar else { return };
        bar.set_style(style("{msg:40} {bar:25} {percent:>3} %"));
        bar.set_length(1000);
        bar.set_position((share * 1000.0) as u64);
        bar.set_message(title.to_owned());
    }

    /// Writes a line above the bar.
    pub(crate) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }
}

impl Drop for PullProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for PullProgress {
    fn step(&mut self, step: &Step<'_>) {
        let phase = match step.phase {
            Phase::Connecting => "asking for",
            Phase::Downloading => "fetching",
            Phase::Verifying => "verifying",
            Phase::Extracting => "unpacking",
        };
        let title = format!("{phase} {}/{}", step.model, step.file);
        let changed = title != self.current;
        let every = if self.bar.is_some() { REDRAW } else { LINE };
        if !changed && self.drawn.is_some_and(|drawn| drawn.elapsed() < every) {
            return;
        }
        self.drawn = Some(Instant::now());
        match &self.bar {
            Some(bar) => {
                bar.set_length(step.total_bytes);
                bar.set_position(step.done_bytes);
                bar.set_message(title.clone());
            }
            None if step.phase == Phase::Downloading => {
                let mb = |bytes: u64| bytes as f64 / 1e6;
                eprintln!(
                    "{title}: {:.1} of {:.1} MB",
                    mb(step.done_bytes),
                    mb(step.total_bytes)
                );
            }
            None => {}
        }
        self.current = title;
    }

    fn message(&mut self, model: &str, text: &str) {
        self.line(&format!("{model}: {text}"));
    }
}

/// A bar for a file, in thousandths of it.
pub(crate) fn audio_bar(title: String) -> ProgressBar {
    ProgressBar::new(1000)
        .with_style(style(
            "{msg:30} {bar:25} {percent:>3} % {eta:>4} {prefix:.dim}",
        ))
        .with_message(title)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
