//! Captions by a server: Mynah on another machine, or the cloud it speaks like.

use anyhow::{Context, Result};
use mynah_client::{AudioFormat, AudioSender, Event, Recognition, Session};
use mynah_text::Language;
use tokio::sync::mpsc;

use super::source::{PIECE_BYTES, Source};
use super::{Captions, open_source};
use crate::cli::Listen;

/// Sample rate of the microphone, in Hz.
const SAMPLE_RATE_HZ: u32 = 16_000;
/// Pieces of audio that wait for a slow network: 30 s of them.
const PIECES_WAITING_MAX: usize = 300;

/// Shows captions until the audio ends or Ctrl-C.
pub(super) fn run(url: &str, arguments: &Listen, languages: &[Language]) -> Result<()> {
    let recognition = recognition(url, arguments, languages)?;
    let source = open_source(arguments)?;
    let runtime = crate::commands::runtime()?;
    runtime.block_on(async {
        let session = recognition.start().await;
        let session = session.with_context(|| format!("cannot begin with {url}"))?;
        eprintln!("listening to {}; stop with Ctrl-C", source.name());
        follow(session, source).await
    })?;
    // After Ctrl-C a thread may still wait for the recorder, which ends with this process.
    runtime.shutdown_background();
    Ok(())
}

fn recognition(url: &str, arguments: &Listen, languages: &[Language]) -> Result<Recognition> {
    let mut builder = Recognition::builder()
        .url(url)
        .model(&arguments.model)
        .format(AudioFormat::Pcm)
        .sample_rate(SAMPLE_RATE_HZ)
        .max_sentence_silence(arguments.max_sentence_silence)
        // Captions outlive a pause of a minute.
        .heartbeat(true);
    if let Some(key) = &arguments.api_key {
        builder = builder.api_key(key);
    }
    if let Some(id) = &arguments.vocabulary {
        builder = builder.vocabulary_id(id);
    }
    if !languages.is_empty() {
        builder = builder.language_hints(languages.iter().map(|language| language.code()));
    }
    Ok(builder.build()?)
}

/// Sends the audio and shows what comes back.
async fn follow(mut session: Session, source: Source) -> Result<()> {
    let (pieces, waiting) = mpsc::channel(PIECES_WAITING_MAX);
    let read = tokio::task::spawn_blocking(move || read(source, &pieces));
    let sender = session.sender();
    let sent = tokio::spawn(send(waiting, session.sender()));
    let captions = Captions::new();
    let mut interrupted = false;
    loop {
        let event = tokio::select! {
            event = session.next_event() => event,
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                sender.stop().await?;
                continue;
            }
        };
        match event.transpose()? {
            Some(Event::Sentence(result)) if result.is_end() => {
                captions.ended(&result.sentence.text);
            }
            Some(Event::Sentence(result)) => captions.growing(&result.sentence.text)?,
            Some(Event::Finished { .. }) | None => break,
            Some(_) => {}
        }
    }
    if !interrupted {
        sent.await??;
        read.await??;
    }
    Ok(())
}

/// Reads the source on a thread of its own: recorders block.
fn read(mut source: Source, pieces: &mpsc::Sender<Vec<u8>>) -> Result<()> {
    let mut piece = [0; PIECE_BYTES];
    loop {
        let count = source.read(&mut piece)?;
        if count == 0 || pieces.blocking_send(piece[..count].to_vec()).is_err() {
            return Ok(());
        }
    }
}

async fn send(mut waiting: mpsc::Receiver<Vec<u8>>, sender: AudioSender) -> Result<()> {
    while let Some(piece) = waiting.recv().await {
        sender.send_audio_frame(piece).await?;
    }
    Ok(sender.stop().await?)
}
