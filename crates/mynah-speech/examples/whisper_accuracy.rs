//! Recognises every clip of a list and prints what was heard, for scoring.
//!
//! Each line of the standard input is a path of raw little-endian floats at 16 kHz.

#![expect(clippy::unwrap_used, reason = "a measuring tool")]

use std::path::PathBuf;
use std::time::Instant;

use mynah_speech::whisper::{Whisper, prepare};
use mynah_speech::{Effort, Recognizer as _, Runtime, Utterance};
use mynah_text::Language;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let models = PathBuf::from(std::env::var_os("MYNAH_MODELS_DIR").unwrap());
    let runtime = Runtime::load(&models.join("onnxruntime/libonnxruntime.so")).unwrap();
    let model = models.join(&args[1]);
    let started = Instant::now();
    prepare(&model, &runtime, &mut |_| ()).unwrap();
    eprintln!("prepare {:?}", started.elapsed());
    let started = Instant::now();
    let mut whisper = Whisper::open(&model, &runtime).unwrap();
    eprintln!("open {:?}", started.elapsed());
    let effort = if args[2] == "fast" { Effort::Fast } else { Effort::Accurate };
    let language = Language::parse(&args[3]);
    let previous = args.get(4).cloned().unwrap_or_default();
    let (mut spent, mut heard) = (0.0, 0.0);
    for line in std::io::stdin().lines() {
        let path = PathBuf::from(line.unwrap());
        let bytes = std::fs::read(&path).unwrap();
        let samples: Vec<f32> =
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let words = std::env::var_os("WORDS").is_some();
        let utterance = Utterance { samples: &samples, language, words, effort };
        let started = Instant::now();
        let hypothesis = whisper.recognize_after(&previous, &utterance).unwrap();
        let time = started.elapsed().as_secs_f64();
        spent += time;
        heard += samples.len() as f64 / 16000.0;
        let name = path.file_stem().unwrap().to_string_lossy();
        println!("{name}\t{}\t{time:.3}\t{}", hypothesis.language, hypothesis.text);
        for word in hypothesis.words {
            println!("#\t{}\t{}\t{}\t{}", word.begin_ms, word.end_ms, word.text, word.punctuation);
        }
    }
    eprintln!("rtf {:.4} ({spent:.1} s for {heard:.1} s)", spent / heard);
}
