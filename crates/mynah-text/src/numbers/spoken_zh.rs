//! Text normalisation for Chinese: digits to the numerals that a speaker says.

use std::ops::Range;

use super::chinese::{say_cardinal, say_digits};
use super::written::{Clock, Date, DialledNumber, Written, digits_end, pair};
use crate::chars::{Chars, is_han, is_mark};
use crate::edit::Edit;

/// Signs before an amount, and the currency they stand for.
const CURRENCIES: [(char, &str); 6] = [
    ('¥', "元"),
    ('￥', "元"),
    ('$', "美元"),
    ('＄', "美元"),
    ('€', "欧元"),
    ('£', "英镑"),
];

/// Signs and units right after a number, and how they are said. The longest come first.
const UNITS: [(&str, &str); 18] = [
    ("km/h", "公里每小时"),
    ("m/s", "米每秒"),
    ("km²", "平方公里"),
    ("m²", "平方米"),
    ("m³", "立方米"),
    ("km", "公里"),
    ("cm", "厘米"),
    ("mm", "毫米"),
    ("kg", "公斤"),
    ("mg", "毫克"),
    ("ml", "毫升"),
    ("mL", "毫升"),
    ("°C", "摄氏度"),
    ("℃", "摄氏度"),
    ("°F", "华氏度"),
    ("℉", "华氏度"),
    ("°", "度"),
    ("㎡", "平方米"),
];

/// Marks between two numbers that are said.
const BETWEEN: [(char, &str); 11] = [
    ('-', "到"),
    ('–', "到"),
    ('—', "到"),
    ('~', "到"),
    ('～', "到"),
    ('+', "加"),
    ('=', "等于"),
    ('×', "乘"),
    ('*', "乘"),
    ('÷', "除以"),
    (':', "比"),
];

/// What stands before digits that are read one by one.
const BEFORE_CODE: [&str; 17] = [
    "号码",
    "号码是",
    "号码为",
    "电话",
    "电话是",
    "手机",
    "密码",
    "密码是",
    "验证码",
    "验证码是",
    "尾号",
    "编号",
    "代码",
    "代号",
    "邮编",
    "拨打",
    "波音",
];

/// What stands after a code.
const AFTER_CODE: [&str; 4] = ["室", "房间", "航班", "次列车"];

/// Service numbers that everyone reads digit by digit.
const SERVICES: [&str; 6] = ["12306", "12315", "12345", "12320", "10086", "10010"];

/// Counters before which the number 2 is 两.
const PAIRED: [&str; 51] = [
    "个", "位", "名", "人", "天", "次", "块", "只", "条", "本", "张", "间", "家", "层", "件", "种",
    "辆", "台", "岁", "周", "小时", "分钟", "秒", "倍", "米", "公里", "公斤", "斤", "杯", "瓶",
    "双", "场", "届", "项", "部", "份", "座", "票", "句", "点", "支", "把", "颗", "片", "段", "遍",
    "趟", "套", "年", "万", "亿",
];

/// What has to change for the digits of a Chinese text to be spoken numerals.
///
/// Years, telephone numbers, codes and everything that starts with a zero are read digit by digit,
/// other numbers by their value.
///
/// ```
/// use mynah_text::{apply, spoken_zh};
/// let spoken = |text| apply(text, &spoken_zh(text));
/// assert_eq!(spoken("2026年5月增长3.5%"), "二零二六年五月增长百分之三点五");
/// assert_eq!(spoken("拨打13800001111付$20"), "拨打一三八零零零零一一一一付二十美元");
/// ```
pub fn spoken_zh(text: &str) -> Vec<Edit> {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let reader = Reader {
        chars: Chars::new(text),
    };
    let mut edits: Vec<Edit> = Vec::new();
    let mut at = 0;
    // Where the last edit ends: the dash of 3万-5万 is said already and is no minus sign.
    let mut free = 0;
    while at < reader.chars.len() {
        let Some((range, said)) = reader.read(at, free) else {
            at += 1;
            continue;
        };
        at = range.end;
        edits.push(Edit::new(reader.chars.bytes(range), said));
        if let Some(said) = reader.between(at) {
            edits.push(Edit::new(reader.chars.bytes(at..at + 1), said));
            at += 1;
        }
        free = at;
    }
    edits
}

/// A place in the text, in characters, and what is said there.
type Said = (Range<usize>, String);

struct Reader {
    chars: Chars,
}

impl Reader {
    /// Reads what is written from `at` on, if it is a number. Its sign may stand before `at`, but not
    /// before `free`.
    fn read(&self, at: usize, free: usize) -> Option<Said> {
        if let Some(number) = self.amount(at) {
            return Some(number);
        }
        if !self.chars.at(at)?.is_ascii_digit() {
            return None;
        }
        self.date(at)
            .or_else(|| self.clock(at))
            .or_else(|| self.dialled(at))
            .or_else(|| self.version(at))
            .or_else(|| self.fraction(at))
            .or_else(|| self.number(at, free))
    }

