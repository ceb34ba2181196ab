//! Writing down what the encoder heard.

use std::rc::Rc;

use mynah_text::Language;

use super::networks::{Memory, Networks, Outlook, States};
use super::settings::Rules;
use super::tokenizer::Tokenizer;
use crate::SpeechError;
use crate::hot_words::Trie;
use crate::search::{self, Ending, Goal, log_probabilities, search};

/// Over this probability of no speech, a text is doubted. Measured on speech: up to 0.71, on
/// noises: 0.64 and more.
const NO_SPEECH_MIN: f32 = 0.6;
/// A doubted text is imagined under this mean logarithm of the tokens' probabilities. Measured on
/// doubted speech: -0.81 and more.
const IMAGINED_LOG_PROBABILITY_MAX: f32 = -0.9;
/// A doubted text is imagined if it has no more tokens than this.
const IMAGINED_TOKENS_MAX: usize = 1;

/// What is known and wanted before decoding.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// The spoken language.
    pub(super) language: Language,
    /// Whether the text is to be English, whatever is spoken.
    pub(super) translate: bool,
    /// Tokens of the text that came before, or that the text shall look like.
    pub(super) previous: &'a [u32],
    /// Stop after this many tokens.
    pub(super) tokens_max: usize,
    /// Collect the attention to this many encoder rows.
    pub(super) attention_rows: Option<usize>,
    /// Words to prefer.
    pub(super) hot_words: Option<&'a Trie>,
}

/// A decoded text, still in tokens.
pub(super) struct Transcript {
    /// The tokens, without the one that ends the text.
    pub(super) tokens: Vec<u32>,
    /// For each token, and for the end if there was one: how much each alignment head listened to
    /// each encoder row when that token was foreseen. Empty if not asked for.
    pub(super) attention: Vec<Rc<Vec<f32>>>,
    /// Mean logarithm of the probabilities of the tokens and of the end.
    pub(super) mean_log_probability: f32,
    /// Probability that there is no speech.
    pub(super) no_speech: f32,
    /// Why there are no more tokens.
    pub(super) ending: Ending,
}

impl Transcript {
    /// Whether the decoder wrote down what nobody said.
    ///
    /// The probability of no speech is high for some speech too, such as numbers, but that is
    /// written with confidence. Noise gives rare words without confidence, or the one word that
    /// silence in the training data was captioned with, `you`, or a loop.
    pub(super) fn is_imagined(&self) -> bool {
        self.no_speech > NO_SPEECH_MIN
            && (self.mean_log_probability < IMAGINED_LOG_PROBABILITY_MAX
                || self.tokens.len() <= IMAGINED_TOKENS_MAX
                || self.ending != Ending::Complete)
    }
}

/// A language and how probable it is, 0.0 to 1.0, among those that the model knows.
pub(super) fn detect_language(
    networks: &mut Networks,
    rules: &Rules,
    states: &States,
) -> Result<(Language, f32), SpeechError> {
    let (outlook, _) = networks.begin(&[rules.start], states)?;
    most_probable_language(rules, outlook.logits(0)?)
}

/// Decodes a text.
pub(super) fn decode(
    networks: &mut Networks,
    rules: &Rules,
    tokenizer: &Tokenizer,
    states: &States,
    task: Task<'_>,
) -> Result<Transcript, SpeechError> {
    let prompt = rules.prompt(&task)?;
    let start = prompt
        .iter()
        .position(|token| *token == rules.start)
        .unwrap_or_default();
    let (outlook, memory) = networks.begin(&prompt, states)?;
    let no_speech = probability(outlook.logits(start)?, rules.no_speech);
    let state = State {
        outlook: Some(outlook),
        memory,
        position: prompt.len() - 1,
    };
    let goal = Goal {
        end: i64::from(rules.end),
        tokens_max: task.tokens_max,
        hot_words: task.hot_words,
    };
    let mut decoding = Decoding {
        networks,
        rules,
        tokenizer,
        prompt_tokens: prompt.len(),
        attention_rows: task.attention_rows,
    };
    let found = search(&mut decoding, &[], state, goal)?;
    let attention = match task.attention_rows {
        Some(_) => found.traces,
        None => Vec::new(),
    };
    Ok(Transcript {
        tokens: found.tokens.iter().map(|token| *token as u32).collect(),
        attention,
        mean_log_probability: found.mean_log_probability,
        no_speech,
        ending: found.ending,
    })
}

