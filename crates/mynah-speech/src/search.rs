//! The search for the text that a decoder finds most probable.
//!
//! It is greedy: the best token, then the next. With hot words it takes note on the way where the
//! first token of one was nearly as probable as the best. Afterwards it goes back to those of these
//! places where the word also sounds like what was written down, and writes on from there with the
//! word. As soon as both texts go on alike, the better one is known: by the probabilities of its
//! tokens and the bonus of the hot words in it. So a hot word costs a few steps of the decoder
//! where it may have been spoken, and nothing elsewhere, however many there are.

use std::rc::Rc;

use mynah_text::Sound;

use crate::SpeechError;
use crate::hot_words::{Progress, Trie};
use crate::repetition::loop_end;

/// A hot word is tried if its first token, bonus included, is not behind the best one by more than
/// this, in logarithms of probability.
const BEGIN_WITHIN: f32 = 2.0;
/// A hot word is given up when its next token, bonus included, is behind the best one by more than
/// this, in logarithms of probability.
const GO_ON_WITHIN: f32 = 2.0;
/// The part of a hot word's letters that may differ from what was written down.
const DIFFERENCE_MAX: f32 = 0.6;
/// Tokens of the text that are compared with a hot word.
const HEARD_TOKENS: usize = 12;
/// Places that are tried in one utterance.
const TRIALS_MAX: usize = 12;
/// Texts whose newest tokens agree, as many as this, go on alike.
const ALIKE_TOKENS: usize = 2;
/// Tokens after a hot word within which the texts have to go on alike.
const REJOIN_TOKENS_MAX: usize = 6;

/// A network that names the next token of a text.
pub(crate) trait Decoder {
    /// What a text leaves behind for its next token.
    type State;
    /// What is to be kept of each step of the text that is found.
    type Trace;

    /// The logarithms of the probabilities of all tokens as the next one; negative infinity for
    /// those that may not be. `first` tells whether the text is still empty.
    fn outlook(&self, state: &Self::State, first: bool) -> Result<Vec<f32>, SpeechError>;

    /// The state after one more token.
    fn advance(&mut self, state: &Self::State, token: i64) -> Result<Self::State, SpeechError>;

    /// The state of the same text when it had only its first `tokens` tokens. It can be advanced,
    /// but has no outlook.
    fn rewind(&self, state: &Self::State, tokens: usize) -> Result<Self::State, SpeechError>;

    /// What is kept of the step that named the token after `state`.
    fn trace(&self, state: &Self::State) -> Result<Self::Trace, SpeechError>;

    /// The text of tokens.
    fn text(&self, tokens: &[i64]) -> String;
}

/// Where a text ends, and what it may hold.
#[derive(Clone, Copy)]
pub(crate) struct Goal<'a> {
    /// The token that ends the text.
    pub(crate) end: i64,
    /// The text has no more tokens than this.
    pub(crate) tokens_max: usize,
    /// Words to prefer.
    pub(crate) hot_words: Option<&'a Trie>,
}

/// The text that was found.
pub(crate) struct Found<T> {
    /// Its tokens, without the one that ends it.
    pub(crate) tokens: Vec<i64>,
    /// What was kept of each step, the one that named the end included.
    pub(crate) traces: Vec<Rc<T>>,
    /// Mean logarithm of the probabilities of the tokens found, and of the end.
    pub(crate) mean_log_probability: f32,
    /// Why there are no more tokens.
    pub(crate) ending: Ending,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was complete.
    Complete,
    /// It had as many tokens as allowed.
    Limit,
    /// It began to repeat itself. Only the first turn is kept.
    Loop,
}

