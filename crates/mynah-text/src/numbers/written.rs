//! Numbers as they are written with ASCII digits: what the readers of every language share.

use std::ops::Range;

use crate::chars::Chars;

/// A number such as `35`, `1,000` or `3.14`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Where it stands, in characters.
    pub(super) range: Range<usize>,
    /// The digits before the point, without thousands separators.
    pub(super) whole: String,
    /// The digits after the point.
    pub(super) fraction: Option<String>,
    /// Whether it has thousands separators: then it is a quantity and no code.
    pub(super) grouped: bool,
}

impl Written {
    /// Reads the number that starts at `at`, if one does.
    pub(super) fn parse(chars: &Chars, at: usize) -> Option<Self> {
        let mut end = digits_end(chars, at);
        if end == at {
            return None;
        }
        let mut whole: String = chars.slice(at..end).iter().collect();
        let mut grouped = false;
        while whole.len() <= 3 || grouped {
            let group_end = digits_end(chars, end + 1);
            if chars.at(end) != Some(',') || group_end - end != 4 {
                break;
            }
            whole.extend(chars.slice(end + 1..group_end));
            end = group_end;
            grouped = true;
        }
        let point_end = digits_end(chars, end + 1);
        let has_point = chars.at(end) == Some('.') && point_end > end + 1;
        let fraction = has_point.then(|| chars.slice(end + 1..point_end).iter().collect());
        let end = if has_point { point_end } else { end };
        Some(Self {
            range: at..end,
            whole,
            fraction,
            grouped,
        })
    }

    /// The value of a number without a fraction.
    pub(super) fn integer(&self) -> Option<u64> {
        if self.fraction.is_some() {
            None
        } else {
            self.whole.parse().ok()
        }
    }

    /// Whether the digits are a code or a year such as 007: no quantity starts with a zero.
    pub(super) fn is_code(&self) -> bool {
        self.whole.len() > 1 && self.whole.starts_with('0') && !self.grouped
    }
}

/// Groups of digits that make one long string of digits, such as a telephone number:
/// `138 0000 1111`, `010-62345678`.
pub(super) struct DialledNumber {
    pub(super) range: Range<usize>,
    pub(super) digits: String,
}

impl DialledNumber {
    /// The fewest digits of groups that are read as one string.
    const DIGITS_MIN: usize = 7;

    pub(super) fn parse(chars: &Chars, at: usize) -> Option<Self> {
        let mut end = digits_end(chars, at);
        let mut digits: String = chars.slice(at..end).iter().collect();
        let mut groups = 1;
        while digits.len() >= 3 && matches!(chars.at(end), Some(' ' | '-')) {
            let group_end = digits_end(chars, end + 1);
            if group_end - end < 4 {
                break;
            }
            digits.extend(chars.slice(end + 1..group_end));
            end = group_end;
            groups += 1;
        }
        // 2019-2020 is a span of years; 1000 2000 are two numbers.
        let is_pair = groups == 2 && digits.len() == 8 && !digits.starts_with('0');
        let continues = matches!(chars.at(end), Some('.' | ',' | ':' | '/' | '%'))
            && chars.at(end + 1).is_some_and(|c| c.is_ascii_digit());
        let is_dialled = groups > 1 && digits.len() >= Self::DIGITS_MIN && !is_pair && !continues;
        is_dialled.then_some(Self {
            range: at..end,
            digits,
        })
    }
}

/// A time of day such as `12:30` or `8:05:10`.
pub(super) struct Clock {
    pub(super) range: Range<usize>,
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) second: Option<u64>,
}

