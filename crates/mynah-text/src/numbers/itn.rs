//! Inverse text normalisation: spoken Chinese numerals to digits.
//!
//! The choice, in short: what is measured, dated, timed, dialled or ten and above is written with
//! digits; a lone digit with a counter, in a weekday or in a word stays (三个, 星期三, 第一次, 一起);
//! so does everything vague (十几, 三四十, 二十来岁) and every fixed saying. Round numbers keep 万
//! and 亿 (三万 -> 3万), 三万五 is 35000, from a million on digits are grouped (123万4567).
//!
//! Invariant: saying the written form again ([`spoken_zh`]) gives a numeral of the same value.
//!
//! [`spoken_zh`]: crate::spoken_zh

use std::ops::Range;

use super::chinese::{Numeral, ascii_digit, is_numeral, is_plain_digit};
use super::lexicon::{
    AFTER_LISTING, COUNTERS, FIXED, LUNAR_MONTHS, MEASURES, NUMBERED, SHORT_YEAR, TIME_OF_DAY,
    VAGUE_AFTER, VAGUE_BEFORE_TEN, WEEK,
};
use crate::chars::{Chars, is_han, is_mark};
use crate::edit::Edit;

/// What has to change for the spoken numerals of a simplified Chinese text to be digits.
///
/// ```
/// use mynah_text::{apply, itn_zh};
/// let itn = |text| apply(text, &itn_zh(text));
/// assert_eq!(itn("二零二六年五月二十三号"), "2026年5月23号");
/// assert_eq!(itn("下降百分之三点五"), "下降3.5%");
/// assert_eq!(itn("万一星期三一起十分感谢"), "万一星期三一起十分感谢");
/// ```
pub fn itn_zh(text: &str) -> Vec<Edit> {
    if !text.contains(is_numeral) {
        return Vec::new();
    }
    let scan = Scan::new(text);
    let mut edits: Vec<Edit> = Vec::new();
    let mut waiting: Option<Range<usize>> = None;
    let mut at = 0;
    while at < scan.chars.len() {
        let Some(run) = scan.run(at) else {
            at += 1;
            continue;
        };
        at = run.end;
        if let Some(found) = scan.convert(&run) {
            at = found.range.end;
            // 五到十个: the lower end goes with the upper one.
            if let Some(digit) = waiting
                .take()
                .filter(|digit| digit.end + 1 == found.range.start)
            {
                edits.extend(scan.lone_number(&digit));
            }
            edits.push(Edit::new(scan.chars.bytes(found.range), found.written));
        } else {
            waiting = scan.opens_range(&run).then_some(run);
        }
    }
    edits
}

/// A numeral found and how it is written; `range` in characters.
struct Found {
    range: Range<usize>,
    written: String,
}

struct Scan {
    chars: Chars,
    /// Per character: whether it belongs to a fixed word or a weekday.
    fixed: Vec<bool>,
}

impl Scan {
    fn new(text: &str) -> Self {
        let chars = Chars::new(text);
        let mut fixed = vec![false; chars.len()];
        for at in 0..chars.len() {
            let is_inside = chars.before(at).is_some_and(is_numeral) && !fixed[at - 1];
            let longest = FIXED.iter().filter(|word| chars.starts_with(at, word));
            if let Some(word) = longest.max_by_key(|word| word.len()) {
                let end = at + word.chars().count();
                let is_number = is_inside && chars.at(at).is_some_and(is_numeral);
                if !is_number {
                    fixed[at..end].fill(true);
                }
            }
            if is_weekday(&chars, at) {
                fixed[at] = true;
            }
        }
        Self { chars, fixed }
    }

    /// The numeral characters from `at` on, if any that may be rewritten.
    fn run(&self, at: usize) -> Option<Range<usize>> {
        let len = (at..self.chars.len())
            .take_while(|&at| !self.fixed[at] && self.chars.at(at).is_some_and(is_numeral))
            .count();
        (len > 0).then_some(at..at + len)
    }

    fn parse(&self, range: Range<usize>) -> Option<Numeral> {
        Numeral::parse(self.chars.slice(range))
    }

