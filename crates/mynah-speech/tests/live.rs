//! Live streams and files on real weights and real speech: what each option changes.
//!
//! The light recogniser (Whisper base) is enough to see them. `MYNAH_MODELS_DIR` says where weights
//! are; the recordings are those of `conformance/audio`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use mynah_audio::FileDecoder;
use mynah_speech::{
    Effort, Engine, EngineConfig, Pipeline, RecognizedSentence, SegmenterOptions, Stream,
    StreamEvent, StreamOptions, TextOptions,
};
use mynah_text::{Language, score};

/// 100 ms.
const PIECE: usize = 1600;

struct Room {
    engine: Engine,
}

/// The engine room that all tests share, unless weights or recordings are missing.
fn room() -> Option<&'static Room> {
    static ROOM: OnceLock<Option<Room>> = OnceLock::new();
    ROOM.get_or_init(|| {
        let models = existing(PathBuf::from(
            env::var_os("MYNAH_MODELS_DIR").unwrap_or_default(),
        ))?;
        let config = EngineConfig {
            runtime: models.join("onnxruntime/libonnxruntime.so"),
            models,
            workers: 2,
            slots: 16,
            preload: vec!["whisper-base".to_owned()],
        };
        Some(Room {
            engine: Engine::start(&config).unwrap(),
        })
    })
    .as_ref()
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    let required = env::var("MYNAH_REQUIRE_MODELS").is_ok_and(|value| value == "1");
    assert!(!required, "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

fn pipeline() -> Arc<Pipeline> {
    Arc::new(Pipeline {
        recognizer: "whisper-base".to_owned(),
        effort: Effort::Fast,
        partials: vec!["muggle-speech".to_owned(), "moonshine-tiny-en".to_owned()],
        detector: None,
    })
}

fn english() -> StreamOptions {
    StreamOptions {
        languages: vec![Language::ENGLISH],
        partials: true,
        ..Default::default()
    }
}

fn chinese() -> StreamOptions {
    StreamOptions {
        languages: vec![Language::CHINESE],
        partials: true,
        ..Default::default()
    }
}

impl Room {
    /// Streams audio at the pace of the engines and collects what comes.
    fn run(&self, options: StreamOptions, samples: &[f32]) -> Heard {
        let stream = self.engine.open_live(pipeline(), options).unwrap();
        collect(&stream, samples)
    }
}

fn english_recording(id: &str) -> Vec<f32> {
    recording(&format!("en-librispeech-{id}"))
}

fn chinese_recording(id: &str) -> Vec<f32> {
    recording(&format!("zh-aishell-{id}"))
}

fn recording(name: &str) -> Vec<f32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/audio");
    let decoder = FileDecoder::open(&folder.join(format!("{name}.flac"))).unwrap();
    decoder.flat_map(Result::unwrap).collect()
}

/// What a stream reported.
#[derive(Debug, Default)]
struct Heard {
    partials: Vec<RecognizedSentence>,
    finals: Vec<RecognizedSentence>,
    stashes: usize,
}

