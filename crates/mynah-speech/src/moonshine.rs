//! Moonshine tiny: a small, fast recogniser of English.
//!
//! The encoder-decoder of "Moonshine: Speech Recognition for Live Transcription and Voice
//! Commands" (<https://arxiv.org/abs/2410.15608>) in the 8-bit files of PyPI's `moonshine-voice`
//! 0.1.0. It hears samples rather than features and costs in proportion to the utterance. The
//! decoder is one graph of two branches: one reads tokens from the start of the sentence, the
//! other one token with the keys and values of all before it. Those are handed from one run to the
//! next as they are, never copied.

mod vocabulary;

use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;

use mynah_text::Language;
use ort::session::{
    HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue, SessionOutputs,
};
use ort::value::{DynValue, Tensor, TensorRef};

use self::vocabulary::Vocabulary;
use crate::hot_words::{Trie, written_forms};
use crate::memo::{Memo, confirmed};
use crate::runtime::{first_rows, output, runtime_error};
use crate::search::{self, Goal, log_probabilities};
use crate::{Hypothesis, Recognizer, Runtime, SpeechError, Utterance, ms_to_samples};

const ENCODER_FILE: &str = "encoder_model.ort";
const DECODER_FILE: &str = "decoder_model_merged.ort";
const VOCABULARY_FILE: &str = "tokenizer.bin";

/// Names the way in which hot words are spelt.
const SPELLING: &str = "moonshine";

const FIRST_TOKEN: i64 = 1;
const LAST_TOKEN: i64 = 2;
/// Tokens before the first one of the text.
const FIRST_TOKENS: usize = 1;
/// More tokens than anybody speaks in two seconds; a decoder that names more is lost.
const TOKENS_PER_2_SECONDS_MAX: usize = 13;
/// Tokens that even the shortest utterance may have.
const TOKENS_MIN: usize = 4;
/// The shortest utterance that the network can be given, in milliseconds.
const UTTERANCE_MS_MIN: u32 = 120;

const PAST: &str = "past_key_values.";
const PRESENT: &str = "present.";

/// A recogniser of English.
pub struct Moonshine {
    vocabulary: Vocabulary,
    encoder: Session,
    encoder_outputs: RunOptions<HasSelectedOutputs>,
    decoder: Decoder,
}

impl Moonshine {
    /// Opens the model in the folder `model`.
    pub fn open(model: &Path, runtime: &Runtime) -> Result<Self, SpeechError> {
        let vocabulary = Vocabulary::read(&model.join(VOCABULARY_FILE))?;
        let encoder = runtime.open(&model.join(ENCODER_FILE))?;
        let decoder = Decoder::new(runtime.open(&model.join(DECODER_FILE))?);
        let states = OutputSelector::no_default().with("last_hidden_state");
        let encoder_outputs = RunOptions::new()
            .map_err(runtime_error)?
            .with_outputs(states);
        let decoder = decoder.map_err(runtime_error)?;
        Ok(Self {
            vocabulary,
            encoder,
            encoder_outputs,
            decoder,
        })
    }

    /// The tokens of an utterance, without the marks around them. `draft` is what they may begin
    /// with.
    fn hear(&mut self, utterance: &Utterance<'_>, draft: &[i64]) -> Result<Vec<i64>, SpeechError> {
        let samples = utterance.samples;
        if samples.len() < ms_to_samples(UTTERANCE_MS_MIN) {
            return Ok(Vec::new());
        }
        let vocabulary = &self.vocabulary;
        let spell = |word: &str| {
            let forms = written_forms(word).into_iter();
            forms
                .filter_map(|form| vocabulary.tokens(&format!(" {form}")))
                .collect()
        };
        let trie = utterance.hot_words.trie(SPELLING, spell);
        let goal = Goal {
            end: LAST_TOKEN,
            tokens_max: TOKENS_MIN + TOKENS_PER_2_SECONDS_MAX * samples.len() / ms_to_samples(2000),
            hot_words: trie.as_deref(),
        };
        let draft = self.vocabulary.known(draft);
        let source = self.encode(samples).map_err(runtime_error)?;
        let (known, state) = self.decoder.begin(&source, draft, goal.hot_words)?;
        let mut decoding = Decoding {
            decoder: &mut self.decoder,
            vocabulary: &self.vocabulary,
            source: &source,
        };
        Ok(search::search(&mut decoding, known, state, goal)?.tokens)
    }

