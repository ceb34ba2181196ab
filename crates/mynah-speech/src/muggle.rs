//! Muggle-speech: a small, fast recogniser of Mandarin.
//!
//! The Transformer of PyPI's `muggle-speech` 0.1.1, trained on AISHELL-1, AISHELL-3 and MAGICDATA:
//! 4,458 characters, no punctuation, no Latin letters. The decoder keeps nothing between runs: it
//! is given all characters so far and computes what could follow each of them. The packaged graph
//! shows of this only the very next character, so its inner value with all scores is made an output
//! when the graph is opened. That lets one run check a whole [`Memo`].

mod features;
mod labels;
mod upsampler;

use std::path::Path;

use mynah_text::Language;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::{DynValue, Tensor, TensorRef};

use self::features::{BANDS, Features};
use self::labels::Labels;
use crate::hot_words::Trie;
use crate::memo::{Memo, confirmed};
use crate::runtime::{output, runtime_error};
use crate::search::{self, Goal, log_probabilities};
use crate::{Hypothesis, Recognizer, Runtime, SpeechError, Utterance, ms_to_samples};

const ENCODER_FILE: &str = "encoder.onnx";
const DECODER_FILE: &str = "decoder.onnx";
const LABELS_FILE: &str = "label_map.py";

/// The decoder's scores of every character after each of its input, before the last row of them
/// is picked.
const SCORES: &str = "onnx::Gather_1569";

/// Names the way in which hot words are spelt: one token a character.
const SPELLING: &str = "muggle";
/// Stands before the first character and after the last one.
const SENTENCE_TOKEN: i64 = 0;
/// More characters than anybody speaks in a second; a decoder that names more is lost.
const TOKENS_PER_SECOND_MAX: usize = 8;
/// Characters that even the shortest utterance may have.
const TOKENS_MIN: usize = 4;
/// The shortest utterance that the network can be given, in milliseconds.
const UTTERANCE_MS_MIN: u32 = 120;

/// A recogniser of Mandarin.
pub struct Muggle {
    features: Features,
    labels: Labels,
    encoder: Session,
    encoder_outputs: RunOptions<HasSelectedOutputs>,
    decoder: Decoder,
}

struct Decoder {
    session: Session,
    outputs: RunOptions<HasSelectedOutputs>,
    /// Inputs that only the package's own search would use.
    score: Tensor<f32>,
    ended: Tensor<bool>,
}

impl Muggle {
    /// Opens the model in the folder `model`.
    pub fn open(model: &Path, runtime: &Runtime) -> Result<Self, SpeechError> {
        let labels = Labels::read(&model.join(LABELS_FILE))?;
        let encoder = runtime.open(&model.join(ENCODER_FILE))?;
        let decoder = open_decoder(&model.join(DECODER_FILE), runtime)?;
        Self::new(labels, encoder, decoder).map_err(runtime_error)
    }

    fn new(labels: Labels, encoder: Session, decoder: Session) -> ort::Result<Self> {
        let states = OutputSelector::no_default()
            .with("beam_enc_states")
            .with("beam_enc_mask");
        Ok(Self {
            features: Features::new(),
            labels,
            encoder,
            encoder_outputs: RunOptions::new()?.with_outputs(states),
            decoder: Decoder::new(decoder)?,
        })
    }

    /// The tokens of an utterance. `draft` is what they may begin with.
    fn hear(&mut self, utterance: &Utterance<'_>, draft: &[i64]) -> Result<Vec<i64>, SpeechError> {
        let samples = utterance.samples;
        if samples.len() < ms_to_samples(UTTERANCE_MS_MIN) {
            return Ok(Vec::new());
        }
        let Some(features) = self.features.of(samples) else {
            return Ok(Vec::new());
        };
        let labels = &self.labels;
        let spell = |word: &str| labels.tokens(word).into_iter().collect();
        let trie = utterance.hot_words.trie(SPELLING, spell);
        let goal = Goal {
            end: SENTENCE_TOKEN,
            tokens_max: TOKENS_MIN + TOKENS_PER_SECOND_MAX * samples.len() / ms_to_samples(1000),
            hot_words: trie.as_deref(),
        };
        let draft = self.labels.known(draft);
        let source = self.encode(&features).map_err(runtime_error)?;
        let (known, state) = self.decoder.begin(&source, draft, goal.hot_words)?;
        let mut decoding = Decoding {
            decoder: &mut self.decoder,
            labels: &self.labels,
            source: &source,
        };
        Ok(search::search(&mut decoding, known, state, goal)?.tokens)
    }

