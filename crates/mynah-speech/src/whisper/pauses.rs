//! Pauses between words.
//!
//! Attention says in which order and roughly when words were said, but divides all of the time among
//! the tokens, silence too, and the first token has all that lies before it. Where the begin or the
//! end of a word lies in or beside a pause, it is moved to the pause's border.

use std::ops::Range;

use crate::Word;

/// Milliseconds of a frame of loudness.
const FRAME_MS: usize = 10;
/// Frames that have to be quiet in a row to be a pause.
const PAUSE_FRAMES_MIN: usize = 8;
/// Quiet frames beside speech that still count as speech: sounds rise from and fall into silence.
const FADE_FRAMES: usize = 2;
/// How far outside a pause a begin or end may lie that is moved to it, in frames.
const REACH_FRAMES: usize = 12;
/// Sound this much weaker than the loud parts of an utterance is quiet.
const QUIET_BELOW_LOUD_DB: f32 = 25.0;
/// Where noise is nearer to the loud parts: the lower part of the range between both is quiet.
const QUIET_SHARE: f32 = 0.3;
/// Sound this much weaker than the loud parts says nothing about the noise: it is digital silence,
/// or a background that does not matter.
const NOISE_BELOW_LOUD_DB: f32 = 45.0;
/// Sound that is weaker than the loud parts by no more than this is never quiet.
const LOUD_DB: f32 = 8.0;
/// With less range than this, pauses cannot be told from speech.
const RANGE_DB_MIN: f32 = 12.0;

/// Moves begins and ends of words out of the pauses of an utterance. `loudness_db` holds a value
/// for each 10 ms.
pub(super) fn exclude_pauses(words: &mut [Word], loudness_db: &[f32]) {
    let pauses = pauses(loudness_db);
    let mut said_ms = 0;
    for at in 0..words.len() {
        let next_begin_ms = words.get(at + 1).map_or(u32::MAX, |next| next.begin_ms);
        let word = &mut words[at];
        if let Some(pause) = nearest(&pauses, word.begin_ms)
            && lies_behind(word, pause)
        {
            word.begin_ms = pause.end;
        }
        word.begin_ms = word.begin_ms.max(said_ms);
        if let Some(pause) = nearest(&pauses, word.end_ms)
            && !lies_behind(word, pause)
            && word.begin_ms < pause.start
            && pause.start <= next_begin_ms
        {
            word.end_ms = pause.start;
        }
        word.end_ms = word.end_ms.max(word.begin_ms);
        said_ms = word.end_ms;
    }
}

/// Whether more of a word lies behind a pause than before it.
fn lies_behind(word: &Word, pause: &Range<u32>) -> bool {
    word.end_ms.saturating_sub(pause.end) > pause.start.saturating_sub(word.begin_ms)
}

/// The pauses, in milliseconds.
fn pauses(loudness_db: &[f32]) -> Vec<Range<u32>> {
    let Some(threshold) = threshold(loudness_db) else {
        return Vec::new();
    };
    let mut pauses = Vec::new();
    let mut begin = 0;
    for (frame, loudness) in loudness_db.iter().chain([&f32::INFINITY]).enumerate() {
        if *loudness >= threshold {
            if frame - begin >= PAUSE_FRAMES_MIN {
                let ms = |frame: usize| (frame * FRAME_MS) as u32;
                pauses.push(ms(begin + FADE_FRAMES)..ms(frame - FADE_FRAMES));
            }
            begin = frame + 1;
        }
    }
    pauses
}

/// The loudness in decibels under which a frame is quiet.
fn threshold(loudness_db: &[f32]) -> Option<f32> {
    let mut sorted = loudness_db.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let share = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
    let (quietest, loud) = (share(5)?, share(95)?);
    let mut audible = sorted
        .iter()
        .filter(|loudness| **loudness >= loud - NOISE_BELOW_LOUD_DB);
    let noise = *audible.nth(audible.clone().count() * 5 / 100)?;
    let threshold = (loud - QUIET_BELOW_LOUD_DB).max(noise + QUIET_SHARE * (loud - noise));
    (loud - quietest >= RANGE_DB_MIN).then_some(threshold.min(loud - LOUD_DB))
}

/// The pause that a time lies in, or the nearest one within reach.
fn nearest(pauses: &[Range<u32>], ms: u32) -> Option<&Range<u32>> {
    let distance = |pause: &&Range<u32>| {
        pause
            .start
            .saturating_sub(ms)
            .max(ms.saturating_sub(pause.end))
    };
    let reach = (REACH_FRAMES * FRAME_MS) as u32;
    pauses
        .iter()
        .min_by_key(distance)
        .filter(|pause| distance(pause) <= reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_and_ends_move_to_the_speech() {
        // Noise at -50 dB; speech at 0 dB from 0.3 s to 0.8 s and from 1.2 s to 1.6 s.
        let loudness = loudness(200, &[(30, 80), (120, 160)]);
        let mut words = [
            word(0, 500),
            word(500, 900),
            word(900, 1500),
            word(1500, 1990),
        ];
        exclude_pauses(&mut words, &loudness);
        assert_eq!(
            words,
            [
                word(280, 500),
                word(500, 820),
                word(1180, 1500),
                word(1500, 1620)
            ]
        );
    }

    #[test]
    fn speech_without_pauses_is_left_alone() {
        let mut words = [word(0, 400), word(400, 800)];
        let before = words.clone();
        exclude_pauses(&mut words, &loudness(80, &[(0, 80)]));
        assert_eq!(words, before);
        exclude_pauses(&mut words, &[]);
        assert_eq!(words, before);
    }

    #[test]
    fn short_gaps_are_part_of_speech() {
        let mut words = [word(0, 400), word(400, 800)];
        let before = words.clone();
        exclude_pauses(&mut words, &loudness(80, &[(0, 38), (43, 80)]));
        assert_eq!(words, before);
    }

    #[test]
    fn words_inside_a_pause_stay_in_order() {
        let mut words = [word(0, 100), word(100, 120), word(120, 140), word(140, 600)];
        exclude_pauses(&mut words, &loudness(100, &[(50, 100)]));
        assert!(words.iter().all(|word| word.begin_ms <= word.end_ms));
        assert!(
            words
                .windows(2)
                .all(|pair| pair[0].end_ms <= pair[1].begin_ms)
        );
    }

    fn loudness(frames: usize, speech: &[(usize, usize)]) -> Vec<f32> {
        let is_speech = |frame| {
            speech
                .iter()
                .any(|(begin, end)| (*begin..*end).contains(&frame))
        };
        (0..frames)
            .map(|frame| if is_speech(frame) { 0.0 } else { -50.0 })
            .collect()
    }

    fn word(begin_ms: u32, end_ms: u32) -> Word {
        Word {
            text: "word".to_owned(),
            punctuation: String::new(),
            begin_ms,
            end_ms,
        }
    }
}
