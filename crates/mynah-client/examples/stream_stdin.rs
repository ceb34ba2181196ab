//! Captions whatever comes in on the standard input: 16-bit mono samples at 16000 Hz, from a
//! microphone say. The growing sentence is rewritten on its line; Ctrl-C ends the audio.
//!
//! ```text
//! export DASHSCOPE_API_KEY=sk-…
//! export DASHSCOPE_WEBSOCKET_BASE_URL=ws://127.0.0.1:8787/api-ws/v1/inference
//! arecord -q -t raw -f S16_LE -c 1 -r 16000 | cargo run -p mynah-client --example stream_stdin
//! ```

use std::io::Write;

use mynah_client::{AudioFormat, AudioSender, Error, Event, Recognition, SentenceResult};
use tokio::io::AsyncReadExt;

/// 100 ms.
const FRAME_BYTES: usize = 3_200;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let recognition = Recognition::builder()
        .model("fun-asr-realtime")
        .format(AudioFormat::Pcm)
        .sample_rate(16_000)
        .heartbeat(true)
        .build()?;
    let mut session = recognition.start().await?;
    // Read and print here, send there: neither waits for the other.
    let sending = tokio::spawn(send(session.sender()));
    while let Some(event) = session.next_event().await {
        if let Event::Sentence(result) = event? {
            show(&result)?;
        }
    }
    // A read of the terminal cannot be called back; the process ends with it.
    sending.abort();
    Ok(())
}

async fn send(sender: AudioSender) -> Result<(), Error> {
    let mut input = tokio::io::stdin();
    let mut frame = vec![0; FRAME_BYTES];
    loop {
        let read = tokio::select! {
            read = input.read(&mut frame) => read?,
            _ = tokio::signal::ctrl_c() => 0,
        };
        if read == 0 {
            return sender.stop().await;
        }
        sender.send_audio_frame(frame[..read].to_vec()).await?;
    }
}

fn show(result: &SentenceResult) -> Result<(), Error> {
    let end = if result.is_end() { "\n" } else { "" };
    let mut output = std::io::stdout();
    // Back to the start of the line, and clear it.
    write!(output, "\r\x1b[2K{}{end}", result.sentence.text)?;
    output.flush()?;
    Ok(())
}