    /// Tries the readings of a run, the ones that reach furthest first.
    fn convert(&self, run: &Range<usize>) -> Option<Found> {
        if self.is_joined(run) {
            return None;
        }
        if self.chars.starts_with(run.end, "分之") {
            return self.fraction(run);
        }
        if self.is_vague(run) || self.is_each(run) {
            return None;
        }
        if self.chars.at(run.end) == Some('点') {
            return self.time_or_decimal(run);
        }
        let written = match self.parse(run.clone())? {
            Numeral::Digit(digit) => self
                .lone_digit_counts(run, digit)
                .then(|| digit.to_string()),
            Numeral::Digits(digits) => self.digits_count(run, &digits).then_some(digits),
            Numeral::Cardinal(10) => self.ten_counts(run).then(|| "10".into()),
            cardinal @ Numeral::Cardinal(_) => Some(cardinal.written()),
        }?;
        Some(self.with_sign(run.clone(), written))
    }

    /// Whether digits would run into a number beside the run: 3百, 二百,三百.
    fn is_joined(&self, run: &Range<usize>) -> bool {
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let is_number = |c: Option<char>| is_digit(c) || c.is_some_and(is_numeral);
        let is_joint = |c: Option<char>| c.is_some_and(|c| ".,:/-–~".contains(c));
        let (before, after) = (self.chars.before(run.start), self.chars.at(run.end));
        let second_before = run.start.checked_sub(2).and_then(|at| self.chars.at(at));
        is_digit(before)
            || is_digit(after)
            || is_joint(before) && is_number(second_before)
            || is_joint(after) && is_number(self.chars.at(run.end + 1))
    }

    /// Whether the words around a run make it vague or a traditional date.
    fn is_vague(&self, run: &Range<usize>) -> bool {
        let is_ten = self.chars.at(run.start) == Some('十');
        is_ten && self.chars.ends_with_any(run.start, VAGUE_BEFORE_TEN)
            || self.chars.ends_with_any(run.start, LUNAR_MONTHS)
            || self.chars.starts_with_any(run.end, VAGUE_AFTER)
    }

    /// Whether the last digit counts something else: 三万一个 is 30,000 for each one.
    fn is_each(&self, run: &Range<usize>) -> bool {
        let end = self.chars.slice(run.end.saturating_sub(2)..run.end);
        matches!(end, ['百' | '千' | '万' | '亿', last] if is_plain_digit(*last))
            && self.chars.starts_with_any(run.end, COUNTERS)
    }

    /// 百分之五十, 三分之一, 千分之零点五.
    fn fraction(&self, run: &Range<usize>) -> Option<Found> {
        let sign_at = run.end + "分之".chars().count();
        let minus = if self.chars.at(sign_at) == Some('负') {
            "-"
        } else {
            ""
        };
        let top = self.run(sign_at + minus.len())?;
        let top_value = self.parse(top.clone()).and_then(|top| top.value());
        let (range, top_text) = match self.decimal(&top) {
            Some(found) => (run.start..found.range.end, found.written),
            None if self.chars.slice(top.clone()) == ['百'] => (run.start..top.end, "100".into()),
            None => (run.start..top.end, self.parse(top.clone())?.written()),
        };
        if self.chars.starts_with_any(range.end, VAGUE_AFTER) {
            return None;
        }
        let written = match self.chars.slice(run.clone()) {
            ['百'] => format!("{minus}{top_text}%"),
            ['千'] => format!("{minus}{top_text}‰"),
            bottom => {
                let bottom = Numeral::parse(bottom)?.value()?;
                let is_proper = range.end == top.end && top_value.is_some_and(|top| top < bottom);
                (minus.is_empty() && is_proper).then(|| format!("{top_text}/{bottom}"))?
            }
        };
        Some(Found { range, written })
    }

    /// 三点一四, 三点半, 十二点四十五, 下午三点.
    fn time_or_decimal(&self, run: &Range<usize>) -> Option<Found> {
        let hour = self.parse(run.clone())?;
        if self.is_time(run, &hour) {
            let written = hour.written();
            return Some(Found {
                range: run.clone(),
                written,
            });
        }
        if let Some(found) = self.decimal(run) {
            return Some(self.with_sign(found.range, found.written));
        }
        match hour {
            Numeral::Cardinal(_) => Some(Found {
                range: run.clone(),
                written: hour.written(),
            }),
            _ => None,
        }
    }