    fn date(&self, at: usize) -> Option<Said> {
        let date = Date::parse(&self.chars, at)?;
        let (month, day) = (say_cardinal(date.month), say_cardinal(date.day));
        Some((
            date.range,
            format!("{}年{month}月{day}日", say_digits(&date.year)),
        ))
    }

    fn clock(&self, at: usize) -> Option<Said> {
        let clock = Clock::parse(&self.chars, at)?;
        let hour = if clock.hour == 2 {
            "两".into()
        } else {
            say_cardinal(clock.hour)
        };
        let mut said = format!("{hour}点");
        for (value, unit) in [(Some(clock.minute), "分"), (clock.second, "秒")] {
            match value {
                None => {}
                Some(0) if clock.second.is_none() => {}
                Some(value) => {
                    said.push_str(if value < 10 { "零" } else { "" });
                    said.push_str(&say_cardinal(value));
                    said.push_str(unit);
                }
            }
        }
        Some((clock.range, said))
    }

    fn dialled(&self, at: usize) -> Option<Said> {
        let number = DialledNumber::parse(&self.chars, at)?;
        Some((number.range, say_digits(&number.digits)))
    }

    /// Numbers with more than one point: versions, network addresses.
    fn version(&self, at: usize) -> Option<Said> {
        let mut parts = Vec::new();
        let mut end = at;
        loop {
            let part_end = digits_end(&self.chars, end);
            parts.push(say_digits(
                &self.chars.slice(end..part_end).iter().collect::<String>(),
            ));
            let goes_on = self.chars.at(part_end) == Some('.') && self.is_digit(part_end + 1);
            if !goes_on {
                return (parts.len() > 2).then(|| (at..part_end, parts.join("点")));
            }
            end = part_end + 1;
        }
    }

    fn fraction(&self, at: usize) -> Option<Said> {
        let (top, bottom, range) = pair(&self.chars, at, '/')?;
        let said = format!("{}分之{}", say_cardinal(bottom), say_cardinal(top));
        (top < bottom && bottom > 1).then_some((range, said))
    }

    /// An amount with a currency sign before it; 万 and 亿 come before the currency's name.
    fn amount(&self, at: usize) -> Option<Said> {
        let sign = self.chars.at(at)?;
        let (_, currency) = CURRENCIES.iter().find(|(c, _)| *c == sign)?;
        let (range, said) = self.number(at + 1, at + 1)?;
        let end = self
            .chars
            .run_end(range.end, |c| matches!(c, '百' | '千' | '万' | '亿'));
        let magnitude: String = self.chars.slice(range.end..end).iter().collect();
        Some((at..end, format!("{said}{magnitude}{currency}")))
    }

    /// A number with its sign and unit.
    fn number(&self, at: usize, free: usize) -> Option<Said> {
        let (range, mut said) = self.composite(at).or_else(|| self.plain(at))?;
        let mut start = at;
        if at > free && self.has_minus(at) {
            start -= 1;
            said.insert(0, '负');
        }
        match self.chars.at(range.end) {
            Some('%' | '％') => return Some((start..range.end + 1, format!("百分之{said}"))),
            Some('‰') => return Some((start..range.end + 1, format!("千分之{said}"))),
            _ => {}
        }
        let (end, unit) = self.unit(range.end);
        Some((start..end, said + unit))
    }

    /// The unit after a number, a blank before it allowed, and where it ends.
    fn unit(&self, at: usize) -> (usize, &'static str) {
        let start = if self.chars.at(at) == Some(' ') {
            at + 1
        } else {
            at
        };
        let is_unit = |unit: &&(&str, &str)| {
            let end = start + unit.0.chars().count();
            self.chars.starts_with(start, unit.0)
                && !self
                    .chars
                    .at(end)
                    .is_some_and(|c| c.is_ascii_alphanumeric())
        };
        match UNITS.iter().find(is_unit) {
            Some((unit, said)) => (start + unit.chars().count(), said),
            None => (at, ""),
        }
    }

    /// Integers grouped by 万 and 亿, which are one number: 1亿2000万, 123万4567.
    fn composite(&self, at: usize) -> Option<Said> {
        let (mut value, mut end) = self.below_yi(at)?;
        if self.chars.at(end) == Some('亿') {
            value *= 100_000_000;
            end += 1;
            if let Some((rest, rest_end)) = self.below_yi(end) {
                value += rest;
                end = rest_end;
            }
        }
        let has_unit = matches!(self.chars.before(end), Some('万' | '亿'))
            || self.chars.slice(at..end).contains(&'万')
            || self.chars.slice(at..end).contains(&'亿');
        has_unit.then(|| (at..end, say_cardinal(value)))
    }

