//! `mynah listen`: live captions of the microphone.
//!
//! The microphone is read by whichever recorder the system has (`arecord`, `parec`, `rec` of
//! `SoX`, `ffmpeg`), so that building Mynah needs no sound library.

use std::io::{IsTerminal, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mynah_speech::{SegmenterOptions, Stream, StreamEvent, StreamOptions};

use crate::cli::{Common, Listen};
use crate::config::Config;
use crate::engine;

/// Audio read at once, in bytes: 100 ms.
const PIECE_BYTES: usize = 3200;

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

/// Shows captions until the recorder ends or Ctrl-C.
pub(crate) fn run(options: &Common, arguments: &Listen) -> Result<ExitCode> {
    let languages = super::language(arguments.language.as_deref())?;
    let config = Config::read(options)?;
    let models = config.models(options)?;
    let pipeline = engine::default_pipeline(&models)?;
    // The microphone first: without one there is no use in loading models.
    let mut source = if arguments.stdin {
        Source::Stdin
    } else {
        Source::open_microphone()?
    };
    let engine = engine::start(&models, options, &config, 1, &[&pipeline])?;
    let stream_options = StreamOptions {
        languages,
        segmentation: SegmenterOptions {
            max_sentence_silence_ms: arguments.max_sentence_silence,
            ..SegmenterOptions::default()
        },
        partials: true,
        ..StreamOptions::default()
    };
    let stream = Arc::new(engine.open_live(Arc::new(pipeline), stream_options)?);
    eprintln!("listening to {}; stop with Ctrl-C", source.name());
    let runtime = super::runtime()?;
    runtime.block_on(async {
        let feeding = stream.clone();
        let fed = tokio::task::spawn_blocking(move || feed(&mut source, &feeding));
        let shown = tokio::select! {
            shown = show(&stream) => shown,
            _ = tokio::signal::ctrl_c() => {
                stream.finish();
                show(&stream).await
            }
        };
        shown?;
        // After Ctrl-C the reader may still wait for the recorder, which ends with this process.
        if fed.is_finished() {
            fed.await?
        } else {
            Ok(())
        }
    })?;
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Where the audio comes from.
enum Source {
    Stdin,
    Recorder(Recorder),
}

/// A running recorder, with the first audio it gave: proof that there is a microphone.
struct Recorder {
    name: &'static str,
    child: Child,
    audio: ChildStdout,
    first: Vec<u8>,
}

impl Source {
    /// Starts the first recorder that gives audio.
    fn open_microphone() -> Result<Self> {
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

    fn name(&self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Recorder(recorder) => recorder.name,
        }
    }

    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
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

/// Hands audio to the stream until the source ends.
fn feed(source: &mut Source, stream: &Stream) -> Result<()> {
    let mut piece = [0; PIECE_BYTES];
    let mut odd = 0;
    loop {
        let count = source.read(&mut piece[odd..])? + odd;
        if count == odd {
            break;
        }
        let whole = count / 2 * 2;
        let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0;
        let samples: Vec<f32> = piece[..whole].chunks_exact(2).map(sample).collect();
        piece.copy_within(whole..count, 0);
        odd = count - whole;
        // A microphone cannot wait: what does not fit is lost, and that after 30 s of delay only.
        stream.push(&samples[..samples.len().min(stream.room())]);
    }
    stream.finish();
    Ok(())
}

/// Shows captions: on a terminal the open sentence is overwritten as it grows.
async fn show(stream: &Stream) -> Result<()> {
    let live = std::io::stdout().is_terminal();
    loop {
        match stream.next().await {
            StreamEvent::Partial(sentence) if live => {
                print!("\r\x1b[K{}", sentence.text);
                std::io::stdout().flush()?;
            }
            StreamEvent::Final { sentence, .. } => {
                println!("{}{}", if live { "\r\x1b[K" } else { "" }, sentence.text);
            }
            StreamEvent::Nothing { .. } if live => print!("\r\x1b[K"),
            StreamEvent::Finished { .. } => return Ok(()),
            StreamEvent::Failed(error) => return Err(error.into()),
            StreamEvent::Speech { .. } | StreamEvent::Partial(_) | StreamEvent::Nothing { .. } => {}
        }
    }
}
