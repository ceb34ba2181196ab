//! Where audio comes from: the microphone, or stdin.
//!
//! The microphone is read by whichever recorder the system has (`arecord`, `parec`, `rec` of
//! `SoX`, `ffmpeg`), so that building Mynah needs no sound library.

use std::io::Read;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Audio read at once, in bytes: 100 ms.
pub(super) const PIECE_BYTES: usize = 3200;

/// What is read of a recorder's complaint, in bytes.
const COMPLAINT_BYTES_MAX: u64 = 4096;

/// Recorders and the arguments that make them write 16-bit little-endian mono at 16 kHz to stdout.
const RECORDERS: &[(&str, &[&str])] = &[
    (
        "arecord",
        &["-q", "-t", "raw", "-f", "S16_LE", "-r", "16000", "-c", "1"],
    ),
    (
        "parec",
        &[
            "--format=s16le",
            "--rate=16000",
            "--channels=1",
            "--latency-msec=100",
        ],
    ),
    (
        "rec",
        &[
            "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", "16000", "-c", "1", "-",
        ],
    ),
    #[cfg(target_os = "macos")]
    (
        "ffmpeg",
        &[
            "-v",
            "error",
            "-f",
            "avfoundation",
            "-i",
            ":default",
            "-f",
            "s16le",
            "-ar",
            "16000",
            "-ac",
            "1",
            "-",
        ],
    ),
    #[cfg(not(target_os = "macos"))]
    (
        "ffmpeg",
        &[
            "-v", "error", "-f", "alsa", "-i", "default", "-f", "s16le", "-ar", "16000", "-ac",
            "1", "-",
        ],
    ),
];

/// Where the audio comes from.
pub(super) enum Source {
    Stdin,
    Recorder(Recorder),
}

/// A running recorder, with the first audio it gave: proof that there is a microphone.
pub(super) struct Recorder {
    name: &'static str,
    child: Child,
    audio: ChildStdout,
    first: Vec<u8>,
}

impl Source {
    /// Starts the first recorder that gives audio.
    pub(super) fn open_microphone() -> Result<Self> {
        let mut complaints = Vec::new();
        for (name, arguments) in RECORDERS {
            match Recorder::start(name, arguments) {
                Ok(Some(recorder)) => return Ok(Self::Recorder(recorder)),
                Ok(None) => {}
                Err(complaint) => complaints.push(format!("{name}: {complaint:#}")),
            }
        }
        if complaints.is_empty() {
            bail!(
                "no recorder found for the microphone: install arecord (ALSA), parec \
                 (PulseAudio), rec (SoX) or ffmpeg, or pipe audio in with --stdin"
            );
        }
        bail!(
            "there is no microphone that can be read ({})",
            complaints.join("; ")
        )
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Recorder(recorder) => recorder.name,
        }
    }

    /// Reads as `Read::read` does: 16-bit little-endian mono at 16 kHz.
    pub(super) fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdin => std::io::stdin().lock().read(piece),
            Self::Recorder(Recorder { audio, first, .. }) => {
                if first.is_empty() {
                    return audio.read(piece);
                }
                let count = first.len().min(piece.len());
                piece[..count].copy_from_slice(&first[..count]);
                first.drain(..count);
                Ok(count)
            }
        }
    }
}

impl Recorder {
    /// Starts a recorder and waits for its first audio. `None`: it is not installed.
    fn start(name: &'static str, arguments: &[&str]) -> Result<Option<Self>> {
        let command = Command::new(name)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = command else {
            return Ok(None);
        };
        let mut audio = child.stdout.take().context("it has no output")?;
        let mut first = vec![0; PIECE_BYTES];
        let count = audio.read(&mut first)?;
        first.truncate(count);
        if count > 0 {
            return Ok(Some(Self {
                name,
                child,
                audio,
                first,
            }));
        }
        let mut text = String::new();
        if let Some(stderr) = child.stderr.take() {
            stderr.take(COMPLAINT_BYTES_MAX).read_to_string(&mut text)?;
        }
        child.wait()?;
        bail!(
            "{}",
            text.trim()
                .lines()
                .last()
                .unwrap_or("it gave no audio and no reason")
                .trim()
        )
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end and nothing to report.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
