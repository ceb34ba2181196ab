//! Running other programs: with their output on our terminal, or captured and under a time limit.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a running child is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// A captured log longer than this many bytes is read from its end only.
const OUTPUT_BYTES_MAX: u64 = 4 << 20;

/// Runs a program with its output on our terminal; an unsuccessful end is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("starting {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// The same without naming the command, whose arguments would fill the terminal.
pub(crate) fn run_silently(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("starting {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

/// What a captured program left behind.
#[derive(Debug)]
pub(crate) struct Captured {
    /// `None` when the program had to be killed at its time limit.
    pub(crate) status: Option<ExitStatus>,
    /// Standard output and standard error as they came.
    pub(crate) output: String,
}

impl Captured {
    /// The output, if the program ended well; else an error that ends with the last lines of it.
    pub(crate) fn success(self, limit: Duration) -> Result<String> {
        match self.status {
            Some(status) if status.success() => Ok(self.output),
            Some(status) => bail!("ended with {status}; last lines:\n{}", tail(&self.output)),
            None => {
                bail!(
                    "still running after {} s; last lines:\n{}",
                    limit.as_secs(),
                    tail(&self.output)
                )
            }
        }
    }
}

/// Runs a program with its output in `log`, killing it at the limit.
pub(crate) fn capture(command: &mut Command, limit: Duration, log: &Path) -> Result<Captured> {
    let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
    let errors = file.try_clone().context("sharing the log file")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .with_context(|| format!("starting {}", shown(command)))?;
    let status = wait(&mut child, limit)?;
    if status.is_none() {
        child
            .kill()
            .and_then(|()| child.wait())
            .context("killing the child at its limit")?;
    }
    Ok(Captured {
        status,
        output: read_end(log)?,
    })
}

/// Waits for a child at most `limit`; `None` means that it still runs.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().context("waiting for a child")? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        sleep(POLL_INTERVAL);
    }
}

/// Whether a program of this name answers `argument` (usually its version switch).
pub(crate) fn answers(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The last lines of a program's output, for an error message.
pub(crate) fn tail(output: &str) -> String {
    const LINES: usize = 25;
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn read_end(log: &Path) -> Result<String> {
    let mut file = File::open(log).with_context(|| format!("opening {}", log.display()))?;
    let length = file.metadata().context("reading the log's length")?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_BYTES_MAX)))
        .context("seeking")?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .with_context(|| format!("reading {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_over_its_limit_is_killed_and_its_output_kept() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let limit = Duration::from_millis(300);
        let mut command = Command::new("sh");
        command.args(["-c", "echo before; exec sleep 30"]);
        let started = Instant::now();
        let captured = capture(&mut command, limit, log.path()).unwrap();
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(captured.status.is_none());
        assert_eq!(captured.output, "before\n");
        assert!(
            captured
                .success(limit)
                .unwrap_err()
                .to_string()
                .contains("still running")
        );
    }

    #[test]
    fn a_failing_child_is_reported_with_its_last_lines() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo why it failed >&2; exit 3"]);
        let captured = capture(&mut command, Duration::from_secs(10), log.path()).unwrap();
        let error = captured
            .success(Duration::from_secs(10))
            .unwrap_err()
            .to_string();
        assert!(error.contains("why it failed"), "{error}");
    }
}