    fn encode(&mut self, samples: &[f32]) -> ort::Result<Source> {
        let all = Tensor::from_array(([1, samples.len()], vec![1_i64; samples.len()]))?;
        let inputs = ort::inputs![
            "input_values" => TensorRef::from_array_view(([1, samples.len()], samples))?,
            "attention_mask" => &all,
        ];
        let mut outputs = self
            .encoder
            .run_with_options(inputs, &self.encoder_outputs)?;
        let states = take(&mut outputs, "last_hidden_state")?;
        Ok(Source { states, all })
    }

    fn hypothesis(&self, tokens: &[i64]) -> Hypothesis {
        let text = self.vocabulary.text(tokens);
        Hypothesis {
            text,
            language: Language::ENGLISH,
            words: Vec::new(),
        }
    }
}

impl Recognizer for Moonshine {
    fn recognize(&mut self, utterance: &Utterance<'_>) -> Result<Hypothesis, SpeechError> {
        let tokens = self.hear(utterance, &[])?;
        Ok(self.hypothesis(&tokens))
    }

    fn recognize_more(
        &mut self,
        utterance: &Utterance<'_>,
        memo: &mut Memo,
    ) -> Result<Hypothesis, SpeechError> {
        memo.tokens = self.hear(utterance, &memo.tokens)?;
        Ok(self.hypothesis(&memo.tokens))
    }

    fn supports(&self, language: Language) -> bool {
        language == Language::ENGLISH
    }

    fn aligns_words(&self) -> bool {
        false
    }
}

/// What the decoder attends to.
struct Source {
    states: DynValue,
    /// One for every sample: the decoder finds out by itself which states these are.
    all: Tensor<i64>,
}

struct Decoder {
    session: Session,
    /// The keys and values that are handed from run to run.
    slots: Vec<Slot>,
    /// Stands for keys and values where there are none yet.
    nothing: Tensor<f32>,
    first_outputs: RunOptions<HasSelectedOutputs>,
    next_outputs: RunOptions<HasSelectedOutputs>,
}

/// A place for keys or values of one layer.
struct Slot {
    past: String,
    present: String,
    /// Whether it grows with every token, as the decoder's own does; the encoder's stays.
    grows: bool,
}

impl Decoder {
    fn new(session: Session) -> ort::Result<Self> {
        let slot = |layer: &str| Slot {
            past: format!("{PAST}{layer}"),
            present: format!("{PRESENT}{layer}"),
            grows: layer.contains(".decoder."),
        };
        let layers = session
            .inputs()
            .iter()
            .filter_map(|input| input.name().strip_prefix(PAST));
        let slots: Vec<Slot> = layers.map(slot).collect();
        let next = slots
            .iter()
            .filter(|slot| slot.grows)
            .map(|slot| slot.present.as_str());
        let next_outputs = RunOptions::new()?.with_outputs(select(next));
        let first = slots.iter().map(|slot| slot.present.as_str());
        let first_outputs = RunOptions::new()?.with_outputs(select(first));
        let nothing = Tensor::from_array((no_values(&session)?, Vec::new()))?;
        Ok(Self {
            session,
            slots,
            nothing,
            first_outputs,
            next_outputs,
        })
    }

