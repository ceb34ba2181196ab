//! Whisper as an engine of `cargo xtask bench engine`: the program's prepared graphs, or the graphs
//! as published, for comparison.
//!
//! `engine_bench MODEL GRAPHS THREADS < LIST`, for instance `engine_bench whisper-base packaged 1`:
//! GRAPHS is `prepared` or `packaged`, a line of LIST is `language<TAB>path`. The models are those in
//! `MYNAH_MODELS_DIR`. Prints a JSON object for each line, [`Heard`], and a last one, [`Memory`].
//!
//! Both ways share the feature extraction, the vocabulary, the suppressed tokens and the limit of
//! tokens, and have a short clip recognised before the first one that counts. Reading the recordings
//! is not counted, but all that comes after it is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::stdin;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mynah_audio::FileDecoder;
use mynah_speech::whisper::{Tokenizer, features};
use mynah_speech::{Effort, EngineFactory, Recognizer, Runtime, SAMPLE_RATE_HZ, Utterance};
use mynah_text::Language;
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{
    HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue, SessionOutputs,
};
use ort::value::{DynValue, Tensor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Whatever goes wrong ends the program.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the published encoder takes: bands, and frames of 10 ms.
const FEATURES: [usize; 3] = [1, 80, 3000];
/// The limit of tokens that the prepared graphs have as well: this many, and
/// [`TOKENS_PER_SECOND_MAX`] for each second. With a higher one, a single text caught in a loop would
/// make the published graphs look slower than they are.
const TOKENS_MAX: usize = 10;
/// See [`TOKENS_MAX`].
const TOKENS_PER_SECOND_MAX: usize = 7;

/// What was heard in one recording.
#[derive(Serialize)]
struct Heard {
    text: String,
    audio_seconds: f64,
    compute_seconds: f64,
}

/// The most memory that the process had, in bytes.
#[derive(Serialize)]
struct Memory {
    peak_bytes: u64,
}

/// A way to run the model.
trait Engine {
    /// The text of one utterance.
    fn hear(&mut self, samples: &[f32], language: Language) -> Result<String>;
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, graphs, threads] = args.as_slice() else {
        return Err("usage: engine_bench MODEL prepared|packaged THREADS < LIST".into());
    };
    let mut engine = open(model, graphs, threads.parse()?)?;
    for line in stdin().lines() {
        let line = line?;
        let (code, path) = line.split_once('\t').ok_or("a line without a tab")?;
        let language = Language::parse(code).ok_or_else(|| format!("no language {code}"))?;
        let heard = measure(engine.as_mut(), language, Path::new(path))?;
        println!("{}", serde_json::to_string(&heard)?);
    }
    println!(
        "{}",
        serde_json::to_string(&Memory {
            peak_bytes: peak_bytes()?
        })?
    );
    Ok(())
}

fn open(model: &str, graphs: &str, threads: usize) -> Result<Box<dyn Engine>> {
    let models = std::env::var_os("MYNAH_MODELS_DIR").ok_or("MYNAH_MODELS_DIR is not set")?;
    let models = PathBuf::from(models);
    let library = models.join("onnxruntime/libonnxruntime.so");
    match graphs {
        "prepared" if threads == 1 => {
            let factory = EngineFactory::new(Runtime::load(&library)?, &models);
            Ok(Box::new(Prepared(factory.recognizer(model)?)))
        }
        "prepared" => Err("a recogniser computes on 1 thread".into()),
        "packaged" => {
            let environment = ort::init_from(&library)?.build()?;
            Ok(Box::new(Packaged::open(
                &models.join(model),
                &environment,
                threads,
            )?))
        }
        other => Err(format!("graphs are prepared or packaged, not {other}").into()),
    }
}

fn measure(engine: &mut dyn Engine, language: Language, path: &Path) -> Result<Heard> {
    let mut samples = Vec::new();
    for block in FileDecoder::open(path)? {
        samples.extend(block?);
    }
    let began = Instant::now();
    let text = engine.hear(&samples, language)?;
    Ok(Heard {
        text,
        audio_seconds: samples.len() as f64 / SAMPLE_RATE_HZ as f64,
        compute_seconds: began.elapsed().as_secs_f64(),
    })
}

/// The peak of the resident memory, as Linux counts it for each process.
fn peak_bytes() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    Ok(kibibytes
        .ok_or("no peak in the process's status")?
        .parse::<u64>()?
        * 1024)
}

/// The recogniser that the program uses.
struct Prepared(Box<dyn Recognizer>);

impl Engine for Prepared {
    fn hear(&mut self, samples: &[f32], language: Language) -> Result<String> {
        let (language, effort) = (Some(language), Effort::Fast);
        let utterance = Utterance {
            language,
            effort,
            ..Utterance::new(samples)
        };
        Ok(self.0.recognize(&utterance)?.text)
    }
}

