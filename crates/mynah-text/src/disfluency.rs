//! Disfluencies: fillers and stutters that a reader does not miss.
//!
//! Conservative: only sounds that are never words, words that stand alone between marks, and
//! repeats of small function words go. A text of nothing but fillers stays, since "嗯。" is an answer.

use std::ops::Range;

use crate::Language;
use crate::chars::{Chars, is_han_or_kana, is_mark};
use crate::edit::Edit;
use crate::sentence::is_final_mark;

/// What a language fills pauses with.
struct Fillers {
    /// Sounds that are fillers wherever they stand as a word.
    sounds: &'static [&'static str],
    /// Words that are fillers when they stand alone between marks.
    alone: &'static [&'static str],
    /// Words that are fillers when they are said twice or more in a row: all of them go.
    doubled: &'static [&'static str],
    /// Words of which only one stays when they are repeated.
    stutters: &'static [&'static str],
}

const CHINESE: Fillers = Fillers {
    sounds: &["嗯", "呃"],
    alone: &[
        "额",
        "啊",
        "哦",
        "噢",
        "喔",
        "唔",
        "那个",
        "就是",
        "就是说",
        "怎么说呢",
    ],
    doubled: &["那个", "这个"],
    stutters: &[
        "我们", "你们", "他们", "她们", "因为", "所以", "但是", "然后", "就是", "如果", "我", "你",
        "您", "他", "她", "它", "就", "把", "在", "这", "那",
    ],
};

const ENGLISH: Fillers = Fillers {
    sounds: &["um", "umm", "uh", "uhh", "uhm", "er", "erm", "hmm", "hm"],
    alone: &["you know", "i mean"],
    doubled: &[],
    stutters: &[
        "i", "i'm", "we", "you", "he", "she", "it", "it's", "they", "the", "a", "an", "and", "but",
        "to", "of", "in", "on", "at", "is", "was", "my", "your", "his", "this", "if", "because",
        "or", "for", "with", "there's", "that's",
    ],
};

const JAPANESE: Fillers = Fillers {
    sounds: &[
        "えーっと",
        "えーと",
        "えっと",
        "えー",
        "あのー",
        "うーん",
        "んー",
        "ええと",
    ],
    alone: &["あの", "その", "まあ", "あー"],
    doubled: &[],
    stutters: &[],
};

/// Repeats that are words, in Chinese: 在在 never is one, 这这那那 is.
const DOUBLE_WORDS: [&str; 3] = ["你你我我", "这这那那", "那那"];

/// What has to change for the text to be without fillers and stutters; the marks around them and
/// the capital of a sentence are put right. Languages other than Chinese, Cantonese, English and
/// Japanese are left alone.
///
/// ```
/// use mynah_text::{Language, apply, remove_disfluencies};
/// let clean = |text, language| apply(text, &remove_disfluencies(text, language));
/// assert_eq!(clean("嗯，我我想去。", Language::CHINESE), "我想去。");
/// assert_eq!(clean("Um, I I think, uh, so.", Language::ENGLISH), "I think, so.");
/// ```
pub fn remove_disfluencies(text: &str, language: Language) -> Vec<Edit> {
    let fillers = match language.code() {
        "zh" | "yue" => &CHINESE,
        "en" => &ENGLISH,
        "ja" => &JAPANESE,
        _ => return Vec::new(),
    };
    let scan = Scan {
        chars: Chars::new(text),
        fillers,
    };
    let mut cuts = scan.cuts();
    cuts.sort_by_key(|cut| (cut.start, cut.end));
    let cuts = merge(cuts);
    let stays = |at: usize| !cuts.iter().any(|cut| cut.contains(&at));
    let has_words = |at: usize| stays(at) && scan.chars.at(at).is_some_and(char::is_alphanumeric);
    if !(0..scan.chars.len()).any(has_words) {
        return Vec::new();
    }
    let mut edits = Vec::new();
    for cut in cuts {
        edits.push(Edit::removal(scan.chars.bytes(cut.clone())));
        edits.extend(scan.capital_after(&cut));
    }
    edits
}

/// Joins ranges that overlap or touch.
fn merge(cuts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        match merged.last_mut().filter(|last| cut.start <= last.end) {
            Some(last) => last.end = last.end.max(cut.end),
            None => merged.push(cut),
        }
    }
    merged
}

struct Scan {
    chars: Chars,
    fillers: &'static Fillers,
}

impl Scan {
    /// The characters to take out.
    fn cuts(&self) -> Vec<Range<usize>> {
        let mut cuts = Vec::new();
        let mut at = 0;
        while at < self.chars.len() {
            if let Some(end) = self.filler(at) {
                let cut = self.with_marks(at..self.fillers_end(end));
                at = cut.end.max(end);
                cuts.push(cut);
            } else if let Some((end, kept)) = self.stutter(at) {
                cuts.push(at..kept);
                at = end;
            } else {
                at += 1;
            }
        }
        cuts
    }

