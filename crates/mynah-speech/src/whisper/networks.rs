//! The three networks: encoder, decoder of the prompt, decoder of each later token.
//!
//! The decoder's keys and values never leave the runtime's memory: what one call returns is lent to
//! the next one. Only the outputs that are used are fetched; the attention is among them even
//! where no word times are wanted, since it is computed anyway and small.

use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;

use ort::session::{
    HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue, SessionOutputs,
};
use ort::value::{DynValue, Tensor};

use super::features::{BANDS, Features};
use super::settings::{AlignmentHead, Sizes};
use super::{ENCODER_ROWS, files};
use crate::runtime::{first_rows, runtime_error};
use crate::{Runtime, SpeechError};

/// The sessions of one recogniser.
pub(super) struct Networks {
    encoder: Session,
    first: Session,
    next: Session,
    first_outputs: RunOptions<HasSelectedOutputs>,
    next_outputs: RunOptions<HasSelectedOutputs>,
    names: Names,
    width: usize,
}

/// The encoder's output: [`ENCODER_ROWS`] rows.
pub(super) struct States(Tensor<f32>);

/// Keys and values of the tokens so far, and of the clip, which all texts of the clip share.
pub(super) struct Memory {
    decoder: Vec<DynValue>,
    encoder: Rc<Vec<DynValue>>,
}

/// What the decoder makes of the tokens that a call gave it.
pub(super) struct Outlook {
    logits: DynValue,
    /// Attention to the encoder's rows, for each layer of [`Names::layers`].
    attentions: Vec<DynValue>,
}

/// Names of inputs and outputs, in the order of the values in [`Memory`] and [`Outlook`].
struct Names {
    past_decoder: Vec<String>,
    past_encoder: Vec<String>,
    present_decoder: Vec<String>,
    present_encoder: Vec<String>,
    attentions: Vec<String>,
    /// The alignment heads: place of the layer in `attentions`, place of the head in the layer.
    heads: Vec<(usize, usize)>,
}

impl Networks {
    /// Opens the prepared networks of the model in `model_dir`.
    pub(super) fn open(
        model_dir: &Path,
        runtime: &Runtime,
        sizes: Sizes,
        heads: &[AlignmentHead],
    ) -> Result<Self, SpeechError> {
        let open = |name| runtime.open(&model_dir.join(files::PREPARED).join(name));
        let names = Names::new(sizes, heads);
        Ok(Self {
            encoder: open(files::ENCODER)?,
            first: open(files::DECODER_FIRST)?,
            next: open(files::DECODER_NEXT)?,
            first_outputs: names.wanted(&[&names.present_decoder, &names.present_encoder])?,
            next_outputs: names.wanted(&[&names.present_decoder])?,
            names,
            width: sizes.width,
        })
    }

    /// Encodes features; rows that they do not reach are those of `silence`.
    pub(super) fn encode(
        &mut self,
        features: Features,
        silence: &[f32],
    ) -> Result<States, SpeechError> {
        let mut states = encode(&mut self.encoder, features)?;
        states.extend_from_slice(silence.get(states.len()..).unwrap_or_default());
        let tensor = Tensor::from_array(([1, ENCODER_ROWS, self.width], states));
        Ok(States(tensor.map_err(runtime_error)?))
    }

    /// Begins a text with a prompt.
    pub(super) fn begin(
        &mut self,
        prompt: &[u32],
        states: &States,
    ) -> Result<(Outlook, Memory), SpeechError> {
        let inputs: [(Cow<'_, str>, SessionInputValue<'_>); 2] = [
            ("input_ids".into(), token_ids(prompt)?.into()),
            ("encoder_hidden_states".into(), (&states.0).into()),
        ];
        let mut outputs = self
            .first
            .run_with_options(Vec::from(inputs), &self.first_outputs)
            .map_err(runtime_error)?;
        let memory = Memory {
            decoder: take_all(&mut outputs, &self.names.present_decoder)?,
            encoder: Rc::new(take_all(&mut outputs, &self.names.present_encoder)?),
        };
        Ok((self.names.outlook(&mut outputs)?, memory))
    }

    /// Goes on with one more token.
    pub(super) fn step(
        &mut self,
        token: u32,
        memory: &Memory,
    ) -> Result<(Outlook, Memory), SpeechError> {
        let names = &self.names;
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> =
            Vec::with_capacity(1 + names.past_decoder.len() + names.past_encoder.len());
        inputs.push(("input_ids".into(), token_ids(&[token])?.into()));
        for (name, value) in names.past_decoder.iter().zip(&memory.decoder) {
            inputs.push((name.into(), value.into()));
        }
        for (name, value) in names.past_encoder.iter().zip(memory.encoder.iter()) {
            inputs.push((name.into(), value.into()));
        }
        let mut outputs = self
            .next
            .run_with_options(inputs, &self.next_outputs)
            .map_err(runtime_error)?;
        let decoder = take_all(&mut outputs, &names.present_decoder)?;
        let outlook = names.outlook(&mut outputs)?;
        drop(outputs);
        Ok((
            outlook,
            Memory {
                decoder,
                encoder: memory.encoder.clone(),
            },
        ))
    }