    fn encode(&mut self, features: &[f32]) -> ort::Result<Source> {
        let frames = features.len() / BANDS;
        let inputs = ort::inputs![
            "inputs" => TensorRef::from_array_view(([1, frames, BANDS], features))?,
        ];
        let mut outputs = self
            .encoder
            .run_with_options(inputs, &self.encoder_outputs)?;
        match (
            outputs.remove("beam_enc_states"),
            outputs.remove("beam_enc_mask"),
        ) {
            (Some(states), Some(mask)) => Ok(Source { states, mask }),
            _ => Err(ort::Error::new(
                "the encoder has other outputs than expected",
            )),
        }
    }

    fn hypothesis(&self, tokens: &[i64]) -> Hypothesis {
        let text = self.labels.text(tokens);
        Hypothesis {
            text,
            language: Language::CHINESE,
            words: Vec::new(),
        }
    }
}

/// What the decoder attends to.
struct Source {
    states: DynValue,
    mask: DynValue,
}

/// A decoder at work on one utterance.
struct Decoding<'a> {
    decoder: &'a mut Decoder,
    labels: &'a Labels,
    source: &'a Source,
}

/// A text, and the scores of what may follow it.
struct State {
    tokens: Vec<i64>,
    scores: Vec<f32>,
}

impl search::Decoder for Decoding<'_> {
    type State = State;
    type Trace = ();

    fn outlook(&self, state: &State, _: bool) -> Result<Vec<f32>, SpeechError> {
        Ok(log_probabilities(&state.scores))
    }

    fn advance(&mut self, state: &State, token: i64) -> Result<State, SpeechError> {
        let tokens = [state.tokens.as_slice(), &[token]].concat();
        let (scores, vocabulary) = self.decoder.scores(self.source, &tokens)?;
        let newest = scores.len().saturating_sub(vocabulary);
        Ok(State {
            tokens,
            scores: scores[newest..].to_vec(),
        })
    }

    fn rewind(&self, state: &State, tokens: usize) -> Result<State, SpeechError> {
        let tokens = state.tokens.get(..tokens).unwrap_or(&state.tokens).to_vec();
        Ok(State {
            tokens,
            scores: Vec::new(),
        })
    }

    fn trace(&self, _: &State) -> Result<(), SpeechError> {
        Ok(())
    }

    fn text(&self, tokens: &[i64]) -> String {
        self.labels.text(tokens)
    }
}

impl Decoder {
    fn new(session: Session) -> ort::Result<Self> {
        let scores = OutputSelector::no_default().with(SCORES);
        Ok(Self {
            session,
            outputs: RunOptions::new()?.with_outputs(scores),
            score: Tensor::from_array(([1, 1], vec![0.0]))?,
            ended: Tensor::from_array(([1, 1], vec![false]))?,
        })
    }

    /// The part of `draft` that the audio confirms, and the state after it.
    fn begin<'a>(
        &mut self,
        source: &Source,
        draft: &'a [i64],
        hot_words: Option<&Trie>,
    ) -> Result<(&'a [i64], State), SpeechError> {
        let (scores, vocabulary) = self.scores(source, draft)?;
        let known = &draft[..confirmed(draft, &scores, vocabulary, hot_words)];
        let row = scores.chunks_exact(vocabulary.max(1)).nth(known.len());
        let state = State {
            tokens: known.to_vec(),
            scores: row.unwrap_or_default().to_vec(),
        };
        Ok((known, state))
    }

    /// The scores of all tokens after none, one, two, … of `tokens`, and how many a row has.
    fn scores(
        &mut self,
        source: &Source,
        tokens: &[i64],
    ) -> Result<(Vec<f32>, usize), SpeechError> {
        self.run(source, tokens).map_err(runtime_error)
    }

    fn run(&mut self, source: &Source, tokens: &[i64]) -> ort::Result<(Vec<f32>, usize)> {
        let tokens = [&[SENTENCE_TOKEN], tokens].concat();
        let inputs = ort::inputs![
            "preds" => TensorRef::from_array_view(([1, tokens.len()], &tokens[..]))?,
            "beam_enc_states" => &source.states,
            "beam_enc_mask" => &source.mask,
            "scores.1" => &self.score,
            "ending_flag" => &self.ended,
        ];
        let outputs = self.session.run_with_options(inputs, &self.outputs)?;
        let (shape, scores) = output(&outputs, SCORES)?.try_extract_tensor::<f32>()?;
        let vocabulary = shape.last().map_or(0, |vocabulary| *vocabulary as usize);
        Ok((scores.to_vec(), vocabulary))
    }
}

