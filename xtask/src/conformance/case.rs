//! A case: a name, a way to run it, and how it ended.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::World;

/// How a case ended, with one line for the person who reads the run.
#[derive(Debug)]
pub(super) enum Verdict {
    Failed(String),
    Passed(String),
    Skipped(String),
}

type Run = dyn Fn(&World) -> Result<Verdict>;

/// One thing that must work.
pub(super) struct Case {
    pub(super) name: String,
    run: Box<Run>,
}

impl Case {
    pub(super) fn new(
        name: impl Into<String>,
        run: impl Fn(&World) -> Result<Verdict> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Counts of a run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
}

impl Summary {
    pub(super) fn run(&mut self, case: &Case, world: &World) {
        let started = Instant::now();
        let verdict =
            (case.run)(world).unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        self.note(&case.name, verdict, Some(started.elapsed()));
    }

    pub(super) fn add(&mut self, name: &str, verdict: Verdict) {
        self.note(name, verdict, None);
    }

    /// The closing line of the run.
    pub(super) fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed.len(),
            self.skipped
        )
    }

    pub(super) fn into_result(self) -> Result<()> {
        if self.failed.is_empty() {
            return Ok(());
        }
        bail!("conformance cases failed: {}", self.failed.join(", "))
    }

    fn note(&mut self, name: &str, verdict: Verdict, took: Option<Duration>) {
        let (label, text) = match verdict {
            Verdict::Passed(text) => {
                self.passed += 1;
                ("ok  ", text)
            }
            Verdict::Failed(text) => {
                self.failed.push(name.to_owned());
                ("FAIL", text.replace('\n', "\n        "))
            }
            Verdict::Skipped(text) => {
                self.skipped += 1;
                ("skip", text)
            }
        };
        let seconds = took.map_or_else(String::new, |took| format!("{:.1} s", took.as_secs_f64()));
        println!("{label}  {name:<36} {seconds:>7}  {text}");
    }
}