/// The graphs as published, driven as well as their inputs and outputs allow: 30 s for every
/// utterance, one decoder for the prompt and for later tokens, outputs that nobody reads not
/// fetched, keys and values moved from one call to the next.
struct Packaged {
    encoder: Session,
    decoder: Session,
    encoder_outputs: RunOptions<HasSelectedOutputs>,
    first_outputs: RunOptions<HasSelectedOutputs>,
    next_outputs: RunOptions<HasSelectedOutputs>,
    names: Names,
    sizes: Sizes,
    rules: Rules,
    tokenizer: Tokenizer,
}

/// The decoder's inputs for keys and values, and the outputs that give them, in the same order.
struct Names {
    past_decoder: Vec<String>,
    past_encoder: Vec<String>,
    present_decoder: Vec<String>,
    present_encoder: Vec<String>,
}

/// Keys and values of the tokens so far, and of the clip, in the order of [`Names`].
struct Past {
    decoder: Vec<DynValue>,
    encoder: Vec<DynValue>,
}

/// From the model's `config.json`.
#[derive(Deserialize)]
struct Sizes {
    d_model: usize,
    decoder_attention_heads: usize,
}

/// From the model's `generation_config.json`.
#[derive(Deserialize)]
struct Rules {
    begin_suppress_tokens: Vec<u32>,
    decoder_start_token_id: u32,
    eos_token_id: u32,
    lang_to_id: HashMap<String, u32>,
    no_timestamps_token_id: u32,
    suppress_tokens: Vec<u32>,
    task_to_id: Tasks,
}

#[derive(Deserialize)]
struct Tasks {
    transcribe: u32,
}

impl Engine for Packaged {
    fn hear(&mut self, samples: &[f32], language: Language) -> Result<String> {
        let states = self.encode(samples)?;
        let tokens_max = TOKENS_MAX + TOKENS_PER_SECOND_MAX * samples.len() / SAMPLE_RATE_HZ;
        let tokens = self.decode(&states, language, tokens_max)?;
        Ok(self.tokenizer.decode(&tokens).trim().to_owned())
    }
}

impl Packaged {
    fn open(folder: &Path, environment: &Environment, threads: usize) -> Result<Self> {
        let open = |file| open_session(environment, &folder.join(file), threads);
        let decoder = open("decoder_model_merged_quantized.onnx")?;
        let names = Names::of(&decoder);
        let mut packaged = Self {
            encoder: open("encoder_model_quantized.onnx")?,
            decoder,
            encoder_outputs: wanted("last_hidden_state", &[])?,
            first_outputs: wanted("logits", &[&names.present_decoder, &names.present_encoder])?,
            next_outputs: wanted("logits", &[&names.present_decoder])?,
            names,
            sizes: read_json(&folder.join("config.json"))?,
            rules: read_json(&folder.join("generation_config.json"))?,
            tokenizer: Tokenizer::open(&folder.join("tokenizer.json"))?,
        };
        packaged.hear(&vec![0.0; SAMPLE_RATE_HZ], Language::ENGLISH)?;
        Ok(packaged)
    }

    fn encode(&mut self, samples: &[f32]) -> Result<DynValue> {
        let features = Tensor::from_array((FEATURES, features(samples)))?;
        let inputs = ort::inputs!["input_features" => features];
        let mut outputs = self
            .encoder
            .run_with_options(inputs, &self.encoder_outputs)?;
        take(&mut outputs, "last_hidden_state")
    }

    /// Always the most probable token, until the end or the limit.
    fn decode(
        &mut self,
        states: &DynValue,
        language: Language,
        tokens_max: usize,
    ) -> Result<Vec<u32>> {
        let prompt = self.rules.prompt(language)?;
        let (mut logits, mut past) = self.begin(&prompt, states)?;
        let mut tokens = Vec::new();
        while tokens.len() < tokens_max {
            let token = self.rules.best_token(logits, tokens.is_empty());
            if token == self.rules.eos_token_id {
                break;
            }
            tokens.push(token);
            (logits, past) = self.step(token, states, past)?;
        }
        Ok(tokens)
    }

    fn begin(&mut self, prompt: &[u32], states: &DynValue) -> Result<(Vec<f32>, Past)> {
        let (decoder, encoder) = (&self.names.past_decoder, &self.names.past_encoder);
        let nothing = Past {
            decoder: self.sizes.nothing(decoder)?,
            encoder: self.sizes.nothing(encoder)?,
        };
        let inputs = self
            .names
            .inputs(prompt, states, false, nothing.decoder, &nothing.encoder)?;
        let mut outputs = self.decoder.run_with_options(inputs, &self.first_outputs)?;
        let past = Past {
            decoder: take_all(&mut outputs, &self.names.present_decoder)?,
            encoder: take_all(&mut outputs, &self.names.present_encoder)?,
        };
        Ok((last_logits(&mut outputs)?, past))
    }