    /// The part of `draft` that the audio confirms, and the state after it.
    fn begin<'a>(
        &mut self,
        source: &Source,
        draft: &'a [i64],
        hot_words: Option<&Trie>,
    ) -> Result<(&'a [i64], State), SpeechError> {
        let (scores, vocabulary, state) = self.read(source, draft).map_err(runtime_error)?;
        let known = &draft[..confirmed(draft, &scores, vocabulary, hot_words)];
        if known.len() == draft.len() {
            return Ok((known, state));
        }
        // The keys and values reach too far: read again.
        let (_, _, state) = self.read(source, known).map_err(runtime_error)?;
        Ok((known, state))
    }

    /// Reads `tokens` from the start of the sentence. Returns the scores of all tokens after none,
    /// one, two, … of them, how many a row has, and the state after all.
    fn read(&mut self, source: &Source, tokens: &[i64]) -> ort::Result<(Vec<f32>, usize, State)> {
        let tokens = [&[FIRST_TOKEN], tokens].concat();
        let past = self
            .slots
            .iter()
            .map(|slot| (slot.past.as_str(), (&self.nothing).into()));
        let inputs = inputs(source, &tokens, false, past)?;
        let mut outputs = self.session.run_with_options(inputs, &self.first_outputs)?;
        let (scores, vocabulary) = scores(&outputs)?;
        let past = self
            .slots
            .iter()
            .map(|slot| take(&mut outputs, &slot.present).map(Rc::new));
        let past = past.collect::<ort::Result<_>>()?;
        let newest = scores[scores.len().saturating_sub(vocabulary)..].to_vec();
        let state = State {
            scores: newest,
            past,
        };
        Ok((scores, vocabulary, state))
    }

    /// The state after `token`.
    fn next(&mut self, source: &Source, state: &State, token: i64) -> ort::Result<State> {
        let tokens = [token];
        let values = state
            .past
            .iter()
            .map(|value| SessionInputValue::from(&**value));
        let named_past = self.slots.iter().map(|slot| slot.past.as_str()).zip(values);
        let inputs = inputs(source, &tokens, true, named_past)?;
        let mut outputs = self.session.run_with_options(inputs, &self.next_outputs)?;
        let (scores, _) = scores(&outputs)?;
        let mut past = state.past.clone();
        for (slot, values) in self
            .slots
            .iter()
            .zip(&mut past)
            .filter(|(slot, _)| slot.grows)
        {
            *values = Rc::new(take(&mut outputs, &slot.present)?);
        }
        Ok(State { scores, past })
    }
}

/// A decoder at work on one utterance.
struct Decoding<'a> {
    decoder: &'a mut Decoder,
    vocabulary: &'a Vocabulary,
    source: &'a Source,
}

/// The scores of what may follow a text, and the keys and values of the text.
struct State {
    scores: Vec<f32>,
    past: Vec<Rc<DynValue>>,
}

impl search::Decoder for Decoding<'_> {
    type State = State;
    type Trace = ();

    fn outlook(&self, state: &State, _: bool) -> Result<Vec<f32>, SpeechError> {
        Ok(log_probabilities(&state.scores))
    }

    fn advance(&mut self, state: &State, token: i64) -> Result<State, SpeechError> {
        let next = self.decoder.next(self.source, state, token);
        next.map_err(runtime_error)
    }

    fn rewind(&self, state: &State, tokens: usize) -> Result<State, SpeechError> {
        let rows = tokens + FIRST_TOKENS;
        let slots = self.decoder.slots.iter().zip(&state.past);
        let past = slots.map(|(slot, values)| {
            if slot.grows {
                first_rows(values, rows).map(Rc::new)
            } else {
                Ok(values.clone())
            }
        });
        Ok(State {
            scores: Vec::new(),
            past: past.collect::<ort::Result<_>>().map_err(runtime_error)?,
        })
    }

    fn trace(&self, _: &State) -> Result<(), SpeechError> {
        Ok(())
    }

    fn text(&self, tokens: &[i64]) -> String {
        self.vocabulary.text(tokens)
    }
}

/// The decoder's inputs: all of `tokens`, behind what `past` holds if it `continues`.
fn inputs<'a>(
    source: &'a Source,
    tokens: &'a [i64],
    continues: bool,
    past: impl Iterator<Item = (&'a str, SessionInputValue<'a>)>,
) -> ort::Result<Vec<(Cow<'a, str>, SessionInputValue<'a>)>> {
    let mut inputs = ort::inputs![
        "input_ids" => TensorRef::from_array_view(([1, tokens.len()], tokens))?,
        "encoder_hidden_states" => &source.states,
        "encoder_attention_mask" => &source.all,
        "use_cache_branch" => Tensor::from_array(([1], vec![continues]))?,
    ];
    inputs.extend(past.map(|(name, values)| (name.into(), values)));
    Ok(inputs)
}

