//! Measures what hot words change, on recordings with known text and known rare words.
//!
//! `hot_words offline MODEL`: each utterance by one recogniser at the fast setting.
//! `hot_words live|file MODEL`: each utterance through a stream whose final text is MODEL's.
//! `hot_words cost MODEL`: processor time of real-time streams with [`MANY`] hot words and without.
//!
//! Every utterance gets its own rare words and [`DISTRACTORS`] of the other utterances. The models
//! are those in `MYNAH_MODELS_DIR`, the recordings those in `MYNAH_AUDIO_DIR`: for English the rare
//! words stand in the third column of `transcripts.tsv`, for Chinese they are [`CHINESE_WORDS`].

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measuring tool stops at what it does not understand"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mynah_audio::FileDecoder;
use mynah_speech::{
    Effort, Engine, EngineConfig, EngineFactory, HotWords, Pipeline, Runtime, Stream, StreamEvent,
    StreamOptions, Utterance, ms_to_samples, samples_to_ms,
};
use mynah_text::score::{Errors, errors, normalise};
use mynah_text::{HotWord, Language};

/// Rare words of other utterances that each utterance is given.
const DISTRACTORS: usize = 100;
/// Hot words of a stream whose cost is measured.
const MANY: usize = 500;
/// Streams at once when the cost is measured.
const STREAMS: usize = 2;
/// Recordings whose cost is measured.
const COST_CLIPS: usize = 16;
/// Audio that a real-time stream sends at once, in milliseconds.
const PIECE_MS: u32 = 100;
/// Silence after each utterance of a stream, in milliseconds: longer than what ends a sentence.
const PAUSE_MS: u32 = 1_500;

/// Names and terms of the Chinese recordings.
const CHINESE_WORDS: [&str; 30] = [
    "闯码头",
    "卷珠帘",
    "海阔天空",
    "魔法城堡",
    "精武陈真",
    "陈小春",
    "人口红利",
    "接盘侠",
    "县间大教育",
    "三井不动产",
    "三星",
    "无人驾驶",
    "城市挑战赛",
    "自动驾驶",
    "炒作",
    "会徽",
    "铆劲",
    "组委会",
    "东京奥运",
    "佐野",
    "搜狐娱乐讯",
    "仙桃市",
    "龙华山派出所",
    "藏獒",
    "丽江",
    "导游",
    "猴子",
    "督查",
    "楼市调控",
    "派发",
];

/// A recording with known text.
struct Clip {
    samples: Vec<f32>,
    text: String,
    rare: Vec<String>,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, model] = args.as_slice() else {
        panic!("usage: offline|live|file|cost MODEL");
    };
    // The runtime is loaded once in a process.
    if what == "offline" {
        let factory = factory();
        for language in [Language::ENGLISH, Language::CHINESE] {
            let mut recognizer = factory.recognizer(model).unwrap();
            if !recognizer.supports(language) {
                continue;
            }
            compare(&clips(language), language, |clip, words| {
                let utterance = Utterance {
                    language: Some(language),
                    effort: Effort::Fast,
                    hot_words: words,
                    ..Utterance::new(&clip.samples)
                };
                recognizer.recognize(&utterance).unwrap().text
            });
        }
        return;
    }
    let engine = engine(model);
    for language in [Language::ENGLISH, Language::CHINESE] {
        let clips = clips(language);
        if what == "cost" {
            cost(&engine, model, language, &clips);
        } else {
            compare(&clips, language, |clip, words| {
                through_stream(&engine, model, what, language, clip, words)
            });
        }
    }
}

/// Recognises every clip without hot words and with them, and prints both.
fn compare(
    clips: &[Clip],
    language: Language,
    mut recognize: impl FnMut(&Clip, &Arc<HotWords>) -> String,
) {
    let mut texts: Vec<Vec<String>> = Vec::new();
    for with in [false, true] {
        let mut score = Score::default();
        let mut heard = Vec::new();
        let started = Instant::now();
        for (index, clip) in clips.iter().enumerate() {
            let words = if with {
                words_for(clips, index)
            } else {
                Vec::new()
            };
            let text = recognize(clip, &Arc::new(HotWords::new(words)));
            score.add(clip, &text, language);
            heard.push(text);
        }
        let name = if with { "with hot words" } else { "without" };
        score.print(&format!("{language} {name}"), started.elapsed());
        texts.push(heard);
    }
    if std::env::var_os("SHOW").is_some() {
        for (index, clip) in clips.iter().enumerate() {
            if texts[0][index] != texts[1][index] {
                println!(
                    "= {}\n- {}\n+ {}",
                    clip.text, texts[0][index], texts[1][index]
                );
            }
        }
    }
}

