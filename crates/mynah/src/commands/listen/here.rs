//! Captions by the models of this machine.

use std::sync::Arc;

use anyhow::Result;
use mynah_speech::{SegmenterOptions, Stream, StreamEvent, StreamOptions};
use mynah_text::Language;

use super::source::{PIECE_BYTES, Source};
use super::{Captions, open_source};
use crate::cli::{Common, Listen};
use crate::config::Config;
use crate::engine;

/// Shows captions until the audio ends or Ctrl-C.
pub(super) fn run(options: &Common, arguments: &Listen, languages: Vec<Language>) -> Result<()> {
    let config = Config::read(options)?;
    let models = config.models(options)?;
    let pipeline = engine::default_pipeline(&models)?;
    // The microphone first: without one there is no use in loading models.
    let mut source = open_source(arguments)?;
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
    let runtime = crate::commands::runtime()?;
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
    Ok(())
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

async fn show(stream: &Stream) -> Result<()> {
    let captions = Captions::new();
    loop {
        match stream.next().await {
            StreamEvent::Partial(sentence) => captions.growing(&sentence.text)?,
            StreamEvent::Final { sentence, .. } => captions.ended(&sentence.text),
            StreamEvent::Nothing { .. } => captions.growing("")?,
            StreamEvent::Finished { .. } => return Ok(()),
            StreamEvent::Failed(error) => return Err(error.into()),
            StreamEvent::Speech { .. } => {}
        }
    }
}
