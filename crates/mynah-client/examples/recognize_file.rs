//! Recognises a file and prints its sentences with their times.
//!
//! ```text
//! DASHSCOPE_API_KEY=sk-… DASHSCOPE_WEBSOCKET_BASE_URL=ws://127.0.0.1:8787/api-ws/v1/inference \
//!     cargo run -p mynah-client --example recognize_file -- asr_example.wav
//! ```
//!
//! The format follows the file's ending (wav, mp3, opus, ogg, speex, aac, amr, pcm); the sample
//! rate is the second argument, 16000 if there is none.

use std::error::Error;
use std::path::PathBuf;

use mynah_client::{AudioFormat, Recognition};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let file = PathBuf::from(arguments.next().ok_or("which file?")?);
    let sample_rate = match arguments.next() {
        Some(hz) => hz.to_string_lossy().parse()?,
        None => 16_000,
    };
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    let format = AudioFormat::from_name(&ending).ok_or("unknown ending of the file's name")?;

    let recognition = Recognition::builder()
        .model("fun-asr-realtime")
        .format(format)
        .sample_rate(sample_rate)
        .build()?;
    let result = recognition.call(&file).await?;

    for sentence in &result.sentences {
        let end = sentence.end_time.unwrap_or(sentence.begin_time);
        println!(
            "{:>8} – {:>8} ms  {}",
            sentence.begin_time, end, sentence.text
        );
    }
    eprintln!(
        "request {}: {} s billed, first text after {:?}, end after {:?}",
        result.request_id,
        result.usage.unwrap_or_default().duration,
        result.first_package_delay.unwrap_or_default(),
        result.last_package_delay.unwrap_or_default(),
    );
    Ok(())
}