#[derive(Default)]
struct Score {
    errors: Errors,
    found: usize,
    rare: usize,
}

impl Score {
    fn add(&mut self, clip: &Clip, heard: &str, language: Language) {
        let units = |text: &str| normalise(text, language);
        let heard = units(heard);
        self.errors = self.errors + errors(&units(&clip.text), &heard);
        self.rare += clip.rare.len();
        let is_found = |word: &&String| {
            let word = units(word);
            heard
                .windows(word.len().max(1))
                .any(|window| window == word)
        };
        self.found += clip.rare.iter().filter(is_found).count();
    }

    fn print(&self, name: &str, took: Duration) {
        println!(
            "{name:<18} {:>6.2} % errors, {:>3} of {} rare words, {:.1} s",
            self.errors.rate() * 100.0,
            self.found,
            self.rare,
            took.as_secs_f64()
        );
    }
}

/// The rare words of a clip among those of others, always the same.
fn words_for(clips: &[Clip], index: usize) -> Vec<HotWord> {
    let others = clips.iter().cycle().skip(index).take(clips.len());
    let mut words: Vec<&String> = Vec::new();
    for word in others.flat_map(|clip| &clip.rare) {
        if !words.contains(&word) && words.len() < clips[index].rare.len() + DISTRACTORS {
            words.push(word);
        }
    }
    let hot = |word: &String| HotWord::new(word, i64::from(HotWord::WEIGHT_DEFAULT), None);
    words.into_iter().map(hot).collect()
}

/// The text that a stream makes of a clip.
fn through_stream(
    engine: &Engine,
    model: &str,
    path: &str,
    language: Language,
    clip: &Clip,
    words: &Arc<HotWords>,
) -> String {
    let options = options(language, words, path == "live");
    let pipeline = Arc::new(pipeline(model));
    let stream = if path == "live" {
        engine.open_live(pipeline, options).unwrap()
    } else {
        engine.open_file(pipeline, options)
    };
    let silence = vec![0.0; ms_to_samples(PAUSE_MS)];
    feed(
        &stream,
        &[silence.as_slice(), &clip.samples, &silence].concat(),
        None,
    )
}

/// Sends samples, at the pace of speech if told so, and collects the final text.
fn feed(stream: &Stream, samples: &[f32], pace: Option<Duration>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let send = async {
            let started = Instant::now();
            for (index, piece) in samples.chunks(ms_to_samples(PIECE_MS)).enumerate() {
                if let Some(pace) = pace {
                    tokio::time::sleep_until((started + pace * index as u32).into()).await;
                }
                while stream.room() < piece.len() {
                    stream.wait_for_room().await;
                }
                stream.push(piece);
            }
            stream.finish();
        };
        let receive = async {
            let mut text = Vec::new();
            loop {
                match stream.next().await {
                    StreamEvent::Final { sentence, .. } => text.push(sentence.text),
                    StreamEvent::Failed(error) => panic!("{error}"),
                    StreamEvent::Finished { .. } => return text.join(" "),
                    _ => {}
                }
            }
        };
        tokio::join!(send, receive).1
    })
}