    /// Whether the numeral before 点 is an hour.
    fn is_time(&self, run: &Range<usize>, hour: &Numeral) -> bool {
        let after = run.end + 1;
        if hour.value().is_none_or(|hour| hour > 24) {
            return false;
        }
        if self
            .chars
            .starts_with_any(after, &["半", "整", "钟", "一刻", "三刻", "过", "左右"])
        {
            return !self
                .chars
                .ends_with_any(run.start, &["有", "快", "早", "晚"])
                || self.chars.at(run.start) != Some('一');
        }
        let is_hour_of_day = self.chars.ends_with_any(run.start, TIME_OF_DAY);
        match self.run(after) {
            Some(minutes) => self.are_minutes(&minutes, is_hour_of_day),
            None => is_hour_of_day && !self.chars.starts_with_any(after, &["都", "也", "儿", "点"]),
        }
    }

    /// Whether the numeral after 点 counts minutes; a lone digit does after an hour of the day.
    fn are_minutes(&self, minutes: &Range<usize>, is_hour_of_day: bool) -> bool {
        let has_unit = self.chars.at(minutes.end) == Some('分');
        match self.parse(minutes.clone()) {
            Some(Numeral::Cardinal(minutes)) => (10..60).contains(&minutes),
            Some(Numeral::Digits(digits)) => {
                digits.len() == 2 && digits.starts_with('0') && (has_unit || is_hour_of_day)
            }
            Some(Numeral::Digit(_)) => has_unit && is_hour_of_day,
            None => false,
        }
    }

    /// An integer, 点, and digits: 三点一四, 零点五, 二点零. A unit such as 万 may follow.
    fn decimal(&self, run: &Range<usize>) -> Option<Found> {
        if self.chars.at(run.end) != Some('点') {
            return None;
        }
        let whole = self.parse(run.clone())?;
        let tail = self.run(run.end + 1)?;
        let end = self.chars.run_end(tail.start, is_plain_digit).min(tail.end);
        let digits = self.chars.slice(tail.start..end);
        let rest = self.chars.slice(end..tail.end);
        let is_unit = matches!(rest, [] | ['万' | '亿'] | ['百' | '千' | '万', '万' | '亿']);
        // 有两点一是…: the digit begins what is said, it does not end the number.
        let next_words = &[
            "是", "个", "些", "直", "定", "样", "起", "般", "边", "下", "刻",
        ];
        let opens_clause = digits == ['一'] && self.chars.starts_with_any(end, next_words);
        let is_vague = self.chars.starts_with_any(end, VAGUE_AFTER);
        if digits.is_empty() || !is_unit || opens_clause || is_vague {
            return None;
        }
        let whole = match whole {
            Numeral::Cardinal(value) => value.to_string(),
            other => other.written(),
        };
        let fraction: String = digits.iter().filter_map(|&c| ascii_digit(c)).collect();
        Some(Found {
            range: run.start..end,
            written: format!("{whole}.{fraction}"),
        })
    }

    /// Takes in the 负 before a number, where it is a sign.
    fn with_sign(&self, range: Range<usize>, written: String) -> Found {
        let before = range.start.checked_sub(2).and_then(|at| self.chars.at(at));
        let is_apart = before.is_none_or(|c| c.is_whitespace() || is_han(c) || is_mark(c));
        let is_result = before.is_some_and(|c| is_numeral(c) || "胜平肩抱担".contains(c));
        if self.chars.before(range.start) == Some('负') && is_apart && !is_result {
            return Found {
                range: range.start - 1..range.end,
                written: format!("-{written}"),
            };
        }
        Found { range, written }
    }

    /// Whether a string of digits is one number and not a listing: 三四十 never comes here.
    fn digits_count(&self, run: &Range<usize>, digits: &str) -> bool {
        let pairs = digits.as_bytes().windows(2);
        let is_rising = pairs.clone().all(|pair| pair[0] + 1 == pair[1]);
        match digits.len() {
            2 => {
                self.chars.starts_with_any(run.end, SHORT_YEAR) && !is_rising && digits != "35"
                    || digits.starts_with('0') && self.is_after_hour(run)
            }
            3 => !is_rising && !self.chars.starts_with_any(run.end, &["月", "天"]),
            _ => !is_rising || !self.chars.starts_with_any(run.end, AFTER_LISTING),
        }
    }