    /// The end of the filler that starts at `at`, if one does.
    fn filler(&self, at: usize) -> Option<usize> {
        let sound = self
            .fillers
            .sounds
            .iter()
            .find_map(|sound| self.sound(at, sound));
        sound
            .or_else(|| self.doubled(at))
            .or_else(|| self.alone(at))
    }

    fn sound(&self, at: usize, sound: &str) -> Option<usize> {
        let end = self.word(at, sound)?;
        // えー ends ねえー.
        let inside = self
            .chars
            .before(at)
            .is_some_and(|c| matches!(c, 'ぁ'..='ヿ'));
        (!inside).then_some(end)
    }

    fn doubled(&self, at: usize) -> Option<usize> {
        self.fillers.doubled.iter().find_map(|word| {
            let mut end = self.word(at, word)?;
            let mut count = 1;
            while let Some(next) = self.word(self.pause_end(end), word) {
                end = next;
                count += 1;
            }
            (count > 1).then_some(end)
        })
    }

    fn alone(&self, at: usize) -> Option<usize> {
        let before = self.chars.before(self.blanks_start(at));
        let opens = before.is_none_or(|c| is_pause(c) || is_final_mark(c));
        self.fillers
            .alone
            .iter()
            .filter(|_| opens)
            .find_map(|word| {
                let end = self.word(at, word)?;
                self.chars.at(end).is_some_and(is_pause).then_some(end)
            })
    }

    /// The end of the fillers that follow a filler after nothing but a pause.
    fn fillers_end(&self, mut end: usize) -> usize {
        while let Some(next) = self.filler(self.pause_end(end)) {
            end = next;
        }
        end
    }

    /// A word said more than once: the end of its last saying, and where that one starts.
    fn stutter(&self, at: usize) -> Option<(usize, usize)> {
        if DOUBLE_WORDS
            .iter()
            .any(|word| self.chars.starts_with(at, word))
        {
            return None;
        }
        self.fillers.stutters.iter().find_map(|word| {
            let mut end = self.word(at, word)?;
            let mut kept = at;
            loop {
                let mut next = self.pause_end(end);
                if let Some(filler_end) = self.filler(next) {
                    next = self.pause_end(self.fillers_end(filler_end));
                }
                match self.word(next, word) {
                    Some(next_end) => (kept, end) = (next, next_end),
                    None => return (kept > at).then_some((end, kept)),
                }
            }
        })
    }

    /// The end of `word` at `at`, without regard to case; words of spaced scripts stand whole, and
    /// words in capitals are names.
    fn word(&self, at: usize, word: &str) -> Option<usize> {
        let end = at + word.chars().count();
        let same = |(offset, c): (usize, char)| {
            let here = self
                .chars
                .at(at + offset)
                .map(|c| if c == '’' { '\'' } else { c });
            here.is_some_and(|here| here == c || here.to_ascii_lowercase() == c)
        };
        if !word.chars().enumerate().all(same) {
            return None;
        }
        let is_spaced = word.starts_with(|c: char| !is_han_or_kana(c));
        let joins = |c: Option<char>| {
            c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-'))
        };
        let is_part = is_spaced && (joins(self.chars.before(at)) || joins(self.chars.at(end)));
        let is_name = word.len() > 1
            && self
                .chars
                .slice(at..end)
                .iter()
                .all(char::is_ascii_uppercase);
        (!is_part && !is_name).then_some(end)
    }

    /// The end of the blanks and pause marks from `at` on.
    fn pause_end(&self, at: usize) -> usize {
        self.chars.run_end(at, |c| c.is_whitespace() || is_pause(c))
    }

    /// The start of the blanks before `at`.
    fn blanks_start(&self, mut at: usize) -> usize {
        while self.chars.before(at).is_some_and(char::is_whitespace) {
            at -= 1;
        }
        at
    }

    /// A filler together with the marks and blanks that go with it.
    fn with_marks(&self, filler: Range<usize>) -> Range<usize> {
        let start = self.blanks_start(filler.start);
        let before = self.chars.before(start);
        let opens = before.is_none_or(|c| is_final_mark(c) || is_mark(c) && !is_pause(c));
        let after = self.chars.run_end(filler.end, char::is_whitespace);
        match self.chars.at(after) {
            Some(c) if is_pause(c) => filler.start..self.pause_end(after),
            Some(c) if !is_final_mark(c) => filler.start..after,
            // A sentence of fillers goes with its mark.
            Some(_) if opens => {
                let marks_end = self.chars.run_end(after, is_mark);
                filler.start..self.chars.run_end(marks_end, char::is_whitespace)
            }
            // What came before now ends the sentence: its comma goes.
            _ => {
                let mut start = start;
                while self.chars.before(start).is_some_and(is_pause) {
                    start = self.blanks_start(start - 1);
                }
                start..after
            }
        }
    }