impl Clock {
    pub(super) fn parse(chars: &Chars, at: usize) -> Option<Self> {
        let (hour, end) = small_number(chars, at, 1..=2)?;
        let (minute, end) = small_number(chars, separator(chars, end, ':')?, 2..=2)?;
        let second = separator(chars, end, ':').and_then(|at| small_number(chars, at, 2..=2));
        let end = second.map_or(end, |(_, end)| end);
        let second = second.map(|(second, _)| second);
        let is_time = hour <= 24 && minute < 60 && second.is_none_or(|second| second < 60);
        (is_time && chars.at(end) != Some(':')).then_some(Self {
            range: at..end,
            hour,
            minute,
            second,
        })
    }
}

/// A date such as `2026-05-23`, `2026/5/23` or `2026.5.23`.
pub(super) struct Date {
    pub(super) range: Range<usize>,
    pub(super) year: String,
    pub(super) month: u64,
    pub(super) day: u64,
}

impl Date {
    pub(super) fn parse(chars: &Chars, at: usize) -> Option<Self> {
        let (year, end) = small_number(chars, at, 4..=4)?;
        let mark = chars.at(end).filter(|c| matches!(c, '-' | '/' | '.'))?;
        let (month, end) = small_number(chars, end + 1, 1..=2)?;
        let (day, end) = small_number(chars, separator(chars, end, mark)?, 1..=2)?;
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_date.then(|| Self {
            range: at..end,
            year: format!("{year:04}"),
            month,
            day,
        })
    }
}

/// Two numbers with a mark between them, such as `1/3` or `3:2`.
pub(super) fn pair(chars: &Chars, at: usize, mark: char) -> Option<(u64, u64, Range<usize>)> {
    let (first, end) = small_number(chars, at, 1..=4)?;
    let (second, end) = small_number(chars, separator(chars, end, mark)?, 1..=4)?;
    let stands_alone = !matches!(chars.at(end), Some(c) if c == mark)
        && chars.before(at) != Some(mark)
        && !(chars.at(end) == Some('.') && chars.at(end + 1).is_some_and(|c| c.is_ascii_digit()));
    stands_alone.then_some((first, second, at..end))
}

/// The end of the ASCII digits from `at` on; `at` itself where there is none.
pub(super) fn digits_end(chars: &Chars, at: usize) -> usize {
    chars.run_end(at, |c| c.is_ascii_digit())
}

/// The whole run of digits at `at`, if its length is in `len`, and its end.
fn small_number(
    chars: &Chars,
    at: usize,
    len: std::ops::RangeInclusive<usize>,
) -> Option<(u64, usize)> {
    let end = digits_end(chars, at);
    let digits: String = chars.slice(at..end).iter().collect();
    len.contains(&digits.len())
        .then_some((digits.parse().ok()?, end))
}

fn separator(chars: &Chars, at: usize, mark: char) -> Option<usize> {
    (chars.at(at) == Some(mark)).then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_whole() {
        let written = |text: &str| {
            let number = Written::parse(&Chars::new(text), 0).unwrap();
            (number.whole, number.fraction, number.range.end)
        };
        assert_eq!(
            written("1,234,567.50x"),
            ("1234567".into(), Some("50".into()), 12)
        );
        assert_eq!(written("3, 4"), ("3".into(), None, 1));
        assert_eq!(written("1,23"), ("1".into(), None, 1));
        assert_eq!(written("2026,000"), ("2026".into(), None, 4));
        assert_eq!(written("5."), ("5".into(), None, 1));
    }

    #[test]
    fn grouped_digits_are_dialled() {
        let dialled = |text: &str| DialledNumber::parse(&Chars::new(text), 0).map(|n| n.digits);
        assert_eq!(dialled("1325 326 3647").as_deref(), Some("13253263647"));
        assert_eq!(dialled("010-62345678").as_deref(), Some("01062345678"));
        assert_eq!(dialled("400-810-1234").as_deref(), Some("4008101234"));
        for text in [
            "2019-2020",
            "3-5",
            "100 200",
            "1000 2000",
            "13800001111",
            "555 1234.5",
        ] {
            assert_eq!(dialled(text), None, "{text}");
        }
    }
}