    fn step(&mut self, token: u32, states: &DynValue, past: Past) -> Result<(Vec<f32>, Past)> {
        let inputs = self
            .names
            .inputs(&[token], states, true, past.decoder, &past.encoder)?;
        let mut outputs = self.decoder.run_with_options(inputs, &self.next_outputs)?;
        let decoder = take_all(&mut outputs, &self.names.present_decoder)?;
        let logits = last_logits(&mut outputs)?;
        drop(outputs);
        Ok((
            logits,
            Past {
                decoder,
                encoder: past.encoder,
            },
        ))
    }
}

impl Names {
    fn of(decoder: &Session) -> Self {
        let past = |of: &str| {
            let inputs = decoder.inputs().iter().map(|input| input.name().to_owned());
            inputs
                .filter(|name| name.starts_with("past_key_values.") && name.contains(of))
                .collect()
        };
        let present = |past: &Vec<String>| {
            past.iter()
                .map(|name| name.replacen("past_key_values", "present", 1))
                .collect()
        };
        let (past_decoder, past_encoder) = (past(".decoder."), past(".encoder."));
        Self {
            present_decoder: present(&past_decoder),
            present_encoder: present(&past_encoder),
            past_decoder,
            past_encoder,
        }
    }

    fn inputs<'a>(
        &'a self,
        tokens: &[u32],
        states: &'a DynValue,
        goes_on: bool,
        decoder: Vec<DynValue>,
        encoder: &'a [DynValue],
    ) -> Result<Vec<(Cow<'a, str>, SessionInputValue<'a>)>> {
        let ids: Vec<i64> = tokens.iter().map(|token| i64::from(*token)).collect();
        let mut inputs: Vec<(Cow<'a, str>, SessionInputValue<'a>)> = vec![
            (
                "input_ids".into(),
                Tensor::from_array(([1, ids.len()], ids))?.into(),
            ),
            ("encoder_hidden_states".into(), states.into()),
            (
                "use_cache_branch".into(),
                Tensor::from_array(([1], vec![goes_on]))?.into(),
            ),
        ];
        for (name, value) in self.past_decoder.iter().zip(decoder) {
            inputs.push((name.into(), value.into()));
        }
        for (name, value) in self.past_encoder.iter().zip(encoder) {
            inputs.push((name.into(), value.into()));
        }
        Ok(inputs)
    }
}

impl Sizes {
    /// Keys and values of no tokens: the first call takes them, and does not read them.
    fn nothing(&self, names: &[String]) -> Result<Vec<DynValue>> {
        let heads = self.decoder_attention_heads;
        let shape = [1, heads, 0, self.d_model / heads];
        let nothing = || Ok(Tensor::from_array((shape, Vec::<f32>::new()))?.into_dyn());
        names.iter().map(|_| nothing()).collect()
    }
}

impl Rules {
    fn prompt(&self, language: Language) -> Result<[u32; 4]> {
        let written = format!("<|{language}|>");
        let language = self
            .lang_to_id
            .get(&written)
            .ok_or_else(|| format!("no token {written}"))?;
        let task = self.task_to_id.transcribe;
        Ok([
            self.decoder_start_token_id,
            *language,
            task,
            self.no_timestamps_token_id,
        ])
    }

    fn best_token(&self, mut logits: Vec<f32>, first: bool) -> u32 {
        let forbidden_first = if first {
            self.begin_suppress_tokens.as_slice()
        } else {
            &[]
        };
        for token in self.suppress_tokens.iter().chain(forbidden_first) {
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        let best = logits
            .iter()
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        best.map_or(self.eos_token_id, |(token, _)| token as u32)
    }
}

fn open_session(environment: &Environment, path: &Path, threads: usize) -> Result<Session> {
    // These errors hold the builder, which must not leave its thread. The message is enough.
    let session = Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|error| error.to_string())?
        .with_intra_threads(threads)
        .map_err(|error| error.to_string())?
        .commit_from_file(path)?;
    Ok(session)
}

fn wanted(output: &str, more: &[&[String]]) -> Result<RunOptions<HasSelectedOutputs>> {
    let selector = OutputSelector::no_default().with(output);
    let selector = more
        .iter()
        .copied()
        .flatten()
        .fold(selector, OutputSelector::with);
    Ok(RunOptions::new()?.with_outputs(selector))
}

/// The scores of all tokens as the one after the last token of a call.
fn last_logits(outputs: &mut SessionOutputs<'_>) -> Result<Vec<f32>> {
    let logits = take(outputs, "logits")?;
    let (shape, logits) = logits.try_extract_tensor::<f32>()?;
    let vocabulary = shape.last().map_or(1, |length| *length as usize).max(1);
    Ok(logits
        .rchunks_exact(vocabulary)
        .next()
        .ok_or("no logits")?
        .to_vec())
}

fn take_all(outputs: &mut SessionOutputs<'_>, names: &[String]) -> Result<Vec<DynValue>> {
    names.iter().map(|name| take(outputs, name)).collect()
}

fn take(outputs: &mut SessionOutputs<'_>, name: &str) -> Result<DynValue> {
    outputs
        .remove(name)
        .ok_or_else(|| format!("the network gives no {name}").into())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}