    fn below_yi(&self, at: usize) -> Option<(u64, usize)> {
        let (high, end) = self.below_wan(at)?;
        if self.chars.at(end) != Some('万') {
            return Some((high, end));
        }
        let rest = self
            .below_wan(end + 1)
            .filter(|(_, end)| self.chars.at(*end) != Some('万'));
        let (rest, end) = rest.unwrap_or((0, end + 1));
        Some((high * 10_000 + rest, end))
    }

    /// An integer of up to four digits that is no part of something else.
    fn below_wan(&self, at: usize) -> Option<(u64, usize)> {
        let number = Written::parse(&self.chars, at)?;
        let goes_on = matches!(self.chars.at(number.range.end), Some('十' | '百' | '千'));
        if number.is_code() || number.grouped || number.whole.len() > 4 || goes_on {
            return None;
        }
        Some((number.integer()?, number.range.end))
    }

    fn plain(&self, at: usize) -> Option<Said> {
        let number = Written::parse(&self.chars, at)?;
        let whole = match number.whole.parse() {
            Ok(2) if number.fraction.is_none() && self.is_pair(&number.range) => "两".into(),
            Ok(value) if !self.is_digit_by_digit(&number) => say_cardinal(value),
            _ => say_digits(&number.whole),
        };
        let said = match &number.fraction {
            Some(fraction) => format!("{whole}点{}", say_digits(fraction)),
            None => whole,
        };
        Some((number.range, said))
    }

    fn is_digit_by_digit(&self, number: &Written) -> bool {
        let (len, range) = (number.whole.len(), &number.range);
        if number.grouped || number.fraction.is_some() {
            return number.is_code();
        }
        let is_long = len >= 9 || len >= 7 && !number.whole.ends_with("000");
        let follows_letter = self
            .chars
            .before(range.start)
            .is_some_and(|c| c.is_ascii_alphabetic());
        let is_named = len >= 3
            && (follows_letter
                || self.chars.ends_with_any(range.start, &BEFORE_CODE)
                || self.chars.starts_with_any(range.end, &AFTER_CODE)
                || SERVICES.contains(&number.whole.as_str()));
        number.is_code() || is_long || is_named || self.is_year(number)
    }

    /// Whether the number is a year: 2026年, 98年, 90后, and the first of 2019-2020年.
    fn is_year(&self, number: &Written) -> bool {
        let Some(value) = number.integer() else {
            return false;
        };
        let end = number.range.end;
        let second = digits_end(&self.chars, end + 1);
        let opens_span = self.between(end) == Some("到") && second == end + 5;
        if self.chars.at(end) == Some('后') && !self.chars.starts_with(end, "后面") {
            return number.whole.len() == 2 && value >= 50 && value % 10 == 0;
        }
        let is_before_year =
            self.chars.at(end) == Some('年') || opens_span && self.chars.at(second) == Some('年');
        let is_count = self
            .chars
            .starts_with_any(end, &["年前", "年后", "年来", "年间", "年历史"]);
        let is_plausible = match number.whole.len() {
            4 => (1100..2100).contains(&value) && !(is_count && value % 100 == 0),
            2 => value >= 50 && value % 10 != 0 && !is_count,
            _ => false,
        };
        is_before_year && is_plausible
    }

    /// Whether 2 is said as 两 here.
    fn is_pair(&self, range: &Range<usize>) -> bool {
        self.chars.starts_with_any(range.end, &PAIRED)
            && !self.chars.starts_with(range.end, "年级")
            && self.chars.before(range.start) != Some('第')
            && !self
                .chars
                .before(range.start)
                .is_some_and(|c| c.is_ascii_alphabetic())
    }

    /// Whether the mark before a number is its sign and no hyphen.
    fn has_minus(&self, at: usize) -> bool {
        let before = at.checked_sub(2).and_then(|at| self.chars.at(at));
        matches!(self.chars.before(at), Some('-' | '−'))
            && before.is_none_or(|c| c.is_whitespace() || is_han(c) || is_mark(c))
    }

    /// What is said for a mark between two numbers.
    fn between(&self, at: usize) -> Option<&'static str> {
        let mark = self.chars.at(at)?;
        let (_, said) = BETWEEN.iter().find(|(c, _)| *c == mark)?;
        self.is_digit(at + 1).then_some(*said)
    }

    fn is_digit(&self, at: usize) -> bool {
        self.chars.at(at).is_some_and(|c| c.is_ascii_digit())
    }
}