    /// The capital that the word after a cut takes over from the word that was cut.
    fn capital_after(&self, cut: &Range<usize>) -> Option<Edit> {
        let first = self.chars.at(cut.start).filter(|c| c.is_uppercase())?;
        let next = self.chars.at(cut.end).filter(|c| c.is_lowercase())?;
        let before = self.chars.before(self.blanks_start(cut.start));
        let starts = before.is_none_or(|c| is_mark(c) && !is_pause(c)) && first.is_uppercase();
        let capital: String = next.to_uppercase().collect();
        starts.then(|| Edit::new(self.chars.bytes(cut.end..cut.end + 1), capital))
    }
}

/// Whether `c` is a mark of a pause inside a sentence.
fn is_pause(c: char) -> bool {
    matches!(c, ',' | ';' | '，' | '、' | '；' | '…' | '—' | '–')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;

    fn check(language: Language, cases: &[(&str, &str)]) {
        for (text, clean) in cases {
            let edits = remove_disfluencies(text, language);
            assert_eq!(apply(text, &edits), *clean, "from {text}");
            assert_eq!(
                remove_disfluencies(clean, language),
                [],
                "{clean} is not final"
            );
        }
    }

    #[test]
    fn chinese() {
        check(
            Language::CHINESE,
            &[
                ("", ""),
                ("嗯，我想去。", "我想去。"),
                ("嗯我想去", "我想去"),
                ("我，嗯，想去。", "我，想去。"),
                ("我想去，嗯。", "我想去。"),
                ("我嗯想去", "我想去"),
                ("嗯，呃，我想去。", "我想去。"),
                ("嗯嗯嗯，好的。", "好的。"),
                ("嗯。我知道了。", "我知道了。"),
                ("嗯。", "嗯。"),
                ("嗯，呃。", "嗯，呃。"),
                ("我我我想去", "我想去"),
                ("我，我想去", "我想去"),
                ("我，嗯，我想去", "我想去"),
                ("我们我们走吧", "我们走吧"),
                ("然后，那个，我们走", "然后，我们走"),
                ("那个那个我想说", "我想说"),
                ("啊，我忘了", "我忘了"),
                ("额，我忘了", "我忘了"),
                ("就就这样", "就这样"),
                // These are words.
                ("好啊，走吧。", "好啊，走吧。"),
                ("那个人，这个人", "那个人，这个人"),
                ("这个，还是那个？", "这个，还是那个？"),
                ("金额，额度", "金额，额度"),
                ("对对对", "对对对"),
                ("谢谢，看看，天天", "谢谢，看看，天天"),
                ("不不不", "不不不"),
                ("这这那那", "这这那那"),
                ("哦", "哦"),
            ],
        );
    }

    #[test]
    fn english() {
        check(
            Language::ENGLISH,
            &[
                ("Um, I think so.", "I think so."),
                ("Um, so we left.", "So we left."),
                ("I, um, think so.", "I, think so."),
                ("I um think so.", "I think so."),
                ("I think so, uh.", "I think so."),
                ("He left. Uh, then she left.", "He left. Then she left."),
                ("Uh. Yes.", "Yes."),
                ("It was, you know, late.", "It was, late."),
                ("You know, it was late.", "It was late."),
                ("I I I think so", "I think so"),
                ("The the man", "The man"),
                ("the, uh, the man", "the man"),
                ("it's it's late", "it's late"),
                ("Uh, hmm, well.", "Well."),
                // These are words.
                ("Do you know him?", "Do you know him?"),
                ("I know that that is so", "I know that that is so"),
                ("She had had it", "She had had it"),
                ("no no no", "no no no"),
                ("Uh-huh, mm-hmm.", "Uh-huh, mm-hmm."),
                ("The ER is full", "The ER is full"),
                ("umbrella, her, error", "umbrella, her, error"),
                ("Um.", "Um."),
                ("It is a A-list, I i", "It is a A-list, i"),
            ],
        );
    }

    #[test]
    fn japanese() {
        check(
            Language::JAPANESE,
            &[
                ("えー、今日は晴れです。", "今日は晴れです。"),
                ("えっと、あの、今日です。", "今日です。"),
                ("今日は、えーと、晴れです。", "今日は、晴れです。"),
                ("あの人です。", "あの人です。"),
                ("ねえーと言った", "ねえーと言った"),
            ],
        );
    }

    #[test]
    fn other_languages_are_left_alone() {
        assert_eq!(
            remove_disfluencies("um er", Language::parse("de").unwrap()),
            []
        );
    }
}
