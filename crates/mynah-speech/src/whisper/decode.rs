//! Writing down what the encoder heard: greedy decoding, one token after the other.

use mynah_text::Language;

use super::networks::{Networks, States};
use super::settings::Rules;
use crate::SpeechError;
use crate::repetition::loop_end;

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
    /// The language.
    pub(super) language: Language,
    /// Tokens of the text that came before, or that the text shall look like.
    pub(super) previous: &'a [u32],
    /// Stop after this many tokens.
    pub(super) tokens_max: usize,
    /// Collect the attention to this many encoder rows.
    pub(super) attention_rows: Option<usize>,
}

/// A decoded text, still in tokens.
pub(super) struct Transcript {
    /// The tokens, without the one that ends the text.
    pub(super) tokens: Vec<u32>,
    /// For each token, and for the end if there was one: how much each alignment head listened to
    /// each encoder row when that token was foreseen. Empty if not asked for.
    pub(super) attention: Vec<Vec<f32>>,
    /// Mean logarithm of the probabilities of the tokens and of the end.
    pub(super) mean_log_probability: f32,
    /// Probability that there is no speech.
    pub(super) no_speech: f32,
    /// Why there are no more tokens.
    pub(super) ending: Ending,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was complete.
    Complete,
    /// It had as many tokens as allowed.
    Limit,
    /// It began to repeat itself. Only the first turn is kept.
    Loop,
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
    states: &States,
    task: Task<'_>,
) -> Result<Transcript, SpeechError> {
    let prompt = rules.prompt(task.previous, task.language)?;
    let start = prompt
        .iter()
        .position(|token| *token == rules.start)
        .unwrap_or_default();
    let (mut outlook, mut memory) = networks.begin(&prompt, states)?;
    let mut transcript = Transcript {
        tokens: Vec::new(),
        attention: Vec::new(),
        mean_log_probability: 0.0,
        no_speech: probability(outlook.logits(start)?, rules.no_speech),
        ending: Ending::Limit,
    };
    let mut position = prompt.len() - 1;
    let (mut log_probability, mut foreseen) = (0.0, 0_u16);
    while transcript.tokens.len() < task.tokens_max {
        let first = transcript.tokens.is_empty();
        let (token, its_log_probability) = rules.best_token(outlook.logits(position)?, first);
        log_probability += its_log_probability;
        foreseen += 1;
        if let Some(rows) = task.attention_rows {
            transcript
                .attention
                .push(networks.attention(&outlook, rows)?);
        }
        if token == rules.end {
            transcript.ending = Ending::Complete;
            break;
        }
        transcript.tokens.push(token);
        if let Some(end) = loop_end(&transcript.tokens) {
            transcript.ending = Ending::Loop;
            transcript.tokens.truncate(end);
            break;
        }
        (outlook, memory) = networks.step(token, memory)?;
        position = 0;
    }
    transcript.mean_log_probability = log_probability / f32::from(foreseen.max(1));
    Ok(transcript)
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
    fn prompt(&self, previous: &[u32], language: Language) -> Result<Vec<u32>, SpeechError> {
        let language_token = self.language_token(language).ok_or_else(|| {
            SpeechError::Unsupported(format!("the model does not know the language {language}"))
        })?;
        let mut prompt = Vec::with_capacity(previous.len() + 5);
        if !previous.is_empty() {
            prompt.push(self.previous);
            prompt.extend_from_slice(previous);
        }
        prompt.extend([
            self.start,
            language_token,
            self.transcribe,
            self.no_timestamps,
        ]);
        Ok(prompt)
    }

    /// The token with the highest score of those allowed, and the logarithm of its probability
    /// among them. Tokens after the one that ends the text have meanings that no text has.
    fn best_token(&self, logits: &[f32], first: bool) -> (u32, f32) {
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
        let best = scores
            .iter()
            .enumerate()
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        let (token, score) = best.map_or((self.end as usize, &0.0), |best| best);
        (token as u32, score - log_sum_exp(scores.iter().copied()))
    }
}