    /// How much the last token of a call listened to each of the first `rows` encoder rows: a list
    /// for each alignment head, one after the other.
    pub(super) fn attention(
        &self,
        outlook: &Outlook,
        rows: usize,
    ) -> Result<Vec<f32>, SpeechError> {
        let mut all = Vec::with_capacity(rows * self.names.heads.len());
        for (layer, head) in &self.names.heads {
            let value = outlook
                .attentions
                .get(*layer)
                .ok_or_else(|| missing("attention"))?;
            let (shape, weights) = value.try_extract_tensor::<f32>().map_err(runtime_error)?;
            let tokens = shape.get(2).map_or(0, |tokens| *tokens as usize);
            let row = weights
                .chunks_exact(ENCODER_ROWS)
                .nth((head + 1) * tokens - 1);
            all.extend_from_slice(&row.ok_or_else(|| missing("attention row"))?[..rows]);
        }
        Ok(all)
    }
}

/// Runs an encoder: rows of states, half as many as the features have frames.
pub(super) fn encode(encoder: &mut Session, features: Features) -> Result<Vec<f32>, SpeechError> {
    let shape = [1, BANDS, features.frames];
    let features = Tensor::from_array((shape, features.values)).map_err(runtime_error)?;
    let inputs = ort::inputs!["input_features" => features];
    let outputs = encoder.run(inputs).map_err(runtime_error)?;
    let states = outputs
        .get("last_hidden_state")
        .ok_or_else(|| missing("last_hidden_state"))?;
    let (_, states) = states.try_extract_tensor::<f32>().map_err(runtime_error)?;
    Ok(states.to_vec())
}

impl Memory {
    /// What it was when there were only so many tokens, those of the prompt included.
    pub(super) fn first(&self, tokens: usize) -> Result<Self, SpeechError> {
        let decoder = self.decoder.iter().map(|value| first_rows(value, tokens));
        Ok(Self {
            decoder: decoder.collect::<ort::Result<_>>().map_err(runtime_error)?,
            encoder: self.encoder.clone(),
        })
    }
}

impl Outlook {
    /// The scores of all tokens as the next one after the token at `position` of the call.
    pub(super) fn logits(&self, position: usize) -> Result<&[f32], SpeechError> {
        let (shape, logits) = self
            .logits
            .try_extract_tensor::<f32>()
            .map_err(runtime_error)?;
        let vocabulary = shape.last().map_or(1, |length| *length as usize).max(1);
        logits
            .chunks_exact(vocabulary)
            .nth(position)
            .ok_or_else(|| missing("logits"))
    }
}

impl Names {
    fn new(sizes: Sizes, heads: &[AlignmentHead]) -> Self {
        let states = |time: &str, of: &str| {
            let name = |layer| ["key", "value"].map(|what| format!("{time}.{layer}.{of}.{what}"));
            (0..sizes.layers).flat_map(name).collect()
        };
        let mut layers: Vec<usize> = heads.iter().map(|at| at.layer).collect();
        layers.sort_unstable();
        layers.dedup();
        let place = |at: &AlignmentHead| Some((layers.binary_search(&at.layer).ok()?, at.head));
        Self {
            past_decoder: states("past_key_values", "decoder"),
            past_encoder: states("past_key_values", "encoder"),
            present_decoder: states("present", "decoder"),
            present_encoder: states("present", "encoder"),
            attentions: layers
                .iter()
                .map(|layer| format!("cross_attentions.{layer}"))
                .collect(),
            heads: heads.iter().filter_map(place).collect(),
        }
    }

    /// Selects the logits, the attentions, and these.
    fn wanted(&self, states: &[&[String]]) -> Result<RunOptions<HasSelectedOutputs>, SpeechError> {
        let mut selector = OutputSelector::no_default().with("logits");
        for name in states.iter().copied().flatten().chain(&self.attentions) {
            selector = selector.with(name);
        }
        Ok(RunOptions::new()
            .map_err(runtime_error)?
            .with_outputs(selector))
    }

    fn outlook(&self, outputs: &mut SessionOutputs<'_>) -> Result<Outlook, SpeechError> {
        Ok(Outlook {
            logits: take(outputs, "logits")?,
            attentions: take_all(outputs, &self.attentions)?,
        })
    }
}

fn token_ids(tokens: &[u32]) -> Result<Tensor<i64>, SpeechError> {
    let ids: Vec<i64> = tokens.iter().map(|token| i64::from(*token)).collect();
    Tensor::from_array(([1, ids.len()], ids)).map_err(runtime_error)
}

fn take_all(
    outputs: &mut SessionOutputs<'_>,
    names: &[String],
) -> Result<Vec<DynValue>, SpeechError> {
    names.iter().map(|name| take(outputs, name)).collect()
}

fn take(outputs: &mut SessionOutputs<'_>, name: &str) -> Result<DynValue, SpeechError> {
    outputs.remove(name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> SpeechError {
    SpeechError::Runtime(format!("the network gives no {name}"))
}
