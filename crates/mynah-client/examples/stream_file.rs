//! Streams a WAV file at the pace of speech and prints results as they come, by a callback.
//!
//! ```text
//! DASHSCOPE_API_KEY=sk-… DASHSCOPE_WEBSOCKET_BASE_URL=ws://127.0.0.1:8787/api-ws/v1/inference \
//!     cargo run -p mynah-client --example stream_file -- asr_example.wav
//! ```
//!
//! The file must hold 16-bit mono samples at 16000 Hz, since their number sets the pace.

use mynah_client::pacing::{Pace, send_paced};
use mynah_client::{AudioFormat, Error, Recognition, RecognitionCallback, SentenceResult};
use tokio::fs::File;

const SAMPLE_RATE: u32 = 16_000;

struct Printer;

impl RecognitionCallback for Printer {
    fn on_open(&mut self) {
        println!("connected");
    }

    fn on_event(&mut self, result: &SentenceResult) {
        let mark = if result.is_end() {
            "final  "
        } else {
            "partial"
        };
        println!("{mark}  {}", result.sentence.text);
    }

    fn on_complete(&mut self) {
        println!("complete");
    }

    fn on_error(&mut self, error: &Error) {
        println!("failed: {error}");
    }

    fn on_close(&mut self) {
        println!("closed");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("which file?")?;
    let audio = File::open(file).await?;
    let recognition = Recognition::builder()
        .model("fun-asr-realtime")
        .format(AudioFormat::Wav)
        .sample_rate(SAMPLE_RATE)
        .semantic_punctuation_enabled(false)
        .build()?;

    let mut session = recognition.start_with_callback(Printer).await?;
    send_paced(&session.sender(), audio, Pace::pcm(SAMPLE_RATE)).await?;
    session.stop().await?;

    let sender = session.sender();
    println!(
        "request {}, first text after {:?}, end after {:?}",
        sender.request_id(),
        sender.first_package_delay().unwrap_or_default(),
        sender.last_package_delay().unwrap_or_default(),
    );
    Ok(())
}