    /// Whether a lone digit is written as one, by what stands beside it.
    fn lone_digit_counts(&self, run: &Range<usize>, digit: u8) -> bool {
        let (start, end) = (run.start, run.end);
        let is_two_of = self.chars.at(start) == Some('两');
        let follows = |words: &[&str]| self.chars.starts_with_any(end, words);
        let precedes = |words: &[&str]| self.chars.ends_with_any(start, words);
        let is_month = follows(&["月"]) && !is_two_of && digit > 0 && !precedes(&["第"]);
        let is_day = follows(&["号", "日"]) && precedes(&["月"]) && !is_two_of && digit > 0;
        let is_measure = follows(MEASURES) && digit > 0;
        let is_price = follows(&["元"]) && (digit > 3 || is_two_of);
        let is_numbered = follows(NUMBERED) && precedes(&["第"]) && digit > 0;
        let is_degrees = follows(&["度"]) && precedes(&["零下", "零上"]);
        let is_generation = follows(&["G", "D", "K"])
            && !self
                .chars
                .at(end + 1)
                .is_some_and(|c| c.is_ascii_alphanumeric());
        let is_minute = follows(&["分"]) && self.is_after_hour(run);
        is_month
            || is_day
            || is_measure
            || is_price
            || is_numbered
            || is_degrees
            || is_generation
            || is_minute
            || self.is_remainder(run)
    }

    /// Whether 点 and an hour stand before the run.
    fn is_after_hour(&self, run: &Range<usize>) -> bool {
        let hour = run.start.checked_sub(2).and_then(|at| self.chars.at(at));
        self.chars.before(run.start) == Some('点') && hour.is_some_and(is_numeral)
    }

    /// Whether the run is the smaller unit of a number that is written with digits: 三十五块八.
    fn is_remainder(&self, run: &Range<usize>) -> bool {
        let is_last = self.chars.at(run.end).is_none_or(is_mark);
        let unit_follows = self.chars.starts_with_any(run.end, &["毛", "角", "分"]);
        let number = run.start.saturating_sub(3)..run.start.saturating_sub(1);
        let number = self.chars.slice(number);
        (is_last || unit_follows)
            && matches!(
                self.chars.before(run.start),
                Some('度' | '块' | '元' | '角')
            )
            && number.len() == 2
            && number.iter().all(|&c| is_numeral(c))
    }

    /// Whether a lone 十 is a number.
    fn ten_counts(&self, run: &Range<usize>) -> bool {
        let follows = |words: &[&str]| self.chars.starts_with_any(run.end, words);
        let is_upper_end = self.chars.ends_with_any(run.start, &["到", "至"]);
        follows(COUNTERS)
            || follows(MEASURES)
            || self.chars.ends_with(run.start, "第")
            || self.is_after_hour(run)
            || is_upper_end
                && run
                    .start
                    .checked_sub(2)
                    .and_then(|at| self.chars.at(at))
                    .is_some_and(is_numeral)
            || self.opens_range(run) && self.chars.at(run.end + 1).is_some_and(is_numeral)
    }

    /// Whether `run` is a lone digit or 十 that a range may start with: 五到十, 零至一百.
    fn opens_range(&self, run: &Range<usize>) -> bool {
        matches!(self.chars.at(run.end), Some('到' | '至'))
            && matches!(
                self.parse(run.clone()),
                Some(Numeral::Digit(_) | Numeral::Cardinal(10))
            )
            && !self
                .chars
                .before(run.start)
                .is_some_and(|c| c.is_ascii_digit() || c == '点')
    }

    fn lone_number(&self, run: &Range<usize>) -> Option<Edit> {
        let written = self.parse(run.clone())?.written();
        Some(Edit::new(self.chars.bytes(run.clone()), written))
    }
}

/// Whether the character at `at` is the numeral of a weekday: 星期三, 周五, but not 一周五天.
fn is_weekday(chars: &Chars, at: usize) -> bool {
    let is_day = matches!(chars.at(at), Some('一' | '二' | '三' | '四' | '五' | '六'));
    let Some(week) = WEEK.iter().find(|week| chars.ends_with(at, week)) else {
        return false;
    };
    let before = chars.before(at - week.chars().count());
    is_day && !before.is_some_and(|c| is_numeral(c) || matches!(c, '个' | '几'))
}