/// The scores of all tokens after each of those that a run was given, and how many a row has.
fn scores(outputs: &SessionOutputs<'_>) -> ort::Result<(Vec<f32>, usize)> {
    let (shape, scores) = output(outputs, "logits")?.try_extract_tensor::<f32>()?;
    let vocabulary = shape.last().map_or(0, |vocabulary| *vocabulary as usize);
    Ok((scores.to_vec(), vocabulary))
}

fn take(outputs: &mut SessionOutputs<'_>, name: &str) -> ort::Result<DynValue> {
    outputs
        .remove(name)
        .ok_or_else(|| ort::Error::new(format!("the model has no output {name}")))
}

/// The scores and the outputs `present`.
fn select<'a>(present: impl Iterator<Item = &'a str>) -> OutputSelector {
    present.fold(
        OutputSelector::no_default().with("logits"),
        OutputSelector::with,
    )
}

/// The shape of keys and values for no tokens at all.
fn no_values(decoder: &Session) -> ort::Result<[usize; 4]> {
    let past = decoder
        .inputs()
        .iter()
        .find(|input| input.name().starts_with(PAST));
    match past
        .and_then(|input| input.dtype().tensor_shape())
        .map(|shape| &shape[..])
    {
        Some(&[_, heads, _, size]) if heads > 0 && size > 0 => {
            Ok([1, heads as usize, 0, size as usize])
        }
        _ => Err(ort::Error::new(
            "the decoder's keys and values have an unexpected shape",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    const CLIP: &str = "en-librispeech-1995-1837-0001";
    const TEXT: &str = "It was the first great sorrow of his life. It was not so much the loss of \
                        the cotton itself but the fantasy, the hopes, the dreams built around it.";

    fn open() -> Option<Moonshine> {
        let (model, runtime) = fixtures::models("moonshine-tiny-en")?;
        Some(Moonshine::open(&model, &runtime).unwrap())
    }

    #[test]
    fn recognizes_english() {
        let Some(mut moonshine) = open() else { return };
        let samples = fixtures::audio(CLIP);
        assert_eq!(
            moonshine.recognize(&Utterance::new(&samples)).unwrap().text,
            TEXT
        );
    }

    /// Words between the beginning and the end that two texts share.
    fn differing_words(one: &str, other: &str) -> usize {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let (one, other) = (words(one), words(other));
        let same = |pair: &(&String, &String)| pair.0 == pair.1;
        let front = one.iter().zip(&other).take_while(same).count();
        let back = one[front..].iter().rev().zip(other[front..].iter().rev());
        one.len().max(other.len()) - front - back.take_while(same).count()
    }

    #[test]
    fn a_memo_of_whatever_hardly_changes_the_text() {
        let Some(mut moonshine) = open() else { return };
        let samples = fixtures::audio(CLIP);
        let mut memo = Memo::default();
        moonshine
            .recognize_more(&Utterance::new(&samples[..60_000]), &mut memo)
            .unwrap();
        assert!(memo.tokens.len() > 5);
        let nonsense = Memo {
            tokens: vec![5, 900, 30_000, 1, 2, 32_768, -1],
        };
        for mut memo in [memo, nonsense] {
            for _ in 0..2 {
                let heard = moonshine
                    .recognize_more(&Utterance::new(&samples), &mut memo)
                    .unwrap();
                assert!(differing_words(&heard.text, TEXT) <= 3, "{}", heard.text);
            }
        }
    }

    #[test]
    fn takes_any_length_of_audio() {
        let Some(mut moonshine) = open() else { return };
        let samples = fixtures::audio(CLIP);
        for length in [0, 1, 1919, 1920, 1921, 2500, 5000, 16_000] {
            moonshine
                .recognize(&Utterance::new(&samples[20_000..][..length]))
                .unwrap();
            moonshine
                .recognize(&Utterance::new(&vec![0.0; length]))
                .unwrap();
        }
    }
}
