//! Subtitles: words with times to lines that can be read, as SubRip or WebVTT.

use std::fmt::Write as _;

use crate::chars::{is_han_or_kana, is_mark};
use crate::passage::{Passage, locate};
use crate::sentence::is_final_mark;

/// One subtitle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// When it appears, in milliseconds.
    pub begin_ms: u32,
    /// When it goes, in milliseconds.
    pub end_ms: u32,
    /// One line or two, parted by a line feed.
    pub text: String,
}

/// The longest a subtitle stays, in milliseconds.
const CUE_MS_MAX: u32 = 7_000;
/// The longest silence inside a subtitle, in milliseconds.
const CUE_SILENCE_MS_MAX: u32 = 2_000;
/// Lines of a subtitle.
const CUE_LINES: usize = 2;
/// Widest line: 42 Latin or 18 Chinese characters, which are 3 and 7 wide.
const LINE_WIDTH_MAX: usize = 42 * 3;

/// Cuts a passage into subtitles of at most two readable lines and seven seconds, after sentences
/// and clauses where it can. Empty where the passage has no words with times.
pub fn cues(passage: &Passage) -> Vec<Cue> {
    let pieces = pieces(passage);
    let mut cues = Vec::new();
    let mut rest = pieces.as_slice();
    while let [first, ..] = rest {
        let (cue, others) = rest.split_at(cue_len(rest));
        let end_ms = cue.last().map_or(first.end_ms, |last| last.end_ms);
        let text: String = cue.iter().map(|piece| piece.text).collect();
        let end_ms = end_ms.max(first.begin_ms);
        cues.push(Cue {
            begin_ms: first.begin_ms,
            end_ms,
            text: wrap(text.trim()),
        });
        rest = others;
    }
    cues
}

/// A word with the marks and blanks that follow it.
struct Piece<'a> {
    text: &'a str,
    begin_ms: u32,
    end_ms: u32,
}

fn pieces(passage: &Passage) -> Vec<Piece<'_>> {
    let starts: Vec<usize> = locate(&passage.text, &passage.words)
        .into_iter()
        .map(|place| place.start)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([passage.text.len()]);
    let texts = starts
        .iter()
        .enumerate()
        .zip(ends)
        .map(|((index, &start), end)| {
            // Marks before the first word, such as an opening quote, belong to it.
            &passage.text[if index == 0 { 0 } else { start }..end]
        });
    let pieces = passage.words.iter().zip(texts);
    pieces
        .map(|(word, text)| Piece {
            text,
            begin_ms: word.begin_ms,
            end_ms: word.end_ms,
        })
        .collect()
}