/// The networks at work on one clip.
struct Decoding<'a> {
    networks: &'a mut Networks,
    rules: &'a Rules,
    tokenizer: &'a Tokenizer,
    prompt_tokens: usize,
    attention_rows: Option<usize>,
}

/// What the networks make of a text so far.
struct State {
    /// `None` after going back.
    outlook: Option<Outlook>,
    memory: Memory,
    /// Place of the newest token in the call that gave the outlook.
    position: usize,
}

impl search::Decoder for Decoding<'_> {
    type State = State;
    /// How much each alignment head listened to each encoder row, one head after the other; empty
    /// if not asked for.
    type Trace = Vec<f32>;

    fn outlook(&self, state: &State, first: bool) -> Result<Vec<f32>, SpeechError> {
        let scores = state.outlook()?.logits(state.position)?;
        Ok(log_probabilities(&self.rules.allowed(scores, first)))
    }

    fn advance(&mut self, state: &State, token: i64) -> Result<State, SpeechError> {
        let (outlook, memory) = self.networks.step(token as u32, &state.memory)?;
        Ok(State {
            outlook: Some(outlook),
            memory,
            position: 0,
        })
    }

    fn trace(&self, state: &State) -> Result<Vec<f32>, SpeechError> {
        match self.attention_rows {
            Some(rows) => self.networks.attention(state.outlook()?, rows),
            None => Ok(Vec::new()),
        }
    }

    fn rewind(&self, state: &State, tokens: usize) -> Result<State, SpeechError> {
        Ok(State {
            outlook: None,
            memory: state.memory.first(self.prompt_tokens + tokens)?,
            position: 0,
        })
    }

    fn text(&self, tokens: &[i64]) -> String {
        let tokens: Vec<u32> = tokens.iter().map(|token| *token as u32).collect();
        self.tokenizer.decode(&tokens)
    }
}

impl State {
    fn outlook(&self) -> Result<&Outlook, SpeechError> {
        let outlook = self.outlook.as_ref();
        outlook.ok_or_else(|| SpeechError::Unsupported("a text without outlook".to_owned()))
    }
}

fn most_probable_language(rules: &Rules, logits: &[f32]) -> Result<(Language, f32), SpeechError> {
    let known = || {
        rules
            .languages
            .iter()
            .map(|(language, token)| (*language, score(logits, *token)))
    };
    let best = known().max_by(|(_, a), (_, b)| a.total_cmp(b));
    let (language, highest) =
        best.ok_or_else(|| SpeechError::Unsupported("the model knows no language".to_owned()))?;
    let sum: f32 = known().map(|(_, score)| (score - highest).exp()).sum();
    Ok((language, 1.0 / sum))
}

fn score(logits: &[f32], token: u32) -> f32 {
    logits
        .get(token as usize)
        .copied()
        .unwrap_or(f32::NEG_INFINITY)
}

fn probability(logits: &[f32], token: u32) -> f32 {
    (score(logits, token) - log_sum_exp(logits.iter().copied())).exp()
}

fn log_sum_exp(scores: impl Iterator<Item = f32> + Clone) -> f32 {
    let highest = scores.clone().fold(f32::NEG_INFINITY, f32::max);
    highest
        + scores
            .map(|score| (score - highest).exp())
            .sum::<f32>()
            .ln()
}

impl Rules {
    fn prompt(&self, task: &Task<'_>) -> Result<Vec<u32>, SpeechError> {
        let language = task.language;
        let language_token = self.language_token(language).ok_or_else(|| {
            SpeechError::Unsupported(format!("the model does not know the language {language}"))
        })?;
        let mut prompt = Vec::with_capacity(task.previous.len() + 5);
        if !task.previous.is_empty() {
            prompt.push(self.previous);
            prompt.extend_from_slice(task.previous);
        }
        prompt.extend([
            self.start,
            language_token,
            if task.translate {
                self.translate
            } else {
                self.transcribe
            },
            self.no_timestamps,
        ]);
        Ok(prompt)
    }

    /// The scores of the tokens, negative infinity for those not allowed. Tokens after the one that
    /// ends the text have meanings that no text has, and are left out.
    fn allowed(&self, logits: &[f32], first: bool) -> Vec<f32> {
        let mut scores = logits[..logits.len().min(self.end as usize + 1)].to_vec();
        let forbidden_first = if first {
            self.suppressed_first.as_slice()
        } else {
            &[]
        };
        for token in self.suppressed.iter().chain(forbidden_first) {
            if let Some(score) = scores.get_mut(*token as usize) {
                *score = f32::NEG_INFINITY;
            }
        }
        scores
    }
}