/// Processor time of real-time streams, without hot words and with many.
fn cost(engine: &Engine, model: &str, language: Language, clips: &[Clip]) {
    let words = Arc::new(HotWords::new(many_words(clips)));
    let none = Arc::new(HotWords::default());
    let audio = |stream: usize| {
        let own = clips.iter().take(COST_CLIPS).skip(stream).step_by(STREAMS);
        let silence = vec![0.0; ms_to_samples(PAUSE_MS)];
        own.flat_map(|clip| [clip.samples.clone(), silence.clone()].concat())
            .collect()
    };
    let audio: Vec<Vec<f32>> = (0..STREAMS).map(audio).collect();
    let mut spent = Vec::new();
    for words in [&none, &words] {
        let before = processor_time();
        std::thread::scope(|scope| {
            for samples in &audio {
                let pipeline = Arc::new(pipeline(model));
                let stream = engine
                    .open_live(pipeline, options(language, words, true))
                    .unwrap();
                let pace = Duration::from_millis(u64::from(PIECE_MS));
                scope.spawn(move || feed(&stream, samples, Some(pace)));
            }
        });
        spent.push(processor_time().saturating_sub(before).as_secs_f64());
    }
    let seconds: f64 = audio
        .iter()
        .map(|a| f64::from(samples_to_ms(a.len())) / 1000.0)
        .sum();
    println!(
        "{language} {STREAMS} real-time streams: {:.4} s of processor time per second of audio \
         without hot words, {:.4} s with {MANY}: {:+.1} %",
        spent[0] / seconds,
        spent[1] / seconds,
        (spent[1] / spent[0] - 1.0) * 100.0
    );
}

/// The rare words of all clips, and words made of their halves.
fn many_words(clips: &[Clip]) -> Vec<HotWord> {
    let mut words: Vec<String> = clips.iter().flat_map(|clip| clip.rare.clone()).collect();
    words.sort();
    words.dedup();
    let halves: Vec<(String, String)> = words
        .iter()
        .map(|word| {
            let letters: Vec<char> = word.chars().collect();
            let (one, other) = letters.split_at(letters.len() / 2);
            (one.iter().collect(), other.iter().collect())
        })
        .collect();
    for shift in 1..halves.len() {
        for (index, (begin, _)) in halves.iter().enumerate() {
            let (_, end) = &halves[(index + shift) % halves.len()];
            let word = format!("{begin}{end}");
            if words.len() < MANY && !words.contains(&word) {
                words.push(word);
            }
        }
    }
    let hot = |word: &String| HotWord::new(word, i64::from(HotWord::WEIGHT_DEFAULT), None);
    words.iter().map(hot).collect()
}

/// Processor time of this program so far.
fn processor_time() -> Duration {
    const TICKS_PER_SECOND: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 1000 / TICKS_PER_SECOND)
}

fn options(language: Language, words: &Arc<HotWords>, partials: bool) -> StreamOptions {
    StreamOptions {
        languages: vec![language],
        partials,
        hot_words: words.clone(),
        ..StreamOptions::default()
    }
}

fn pipeline(model: &str) -> Pipeline {
    Pipeline {
        recognizer: model.to_owned(),
        effort: Effort::Fast,
        partials: vec!["muggle-speech".to_owned(), "moonshine-tiny-en".to_owned()],
        detector: None,
    }
}

fn models() -> PathBuf {
    PathBuf::from(std::env::var_os("MYNAH_MODELS_DIR").unwrap())
}

fn runtime_library() -> PathBuf {
    models().join("onnxruntime/libonnxruntime.so")
}

fn factory() -> EngineFactory {
    EngineFactory::new(Runtime::load(&runtime_library()).unwrap(), &models())
}

fn engine(model: &str) -> Engine {
    let config = EngineConfig {
        runtime: runtime_library(),
        models: models(),
        workers: 2,
        slots: STREAMS,
        preload: pipeline(model).models().map(str::to_owned).collect(),
    };
    Engine::start(&config).unwrap()
}

/// Samples, text and rare words of each recording in a language.
fn clips(language: Language) -> Vec<Clip> {
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
        let text = columns.next().unwrap().to_owned();
        let rare = if let Some(list) = columns.next() {
            serde_json::from_str(list).unwrap()
        } else {
            let spoken = CHINESE_WORDS.iter().filter(|word| text.contains(**word));
            spoken.map(|word| (*word).to_owned()).collect()
        };
        Clip {
            samples: samples(&path),
            text,
            rare,
        }
    };
    list.lines().skip(1).map(clip).collect()
}

fn samples(path: &Path) -> Vec<f32> {
    FileDecoder::open(path)
        .unwrap()
        .flat_map(Result::unwrap)
        .collect()
}