/// How many of `pieces` the first subtitle takes; at least one.
fn cue_len(pieces: &[Piece<'_>]) -> usize {
    let fits = pieces_that_fit(pieces);
    if fits == pieces.len() {
        return fits;
    }
    let ends_with = |is_end: fn(char) -> bool, from: usize| {
        (from..=fits)
            .rev()
            .find(|&len| pieces[len - 1].text.trim_end().ends_with(is_end))
    };
    let is_silence = pieces[fits]
        .begin_ms
        .saturating_sub(pieces[fits - 1].end_ms);
    if is_silence > CUE_SILENCE_MS_MAX {
        return fits;
    }
    ends_with(is_final_mark, 1.max(fits / 4))
        .or_else(|| ends_with(is_mark, 1.max(fits / 2)))
        .unwrap_or(fits)
}

fn pieces_that_fit(pieces: &[Piece<'_>]) -> usize {
    let mut text = String::new();
    for (len, piece) in pieces.iter().enumerate() {
        text.push_str(piece.text);
        let (first, previous) = (&pieces[0], &pieces[len.saturating_sub(1)]);
        let is_long = piece.end_ms.saturating_sub(first.begin_ms) > CUE_MS_MAX;
        let is_late = piece.begin_ms.saturating_sub(previous.end_ms) > CUE_SILENCE_MS_MAX;
        let is_wide = lines(text.trim()).is_none();
        if len > 0 && (is_long || is_late || is_wide) {
            return len;
        }
    }
    pieces.len()
}

/// The text on as many lines as it needs; too wide a text is left on one.
fn wrap(text: &str) -> String {
    lines(text).map_or_else(|| text.to_owned(), |lines| lines.join("\n"))
}

/// The text on one line, or on two of about the same width. `None` when it is too wide for two.
fn lines(text: &str) -> Option<Vec<&str>> {
    const _: () = assert!(CUE_LINES == 2, "a text is parted once");
    if width(text) <= LINE_WIDTH_MAX {
        return Some(vec![text]);
    }
    let breaks = text
        .char_indices()
        .skip(1)
        .filter(|(at, _)| can_break(text, *at));
    let halves = breaks.map(|(at, _)| (text[..at].trim_end(), text[at..].trim_start()));
    let wider = |(first, second): &(&str, &str)| width(first).max(width(second));
    let (first, second) = halves.min_by_key(wider)?;
    (wider(&(first, second)) <= LINE_WIDTH_MAX).then(|| vec![first, second])
}

/// Whether a line may end before the byte `at`.
fn can_break(text: &str, at: usize) -> bool {
    let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    let is_wide = is_han_or_kana(before) || is_han_or_kana(after);
    let is_opening = matches!(before, '“' | '‘' | '（' | '《' | '「' | '『' | '(');
    before.is_whitespace() || (is_wide && !is_mark(after) && !is_opening && !after.is_whitespace())
}

/// How wide a text is: Chinese characters and their marks count 7, others 3.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 7 } else { 3 }).sum()
}

fn is_wide(c: char) -> bool {
    is_han_or_kana(c)
        || matches!(c, '\u{3000}'..='\u{303F}' | '\u{AC00}'..='\u{D7A3}' | '！'..='～')
}

/// The cues as a `SubRip` file.
///
/// ```
/// use mynah_text::{Cue, to_srt};
/// let cue = Cue { begin_ms: 1_500, end_ms: 3_661_007, text: "你好。".into() };
/// assert_eq!(to_srt(&[cue]), "1\n00:00:01,500 --> 01:01:01,007\n你好。\n\n");
/// ```
pub fn to_srt(cues: &[Cue]) -> String {
    let mut file = String::new();
    for (index, cue) in cues.iter().enumerate() {
        let (begin, end) = (clock(cue.begin_ms, ','), clock(cue.end_ms, ','));
        let text = without_blank_lines(&cue.text).replace("-->", "->");
        // Writing to a string cannot fail.
        let _ = write!(file, "{}\n{begin} --> {end}\n{text}\n\n", index + 1);
    }
    file
}

/// The cues as a `WebVTT` file (W3C `WebVTT`, section 4): `&`, `<` and `>` are escaped.
///
/// ```
/// use mynah_text::{Cue, to_vtt};
/// let cue = Cue { begin_ms: 0, end_ms: 900, text: "R&D".into() };
/// assert_eq!(to_vtt(&[cue]), "WEBVTT\n\n00:00:00.000 --> 00:00:00.900\nR&amp;D\n\n");
/// ```
pub fn to_vtt(cues: &[Cue]) -> String {
    let mut file = String::from("WEBVTT\n\n");
    for cue in cues {
        let (begin, end) = (clock(cue.begin_ms, '.'), clock(cue.end_ms, '.'));
        let text = without_blank_lines(&cue.text)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let _ = write!(file, "{begin} --> {end}\n{text}\n\n");
    }
    file
}

/// A blank line would end the cue.
fn without_blank_lines(text: &str) -> String {
    let lines = text
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn clock(ms: u32, point: char) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600);
    format!("{hours:02}:{minutes:02}:{:02}{point}{ms:03}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Word;

    /// Words of 300 ms each: per character where `each` is empty, else split at it.
    fn passage(text: &str, each: &str) -> Passage {
        let spelled: Vec<&str> = text.split(each).filter(|part| !part.is_empty()).collect();
        let words = spelled
            .into_iter()
            .filter(|word| !word.chars().all(is_mark))
            .zip(0..);
        let words = words.map(|(word, at)| Word {
            text: word.trim_matches(is_mark).into(),
            punctuation: String::new(),
            begin_ms: at * 300,
            end_ms: at * 300 + 300,
        });
        Passage {
            text: text.into(),
            words: words.collect(),
        }
    }

    fn check_readable(cues: &[Cue]) {
        for cue in cues {
            assert!(cue.end_ms - cue.begin_ms <= CUE_MS_MAX, "{cue:?}");
            assert!(cue.text.lines().count() <= CUE_LINES, "{cue:?}");
            assert!(
                cue.text.lines().all(|line| width(line) <= LINE_WIDTH_MAX),
                "{cue:?}"
            );
        }
        assert!(
            cues.windows(2)
                .all(|pair| pair[0].end_ms <= pair[1].begin_ms)
        );
    }

    #[test]
    fn short_sentences_are_one_line() {
        let cues = cues(&passage("“Good morning,” he said.", " "));
        let text = "“Good morning,” he said.".into();
        assert_eq!(
            cues,
            [Cue {
                begin_ms: 0,
                end_ms: 1_200,
                text
            }]
        );
    }

    #[test]
    fn long_english_is_cut_after_clauses() {
        let text = "It was the first great sorrow of his life. It was not so much the loss of the \
                    cotton itself, but the fantasy, the hopes, the dreams built around it.";
        let cues = cues(&passage(text, " "));
        check_readable(&cues);
        let texts: Vec<String> = cues.iter().map(|cue| cue.text.replace('\n', " ")).collect();
        assert_eq!(
            texts,
            [
                "It was the first great sorrow of his life.",
                "It was not so much the loss of the cotton itself, but the fantasy, the hopes,",
                "the dreams built around it.",
            ]
        );
    }

    #[test]
    fn chinese_is_wrapped_between_characters() {
        let text = "富士康在印度工厂出现大规模感染，目前工厂产量已下降超百分之五十。";
        let cues = cues(&passage(text, ""));
        check_readable(&cues);
        let joined: String = cues.iter().map(|cue| cue.text.replace('\n', "")).collect();
        assert_eq!(joined, text);
        assert_eq!(cues[0].text, "富士康在印度工厂出现大规模感染，");
        assert_eq!(
            wrap("欢迎大家来体验达摩院推出的语音识别模型好"),
            "欢迎大家来体验达摩院\n推出的语音识别模型好"
        );
    }

    #[test]
    fn a_silence_parts_cues() {
        let mut passage = passage("one two", " ");
        passage.words[1].begin_ms = 5_000;
        passage.words[1].end_ms = 5_300;
        let cues = cues(&passage);
        assert_eq!(cues.len(), 2);
        assert_eq!((cues[1].begin_ms, cues[1].text.as_str()), (5_000, "two"));
    }

    #[test]
    fn words_too_wide_stand_alone() {
        let cues = cues(&passage(&"x".repeat(200), " "));
        assert_eq!(cues.len(), 1);
        assert!(super::cues(&Passage::default()).is_empty());
    }

    #[test]
    fn files_cannot_be_broken_by_text() {
        let text = "a --> b\n\n\n2\n<i>".to_owned();
        let cue = [Cue {
            begin_ms: 0,
            end_ms: 1,
            text,
        }];
        assert_eq!(
            to_srt(&cue),
            "1\n00:00:00,000 --> 00:00:00,001\na -> b\n2\n<i>\n\n"
        );
        assert!(to_vtt(&cue).ends_with("a --&gt; b\n2\n&lt;i&gt;\n\n"));
    }
}