/// Opens the decoder with [`SCORES`] among its outputs.
fn open_decoder(path: &Path, runtime: &Runtime) -> Result<Session, SpeechError> {
    let mut bytes = std::fs::read(path).map_err(|error| SpeechError::ModelFile {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    bytes.extend(additional_output(SCORES));
    runtime.open_bytes(path, &bytes)
}

/// The bytes that, behind those of an ONNX model, make the inner value `name` an output.
///
/// A message of Protocol Buffers may come in parts, which are merged: this is a model of nothing
/// but a graph (field 7) of nothing but an output (field 12) of nothing but a name (field 1).
fn additional_output(name: &str) -> Vec<u8> {
    const MESSAGE: u8 = 2;
    [1, 12, 7]
        .into_iter()
        .fold(name.as_bytes().to_vec(), |content, field: u8| {
            // Lengths over 127 take more bytes; no name here comes near.
            [
                &[field << 3 | MESSAGE, content.len() as u8],
                content.as_slice(),
            ]
            .concat()
        })
}

impl Recognizer for Muggle {
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
        language == Language::CHINESE
    }

    fn aligns_words(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn recognize(muggle: &mut Muggle, samples: &[f32]) -> String {
        muggle.recognize(&Utterance::new(samples)).unwrap().text
    }

    #[test]
    fn features_equal_those_of_the_package() {
        let samples = fixtures::audio("zh-funasr-mid");
        let features = Features::new().of(&samples).unwrap();
        // Bands 0-5 and 34-39 of frame 100, and the corners, of the package under Python.
        assert_eq!(features.len(), 498 * BANDS);
        let expected = [
            (
                0,
                [-2.532_506, -2.175_561_7, -3.058_946, -3.793_818].as_slice(),
            ),
            (
                100 * BANDS,
                &[
                    0.501_609_1,
                    0.295_406_94,
                    -0.133_406_04,
                    0.954_450_55,
                    1.160_811_1,
                ],
            ),
            (
                100 * BANDS + 34,
                &[0.041_975_8, 0.092_421_35, 0.738_326_55, 0.882_489_56],
            ),
            (
                497 * BANDS,
                &[-1.557_547_8, -1.724_428_3, -2.201_672_3, -2.720_689_5],
            ),
        ];
        for (from, values) in expected {
            for (found, value) in features[from..].iter().zip(values) {
                assert!((found - value).abs() < 1e-3, "from {from}: {found} {value}");
            }
        }
    }

    #[test]
    fn recognizes_mandarin() {
        let Some((model, runtime)) = fixtures::models("muggle-speech") else {
            return;
        };
        let samples = fixtures::audio("zh-funasr-mid");
        let mut muggle = Muggle::open(&model, &runtime).unwrap();
        assert_eq!(
            recognize(&mut muggle, &samples),
            "大学生利用漏洞免费吃肯德基获刑"
        );
    }

    #[test]
    fn a_memo_of_whatever_does_not_change_the_text() {
        let Some((model, runtime)) = fixtures::models("muggle-speech") else {
            return;
        };
        let samples = fixtures::audio("zh-funasr-mid");
        let mut muggle = Muggle::open(&model, &runtime).unwrap();
        let mut memos = vec![
            Memo {
                tokens: vec![7, 0, 30_000],
            },
            Memo { tokens: vec![-1] },
        ];
        let mut memo = Memo::default();
        for end in [20_000, 40_000, 60_000] {
            let text = recognize(&mut muggle, &samples[..end]);
            let heard = muggle
                .recognize_more(&Utterance::new(&samples[..end]), &mut memo)
                .unwrap();
            assert_eq!(heard.text, text);
            memos.push(memo.clone());
        }
        for mut memo in memos {
            let heard = muggle
                .recognize_more(&Utterance::new(&samples), &mut memo)
                .unwrap();
            assert_eq!(heard.text, "大学生利用漏洞免费吃肯德基获刑");
        }
    }

    #[test]
    fn hears_nothing_in_silence_and_in_next_to_no_audio() {
        let Some((model, runtime)) = fixtures::models("muggle-speech") else {
            return;
        };
        let mut muggle = Muggle::open(&model, &runtime).unwrap();
        for samples in [0, 1, 400, 16_000] {
            assert_eq!(recognize(&mut muggle, &vec![0.0; samples]), "");
        }
        let speech = fixtures::audio("zh-funasr-mid");
        for samples in (1000..4000).step_by(250) {
            recognize(&mut muggle, &speech[16_000..][..samples]);
        }
    }
}