impl Heard {
    fn text(&self) -> String {
        self.finals
            .iter()
            .map(|s| s.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn collect(stream: &Stream, samples: &[f32]) -> Heard {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let feed = async {
            for piece in samples.chunks(PIECE) {
                stream.wait_for_room().await;
                stream.push(piece);
                // Four times the pace of speech: fast, yet not a flood, for which partial text
                // would be skipped.
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
            stream.finish();
        };
        let listen = async {
            let mut heard = Heard::default();
            loop {
                match stream.next().await {
                    StreamEvent::Partial(sentence) => heard.partials.push(sentence),
                    StreamEvent::Final { sentence, rest, .. } => {
                        heard.stashes += usize::from(rest.is_some());
                        heard.finals.push(sentence);
                    }
                    StreamEvent::Finished { .. } => return heard,
                    StreamEvent::Failed(error) => panic!("{error}"),
                    StreamEvent::Speech { .. } | StreamEvent::Nothing { .. } => {}
                }
            }
        };
        tokio::join!(feed, listen).1
    })
}

fn silence(ms: usize) -> Vec<f32> {
    vec![0.0; ms * 16]
}

/// Recordings one after another with silence between them, and some at the end.
fn joined(parts: &[&[f32]], gap_ms: usize) -> Vec<f32> {
    let mut samples = silence(300);
    for part in parts {
        samples.extend_from_slice(part);
        samples.extend(silence(gap_ms));
    }
    samples
}

fn errors(reference: &str, heard: &Heard, language: Language) -> f64 {
    let reference = score::normalise(reference, language);
    score::errors(&reference, &score::normalise(&heard.text(), language)).rate()
}

const EN_1: &str = "1688-142285-0002";
const EN_2: &str = "1688-142285-0009";
const ZH_PHONE: &str = "BAC009S0150W0083";

#[test]
fn english_is_recognised_with_partials_words_and_times() {
    let Some(room) = room() else { return };
    let speech = english_recording(EN_1);
    let begin_ms = 1000;
    let mut samples = silence(begin_ms);
    samples.extend_from_slice(&speech);
    samples.extend(silence(2000));
    let heard = room.run(english(), &samples);
    let sentence = &heard.finals[0];
    assert!(!heard.partials.is_empty());
    assert!(
        heard
            .partials
            .iter()
            .all(|partial| !partial.text.is_empty())
    );
    assert!(sentence.begin_ms as usize >= begin_ms - 100, "{sentence:?}");
    assert!(
        sentence.end_ms as usize <= begin_ms + speech.len() / 16 + 100,
        "{sentence:?}"
    );
    assert!(
        sentence.text.ends_with(['.', '?', '!']),
        "{}",
        sentence.text
    );
    let words = &sentence.words;
    assert!(words.len() > 3);
    for pair in words.windows(2) {
        assert!(pair[0].begin_ms <= pair[0].end_ms && pair[0].end_ms <= pair[1].begin_ms);
    }
    assert!(words[0].begin_ms as usize >= begin_ms - 150, "{words:?}");
    let lengths: std::collections::BTreeSet<_> = words
        .iter()
        .map(|word| word.end_ms - word.begin_ms)
        .collect();
    assert!(lengths.len() > 2, "times are not spread evenly: {words:?}");
}

#[test]
fn a_pause_ends_a_sentence_when_it_is_longer_than_asked_for() {
    let Some(room) = room() else { return };
    let samples = joined(&[&english_recording(EN_1), &english_recording(EN_2)], 700);
    let sentences = |max_sentence_silence_ms| {
        let segmentation = SegmenterOptions {
            max_sentence_silence_ms,
            ..Default::default()
        };
        room.run(
            StreamOptions {
                segmentation,
                ..english()
            },
            &samples,
        )
        .finals
        .len()
    };
    assert_eq!(sentences(2500), 1);
    assert!(sentences(400) >= 2);
}

#[test]
fn semantic_punctuation_ends_a_sentence_where_it_is_complete() {
    let Some(room) = room() else { return };
    let samples = joined(&[&english_recording(EN_1), &english_recording(EN_2)], 100);
    let sentences = |semantic| {
        let segmentation = SegmenterOptions {
            semantic,
            ..Default::default()
        };
        room.run(
            StreamOptions {
                segmentation,
                ..english()
            },
            &samples,
        )
        .finals
        .len()
    };
    assert_eq!(sentences(false), 1);
    assert!(sentences(true) >= 2);
}

#[test]
fn several_thresholds_keep_sentences_short() {
    let Some(room) = room() else { return };
    let (a, b) = (english_recording(EN_1), english_recording(EN_2));
    let samples = joined(&[&a, &b, &a, &b], 200);
    let sentences = |multi_threshold| {
        let segmentation = SegmenterOptions {
            multi_threshold,
            ..Default::default()
        };
        room.run(
            StreamOptions {
                segmentation,
                ..english()
            },
            &samples,
        )
        .finals
        .len()
    };
    assert!(sentences(false) < sentences(true));
}

#[test]
fn the_noise_threshold_decides_how_much_noise_counts_as_speech() {
    let Some(room) = room() else { return };
    let mut noise = 12_345_u32;
    let mut samples = joined(&[&english_recording(EN_1)], 2000);
    for sample in &mut samples {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = *sample * 0.3 + (noise as f32 / u32::MAX as f32 - 0.5) * 0.1;
    }
    let heard_ms = |speech_noise_threshold| {
        let segmentation = SegmenterOptions {
            speech_noise_threshold,
            ..Default::default()
        };
        let heard = room.run(
            StreamOptions {
                segmentation,
                ..english()
            },
            &samples,
        );
        heard
            .finals
            .iter()
            .map(|s| s.end_ms - s.begin_ms)
            .sum::<u32>()
    };
    assert!(heard_ms(-0.9) > heard_ms(0.9) + 300);
}

#[test]
fn punctuation_can_be_turned_off() {
    let Some(room) = room() else { return };
    let text = TextOptions {
        punctuation: false,
        ..Default::default()
    };
    let heard = room.run(
        StreamOptions { text, ..english() },
        &joined(&[&english_recording(EN_2)], 2000),
    );
    assert!(!heard.text().is_empty());
    assert!(
        !heard.text().contains(['.', ',', '?', '!']),
        "{}",
        heard.text()
    );
}

#[test]
fn numbers_are_written_as_digits_or_as_spoken() {
    let Some(room) = room() else { return };
    let samples = joined(&[&chinese_recording(ZH_PHONE)], 2000);
    let written = |inverse_text_normalization| {
        let text = TextOptions {
            inverse_text_normalization,
            ..Default::default()
        };
        room.run(StreamOptions { text, ..chinese() }, &samples)
            .text()
    };
    let digits = written(true);
    assert!(digits.contains(|c: char| c.is_ascii_digit()), "{digits}");
    let spoken = written(false);
    assert!(!spoken.contains(|c: char| c.is_ascii_digit()), "{spoken}");
    assert!(spoken.contains(['三', '八', '零']), "{spoken}");
}

#[test]
fn a_language_hint_decides_and_without_one_the_language_is_found() {
    let Some(room) = room() else { return };
    let samples = joined(&[&english_recording(EN_1)], 2000);
    let with = |languages| {
        let options = StreamOptions {
            languages,
            partials: true,
            ..Default::default()
        };
        room.run(options, &samples)
    };
    assert_eq!(
        with(vec![Language::JAPANESE]).finals[0].language,
        Language::JAPANESE
    );
    let found = with(Vec::new());
    assert_eq!(found.finals[0].language, Language::ENGLISH);
    assert!(
        !found.partials.is_empty(),
        "partial text once the language is known"
    );
}

#[test]
fn a_file_is_recognised_in_order_beside_a_live_stream() {
    let Some(room) = room() else { return };
    let (a, b) = (english_recording(EN_1), english_recording(EN_2));
    let samples = joined(&[&a, &b, &a], 1500);
    let live = room.engine.open_live(pipeline(), english()).unwrap();
    let file = room.engine.open_file(pipeline(), english());
    let (live, file) = std::thread::scope(|scope| {
        let live = scope.spawn(|| collect(&live, &samples));
        let file = scope.spawn(|| collect(&file, &samples));
        (live.join().unwrap(), file.join().unwrap())
    });
    assert_eq!(live.finals.len(), 3);
    assert_eq!(file.finals.len(), 3);
    assert!(file.partials.is_empty());
    assert!(file.finals.is_sorted_by_key(|sentence| sentence.begin_ms));
    assert_eq!(file.finals[0].text, file.finals[2].text);
}

#[test]
fn one_slot_serves_utterance_after_utterance() {
    let Some(room) = room() else { return };
    let first = room.engine.open_live(pipeline(), english()).unwrap();
    let heard = collect(&first, &english_recording(EN_1));
    let second = first.renew(pipeline(), chinese());
    drop(first);
    let next = collect(&second, &chinese_recording(ZH_PHONE));
    assert_eq!((heard.finals.len(), next.finals.len()), (1, 1));
    assert!(next.finals[0].begin_ms < 1_000, "its own clock");
    assert_eq!(next.finals[0].language, Language::CHINESE);
}

#[test]
fn partial_text_follows_a_change_of_language() {
    let Some(room) = room() else { return };
    let (english, chinese) = (
        english_recording("1688-142285-0002"),
        chinese_recording("BAC009S0150W0195"),
    );
    let options = StreamOptions {
        partials: true,
        ..Default::default()
    };
    let heard = room.run(options, &joined(&[&english, &chinese], 1600));
    let [_, second] = heard.finals.as_slice() else {
        panic!("{:?}", heard.finals);
    };
    assert_eq!(second.language, Language::CHINESE);
    // One of them is the final text in advance, which knows the language by itself.
    let of_second = heard
        .partials
        .iter()
        .filter(|p| p.begin_ms == second.begin_ms);
    let in_chinese = of_second.filter(|partial| partial.language == Language::CHINESE);
    assert!(in_chinese.count() >= 3, "{:?}", heard.partials);
}

#[test]
fn silence_and_noise_are_no_sentences() {
    let Some(room) = room() else { return };
    assert!(room.run(english(), &silence(5000)).finals.is_empty());
    let mut noise = 1_u32;
    let hiss: Vec<f32> = (0..80_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise as f32 / u32::MAX as f32 - 0.5) * 0.2
        })
        .collect();
    assert!(room.run(english(), &hiss).finals.is_empty());
    assert!(room.run(english(), &[]).finals.is_empty());
}

#[test]
fn accuracy_of_the_live_path_is_that_of_the_weights() {
    let Some(room) = room() else { return };
    let said = [
        ("0002", "you don't mean that you thought me so silly"),
        (
            "0003",
            "i really liked that account of himself better than anything else he said",
        ),
        (
            "0004",
            "his statement of having been a shop boy was the thing i liked best of all",
        ),
        (
            "0005",
            "you who were always accusing people of being shoppy at helstone",
        ),
        ("0009", "why it might have been in the workhouse"),
    ];
    let rates = said.map(|(number, reference)| {
        let speech = english_recording(&format!("1688-142285-{number}"));
        let heard = room.run(english(), &joined(&[&speech], 1600));
        errors(reference, &heard, Language::ENGLISH)
    });
    let mean = rates.iter().sum::<f64>() / rates.len() as f64;
    assert!(mean < 0.25, "word error rates {rates:?}");
}