/// Finds the text after `state`, which itself is the state after `known`.
pub(crate) fn search<D: Decoder>(
    decoder: &mut D,
    known: &[i64],
    state: D::State,
    goal: Goal<'_>,
) -> Result<Found<D::Trace>, SpeechError> {
    let mut text = Text::begin(known, state, goal);
    text.write_on(decoder, goal)?;
    let Some(trie) = goal.hot_words else {
        return Ok(text.into());
    };
    let (mut next, mut trials) = (0, 0);
    while trials < TRIALS_MAX
        && let Some(chance) = text.chances.get(next).copied()
    {
        next += 1;
        // A text that repeated itself was cut off, before some of its chances.
        if chance.at > text.tokens.len() {
            break;
        }
        let sounds_alike = || {
            let heard = text.heard_at(chance.at, decoder);
            trie.sounds_like(chance.token, &heard, DIFFERENCE_MAX)
        };
        if chance.begins && !sounds_alike() {
            continue;
        }
        trials += 1;
        if let Some((better, settled)) = text.with_hot_word(chance, decoder, goal, trie)? {
            next = better.chances.partition_point(|chance| chance.at < settled);
            text = better;
        }
    }
    Ok(text.into())
}

/// A text and how it came about.
struct Text<D: Decoder> {
    tokens: Vec<i64>,
    /// For each token that was found, and for the end: the score of the text up to and with it.
    scores: Vec<Score>,
    traces: Vec<Rc<D::Trace>>,
    progress: Progress,
    /// The state after the newest token, but for one that ends the text.
    state: Rc<D::State>,
    ending: Option<Ending>,
    /// Places where a hot word was near, in order.
    chances: Vec<Chance>,
    /// Tokens at the start that were known, and have no score.
    known: usize,
    /// By how many tokens the text became longer, or shorter, than the one that left `state`.
    moved: isize,
}

/// How good a text is.
#[derive(Clone, Copy, Default)]
struct Score {
    /// Logarithm of the probability of its tokens.
    log_probability: f32,
    /// Bonus of the hot words in it.
    bonus: f32,
}

impl Score {
    fn total(self) -> f32 {
        self.log_probability + self.bonus
    }
}

/// A hot word may have this token in place of the one at `at`.
#[derive(Clone, Copy)]
struct Chance {
    at: usize,
    token: i64,
    log_probability: f32,
    /// Whether the word begins with it; else it goes on with the word that the text is in.
    begins: bool,
}

impl<D: Decoder> Text<D> {
    fn begin(known: &[i64], state: D::State, goal: Goal<'_>) -> Self {
        Self {
            tokens: known.to_vec(),
            scores: Vec::new(),
            traces: Vec::new(),
            progress: progress_after(known, goal.hot_words),
            state: Rc::new(state),
            ending: None,
            chances: Vec::new(),
            known: known.len(),
            moved: 0,
        }
    }

    fn score(&self) -> Score {
        self.scores.last().copied().unwrap_or_default()
    }

    /// Adds to the score.
    fn earn(&mut self, log_probability: f32, bonus: f32) {
        let mut score = self.score();
        score.log_probability += log_probability;
        score.bonus += bonus;
        self.scores.push(score);
    }

    /// Writes the most probable tokens until the text ends.
    fn write_on(&mut self, decoder: &mut D, goal: Goal<'_>) -> Result<(), SpeechError> {
        while self.ending.is_none() {
            let outlook = decoder.outlook(&self.state, self.tokens.is_empty())?;
            let best = best_token(&outlook);
            self.note_chance(&outlook, best, goal);
            self.add(best, score_of(&outlook, best), decoder, goal)?;
        }
        Ok(())
    }

    /// Takes note of the hot words that are near: those that could begin here, and the one that the
    /// text is in the middle of but does not go on with.
    fn note_chance(&mut self, outlook: &[f32], best: i64, goal: Goal<'_>) {
        let Some(trie) = goal.hot_words else { return };
        let least = score_of(outlook, best) - BEGIN_WITHIN;
        let chance = |(token, bonus): (i64, f32), begins: bool| {
            let log_probability = score_of(outlook, token);
            let is_near = token != best && log_probability + bonus >= least;
            is_near.then_some(Chance {
                at: self.tokens.len(),
                token,
                log_probability,
                begins,
            })
        };
        let inside = trie
            .goes_on(self.progress)
            .filter_map(|token| chance(token, false));
        let begins = trie.begins().filter_map(|token| chance(token, true));
        let mut chances: Vec<Chance> = inside.chain(begins).collect();
        chances.sort_by(|a, b| b.log_probability.total_cmp(&a.log_probability));
        self.chances.extend(chances);
    }

