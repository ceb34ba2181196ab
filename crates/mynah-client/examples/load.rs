//! The load driver as a program: a plan on the standard input, the report on the standard output,
//! both JSON. `cargo xtask bench` runs it.
//!
//! ```text
//! {"streams": 2, "language_hints": ["en"], "max_sentence_silence": 400,
//!  "audio": [{"sample_rate": 16000, "pcm": "a.pcm", "utterances": [{"onset_ms": 300, "offset_ms": 2100}]}]}
//! ```
//!
//! Where to connect, and the key, come from the environment as for every client.

use std::path::PathBuf;

use mynah_client::load::{LoadOptions, StreamAudio, Utterance, run};
use mynah_client::{AudioFormat, Recognition};
use serde::Deserialize;

#[derive(Deserialize)]
struct Plan {
    streams: usize,
    language_hints: Vec<String>,
    max_sentence_silence: u32,
    audio: Vec<Audio>,
}

#[derive(Deserialize)]
struct Audio {
    sample_rate: u32,
    pcm: PathBuf,
    utterances: Vec<Speech>,
}

#[derive(Deserialize)]
struct Speech {
    onset_ms: u32,
    offset_ms: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan: Plan = serde_json::from_reader(std::io::stdin())?;
    let rate = plan.audio.first().ok_or("no audio")?.sample_rate;
    let mut recognition = Recognition::builder()
        .model("fun-asr-realtime")
        .format(AudioFormat::Pcm)
        .sample_rate(rate)
        .max_sentence_silence(plan.max_sentence_silence);
    if !plan.language_hints.is_empty() {
        recognition = recognition.language_hints(plan.language_hints);
    }
    let audio = plan.audio.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let report = run(&recognition.build()?, audio, LoadOptions::new(plan.streams)).await;
    serde_json::to_writer(std::io::stdout(), &report)?;
    Ok(())
}

/// The file in parts, one per utterance: from the end of the one before to the end of its speech.
fn read(audio: &Audio) -> std::io::Result<StreamAudio> {
    let pcm = std::fs::read(&audio.pcm)?;
    let byte_at = |ms: u32| (2 * (ms as usize * audio.sample_rate as usize / 1_000)).min(pcm.len());
    let (mut stream, mut begin_ms) = (StreamAudio::new(audio.sample_rate), 0);
    for Speech {
        onset_ms,
        offset_ms,
    } in &audio.utterances
    {
        let speech = Utterance {
            onset_ms: onset_ms - begin_ms,
            offset_ms: offset_ms - begin_ms,
        };
        stream = stream.utterance(&pcm[byte_at(begin_ms)..byte_at(*offset_ms)], speech);
        begin_ms = *offset_ms;
    }
    let rest_ms = (pcm.len() / 2 * 1_000 / audio.sample_rate as usize) as u32 - begin_ms;
    Ok(stream.silence(rest_ms))
}
