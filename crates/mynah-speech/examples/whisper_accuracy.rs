//! Measures a Whisper model on recordings with known text.
//!
//! `whisper_accuracy MODEL LANGUAGE EFFORT KNOWN [TEXT BEFORE]`, for instance
//! `whisper_accuracy whisper-base zh fast given`: EFFORT is `fast` or `accurate`, KNOWN is `given`
//! or `detected`. The models are those in `MYNAH_MODELS_DIR`, the recordings those in
//! `MYNAH_AUDIO_DIR`. Prints each utterance and, at the end, the error rate and the real-time
//! factor.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measuring tool stops at what it does not understand"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mynah_audio::FileDecoder;
use mynah_speech::whisper::{Whisper, prepare};
use mynah_speech::{Effort, Recognizer as _, Runtime, Utterance, samples_to_ms};
use mynah_text::score::{Errors, errors, normalise};
use mynah_text::{Language, ends_sentence};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, code, effort, known, before @ ..] = args.as_slice() else {
        panic!("usage: MODEL LANGUAGE EFFORT KNOWN [TEXT BEFORE]");
    };
    let language = Language::parse(code).unwrap();
    let effort = if effort == "accurate" {
        Effort::Accurate
    } else {
        Effort::Fast
    };
    let before = before.first().map_or("", String::as_str);
    let mut whisper = open(model);
    let mut total = Total::default();
    for (samples, truth) in clips(language) {
        let given = (known == "given").then_some(language);
        let utterance = Utterance {
            language: given,
            words: false,
            effort,
            context: before,
            ..Utterance::new(&samples)
        };
        let started = Instant::now();
        let heard = whisper.recognize(&utterance).unwrap();
        total.spent += started.elapsed();
        let wrong = errors(
            &normalise(&truth, language),
            &normalise(&heard.text, language),
        );
        println!(
            "{}\t{}\t{truth}\t{}",
            wrong.total(),
            heard.language,
            heard.text
        );
        total.audio_ms += u64::from(samples_to_ms(samples.len()));
        total.errors = total.errors + wrong;
        total.clips += 1;
        total.finished += usize::from(ends_sentence(&heard.text));
        total.other_language += usize::from(heard.language != language);
    }
    total.print();
}

#[derive(Default)]
struct Total {
    clips: usize,
    finished: usize,
    other_language: usize,
    errors: Errors,
    audio_ms: u64,
    spent: Duration,
}

impl Total {
    fn print(&self) {
        let Self {
            clips,
            finished,
            other_language,
            errors,
            ..
        } = self;
        let (wrong, units) = (errors.total(), errors.reference_units);
        println!(
            "error rate {:.1} % ({wrong} of {units})",
            100.0 * errors.rate()
        );
        println!("{clips} clips, {finished} end with a mark, {other_language} in another language");
        let audio_s = self.audio_ms as f64 / 1000.0;
        println!("real-time factor {:.4}", self.spent.as_secs_f64() / audio_s);
    }
}

fn open(model: &str) -> Whisper {
    let models = PathBuf::from(std::env::var_os("MYNAH_MODELS_DIR").unwrap());
    let runtime = Runtime::load(&models.join("onnxruntime/libonnxruntime.so")).unwrap();
    let folder = models.join(model);
    prepare(&folder, &runtime, &mut |_| ()).unwrap();
    Whisper::open(&folder, &runtime).unwrap()
}

/// Samples and text of each recording in a language.
fn clips(language: Language) -> Vec<(Vec<f32>, String)> {
    let corpus = if language == Language::ENGLISH {
        "en/librispeech-test-other"
    } else {
        "zh/aishell"
    };
    let audio = PathBuf::from(std::env::var_os("MYNAH_AUDIO_DIR").unwrap()).join(corpus);
    let list = std::fs::read_to_string(audio.join("transcripts.tsv")).unwrap();
    let clip = |line: &str| {
        let mut columns = line.split('\t');
        let path = audio.join(format!("{}.flac", columns.next().unwrap()));
        (samples(&path), columns.next().unwrap().to_owned())
    };
    list.lines().skip(1).map(clip).collect()
}

fn samples(path: &Path) -> Vec<f32> {
    FileDecoder::open(path)
        .unwrap()
        .flat_map(Result::unwrap)
        .collect()
}