    fn add(
        &mut self,
        token: i64,
        log_probability: f32,
        decoder: &mut D,
        goal: Goal<'_>,
    ) -> Result<(), SpeechError> {
        let bonus = match goal.hot_words {
            Some(trie) if token != goal.end => {
                let (progress, bonus) = trie.follow(self.progress, token);
                self.progress = progress;
                bonus
            }
            _ => -Trie::unfinished(self.progress),
        };
        self.traces.push(Rc::new(decoder.trace(&self.state)?));
        self.earn(log_probability, bonus);
        if token == goal.end {
            self.ending = Some(Ending::Complete);
            return Ok(());
        }
        self.tokens.push(token);
        if let Some(end) = loop_end(&self.tokens) {
            self.ending = Some(Ending::Loop);
            self.tokens.truncate(end);
        } else if self.tokens.len() >= goal.tokens_max {
            self.ending = Some(Ending::Limit);
        } else {
            self.state = Rc::new(decoder.advance(&self.state, token)?);
        }
        Ok(())
    }

    fn heard_at(&self, at: usize, decoder: &D) -> Sound {
        let heard = self.tokens.get(at..).unwrap_or_default();
        Sound::of(&decoder.text(&heard[..heard.len().min(HEARD_TOKENS)]))
    }

    /// The text with a hot word where it has a chance, if it is the better text, and the number of
    /// its tokens up to where both go on alike.
    fn with_hot_word(
        &self,
        chance: Chance,
        decoder: &mut D,
        goal: Goal<'_>,
        trie: &Trie,
    ) -> Result<Option<(Self, usize)>, SpeechError> {
        let mut other = self.branch(chance, decoder, goal, trie)?;
        let mut since_word = 0;
        while other.ending.is_none() {
            if since_word > 0
                && let Some(tokens) = self.tokens_where_alike(&other, chance.at)
            {
                let score = self.scores[tokens - 1 - self.known];
                let is_better = other.score().total() > score.total();
                let open = since_word.min(ALIKE_TOKENS);
                let settled = other.tokens.len() - open;
                return Ok(is_better.then(|| (self.spliced(&other, tokens, open), settled)));
            }
            let outlook = decoder.outlook(&other.state, false)?;
            let token = other.token_of_trial(&outlook, trie);
            let Some(token) = token.filter(|_| since_word < REJOIN_TOKENS_MAX) else {
                return Ok(None);
            };
            since_word += usize::from(Trie::unfinished(other.progress) == 0.0);
            other.add(token, score_of(&outlook, token), decoder, goal)?;
        }
        let is_complete = other.ending == Some(Ending::Complete);
        let is_better = is_complete && other.score().total() > self.score().total();
        let settled = other.tokens.len();
        Ok(is_better.then_some((other, settled)))
    }

    /// The text up to a chance, and the first token of the hot word.
    fn branch(
        &self,
        chance: Chance,
        decoder: &mut D,
        goal: Goal<'_>,
        trie: &Trie,
    ) -> Result<Self, SpeechError> {
        let steps = chance.at - self.known;
        let tokens = [&self.tokens[..chance.at], &[chance.token]].concat();
        let before = progress_after(&self.tokens[..chance.at], goal.hot_words);
        let (progress, bonus) = trie.follow(before, chance.token);
        let state = decoder.rewind(&self.state, chance.at.saturating_add_signed(-self.moved))?;
        let chances = self.chances.iter().filter(|other| other.at < chance.at);
        let mut branch = Self {
            scores: self.scores[..steps].to_vec(),
            // What named the other token named this one too.
            traces: self.traces[..=steps].to_vec(),
            progress,
            state: Rc::new(decoder.advance(&state, chance.token)?),
            ending: None,
            chances: chances.copied().collect(),
            known: self.known,
            moved: 0,
            tokens,
        };
        branch.earn(chance.log_probability, bonus);
        Ok(branch)
    }

    /// The next token of a text that tries a hot word: that of the word as long as it is near the
    /// best one, the best one behind the word.
    fn token_of_trial(&self, outlook: &[f32], trie: &Trie) -> Option<i64> {
        let best = best_token(outlook);
        if Trie::unfinished(self.progress) == 0.0 {
            return Some(best);
        }
        let least = score_of(outlook, best) - GO_ON_WITHIN;
        let probability = |next: &(i64, f32)| score_of(outlook, next.0);
        let better = |a: &(i64, f32), b: &(i64, f32)| probability(a).total_cmp(&probability(b));
        let (token, bonus) = trie.goes_on(self.progress).max_by(better)?;
        (score_of(outlook, token) + bonus >= least).then_some(token)
    }

    /// If `other`, which left this text at a place, goes on like it again: the number of this text's
    /// tokens up to there.
    fn tokens_where_alike(&self, other: &Self, left_at: usize) -> Option<usize> {
        let newest = other.tokens.len().checked_sub(ALIKE_TOKENS)?;
        let places = self.tokens.windows(ALIKE_TOKENS).enumerate().skip(left_at);
        let alike = places.filter(|(_, tokens)| *tokens == &other.tokens[newest..]);
        let (at, _) = alike.min_by_key(|(at, _)| at.abs_diff(newest))?;
        Some(at + ALIKE_TOKENS)
    }

    /// `begin`, and then this text behind its first `tokens` tokens. What this text's end was
    /// foreseen from differs a little now; writing it again would cost more than it would mend. The
    /// last `open` tokens of the beginning keep their chances.
    fn spliced(&self, begin: &Self, tokens: usize, open: usize) -> Self {
        let steps = tokens - self.known;
        let (from, to) = (self.scores[steps - 1], begin.score());
        let rest = self.scores[steps..].iter().map(|score| Score {
            log_probability: score.log_probability - from.log_probability + to.log_probability,
            bonus: score.bonus - from.bonus + to.bonus,
        });
        let moved = begin.tokens.len().cast_signed() - tokens.cast_signed();
        let later = self
            .chances
            .iter()
            .filter(|chance| chance.at + open >= tokens);
        let later = later.map(|chance| Chance {
            at: chance.at.saturating_add_signed(moved),
            ..*chance
        });
        Self {
            tokens: [begin.tokens.as_slice(), &self.tokens[tokens..]].concat(),
            scores: begin.scores.iter().copied().chain(rest).collect(),
            traces: [begin.traces.as_slice(), &self.traces[steps..]].concat(),
            progress: self.progress,
            state: self.state.clone(),
            ending: self.ending,
            chances: begin.chances.iter().copied().chain(later).collect(),
            known: self.known,
            moved: self.moved + moved,
        }
    }
}

fn progress_after(tokens: &[i64], trie: Option<&Trie>) -> Progress {
    let follow = |progress, token: &i64| trie.map_or(progress, |t| t.follow(progress, *token).0);
    tokens.iter().fold(Progress::default(), follow)
}

impl<D: Decoder> From<Text<D>> for Found<D::Trace> {
    fn from(text: Text<D>) -> Self {
        let steps = text.scores.len().max(1) as f32;
        Self {
            mean_log_probability: text.score().log_probability / steps,
            ending: text.ending.unwrap_or(Ending::Limit),
            tokens: text.tokens,
            traces: text.traces,
        }
    }
}

/// The token with the highest score; of equals the first.
pub(crate) fn best_token(scores: &[f32]) -> i64 {
    let better = |best: (i64, f32), (token, score): (i64, &f32)| {
        if *score > best.1 {
            (token, *score)
        } else {
            best
        }
    };
    (0..).zip(scores).fold((0, f32::NEG_INFINITY), better).0
}

fn score_of(scores: &[f32], token: i64) -> f32 {
    let score = usize::try_from(token)
        .ok()
        .and_then(|token| scores.get(token));
    score.copied().unwrap_or(f32::NEG_INFINITY)
}

/// Scores as logarithms of probabilities.
pub(crate) fn log_probabilities(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
    let shift = highest + sum.ln();
    scores.iter().map(|score| score - shift).collect()
}

#[cfg(test)]
mod tests;
