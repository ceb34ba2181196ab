//! Chinese numerals: reading them as values and writing values as numerals.

/// One more than the largest number written with the units up to 万亿; longer ones are read digit
/// by digit.
const CARDINAL_END: u64 = 10_000_000_000_000_000;
const WAN: u64 = 10_000;
const YI: u64 = 100_000_000;

/// What a run of numeral characters says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Numeral {
    /// A number with units: 一百二十三.
    Cardinal(u64),
    /// Two or more digits one after the other, as ASCII digits: 幺三八.
    Digits(String),
    /// A lone digit: 三.
    Digit(u8),
}

impl Numeral {
    /// Reads a whole run. `None` when it is no well-formed numeral: 三四十, 两三, 百.
    pub(crate) fn parse(run: &[char]) -> Option<Self> {
        if let [c] = run {
            return match unit(*c) {
                Some(unit) => (unit == 10).then_some(Self::Cardinal(10)),
                None => Some(Self::Digit(digit(*c)?)),
            };
        }
        if run.iter().all(|&c| is_plain_digit(c)) {
            return Some(Self::Digits(
                run.iter().filter_map(|&c| ascii_digit(c)).collect(),
            ));
        }
        parse_cardinal(run).map(Self::Cardinal)
    }

    /// The number as it is written with Arabic digits: 123, 35000, 120万, 1亿2000万.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Cardinal(value) => write_arabic(*value),
            Self::Digits(digits) => digits.clone(),
            Self::Digit(digit) => digit.to_string(),
        }
    }

    /// The value of a cardinal or of a lone digit.
    pub(crate) fn value(&self) -> Option<u64> {
        match self {
            Self::Cardinal(value) => Some(*value),
            Self::Digit(digit) => Some(u64::from(*digit)),
            Self::Digits(_) => None,
        }
    }
}

/// Whether `c` can be part of a spoken numeral.
pub(crate) fn is_numeral(c: char) -> bool {
    digit(c).is_some() || unit(c).is_some()
}

/// Whether `c` is said for a digit in a string of digits: 两 is not.
pub(crate) fn is_plain_digit(c: char) -> bool {
    digit(c).is_some() && c != '两'
}

/// The ASCII digit of a digit character.
pub(crate) fn ascii_digit(c: char) -> Option<char> {
    char::from_digit(digit(c)?.into(), 10)
}

/// The value of a digit character.
fn digit(c: char) -> Option<u8> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '幺' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn unit(c: char) -> Option<u64> {
    Some(match c {
        '十' => 10,
        '百' => 100,
        '千' => 1000,
        '万' => WAN,
        '亿' => YI,
        _ => return None,
    })
}

fn parse_cardinal(run: &[char]) -> Option<u64> {
    if run.iter().any(|c| matches!(c, '幺' | '〇')) {
        return None;
    }
    parse_levels(run, &['亿', '万'])
}

/// Reads a number as (multiple of the largest level) + rest, level by level.
fn parse_levels(run: &[char], levels: &[char]) -> Option<u64> {
    let Some((&level, lower)) = levels.split_first() else {
        return parse_section(run);
    };
    let Some(at) = run.iter().rposition(|&c| c == level) else {
        return parse_levels(run, lower);
    };
    let unit = unit(level)?;
    let multiple = parse_levels(&run[..at], lower)?;
    let rest = match &run[at + 1..] {
        [] => 0,
        // 三万五 is 三万五千.
        [last] => u64::from(digit(*last).filter(|d| *d > 0 && *last != '两')?) * unit / 10,
        ['十', ..] => return None,
        ['零', rest @ ..] | rest => parse_levels(rest, lower)?,
    };
    if multiple == 0 || multiple >= WAN && level == '万' || rest >= unit {
        return None;
    }
    multiple
        .checked_mul(unit)?
        .checked_add(rest)
        .filter(|value| *value < CARDINAL_END)
}

/// Reads a number below 10,000.
fn parse_section(run: &[char]) -> Option<u64> {
    if let [c] = run {
        return if *c == '十' {
            Some(10)
        } else {
            digit(*c).filter(|d| *d > 0).map(u64::from)
        };
    }
    let mut total = 0;
    let mut below = WAN;
    let mut pending = None;
    let mut zero = false;
    for &c in run {
        if let Some(unit) = unit(c) {
            let digit = match pending.take() {
                Some('两') if unit == 10 => return None,
                Some(c) => u64::from(digit(c)?),
                None if unit == 10 => 1,
                None => return None,
            };
            if unit >= below {
                return None;
            }
            total += digit * unit;
            below = unit;
            zero = false;
        } else if pending.is_some() || zero && c == '零' || total == 0 && c == '零' {
            return None;
        } else if c == '零' {
            zero = true;
        } else {
            pending = Some(c);
        }
    }
    let last = match pending {
        None if zero => return None,
        None => 0,
        Some('两') => return None,
        Some(c) if zero || below == 10 => u64::from(digit(c)?),
        // 一百二 is 一百二十.
        Some(c) => u64::from(digit(c)?) * below / 10,
    };
    Some(total + last)
}

/// Writes a value with Arabic digits as Chinese readers like them: round numbers keep 万 and 亿,
/// and from a million on the digits are grouped by them.
pub(crate) fn write_arabic(value: u64) -> String {
    let (yi, rest) = (value / YI, value % YI);
    match (yi, rest) {
        (0, ..1_000_000) if !rest.is_multiple_of(WAN) => rest.to_string(),
        (0, _) => group_by_wan(rest),
        (_, 0) => format!("{}亿", group_by_wan(yi)),
        _ => format!("{}亿{}", group_by_wan(yi), group_by_wan(rest)),
    }
}

fn group_by_wan(value: u64) -> String {
    match (value / WAN, value % WAN) {
        (0, rest) => rest.to_string(),
        (wan, 0) => format!("{wan}万"),
        (wan, rest) => format!("{wan}万{rest}"),
    }
}

/// Reads a value aloud: 一百二十三, 两千零五, 十五. From [`CARDINAL_END`] on, digit by digit.
pub(crate) fn say_cardinal(value: u64) -> String {
    if value >= CARDINAL_END {
        return say_digits(&value.to_string());
    }
    if value == 0 {
        return "零".into();
    }
    let mut said = String::new();
    let mut gap = false;
    for (scale, unit) in [(YI * WAN, "万"), (YI, "亿"), (WAN, "万"), (1, "")] {
        let section = value / scale % WAN;
        if section == 0 {
            gap = !said.is_empty();
            // 一万亿: the unit of the level below was left out.
            if scale == YI && value >= YI * WAN {
                said.push('亿');
            }
            continue;
        }
        if !said.is_empty() && (gap || section < 1000) {
            said.push('零');
        }
        said.push_str(&say_section(section, said.is_empty(), !unit.is_empty()));
        said.push_str(unit);
        gap = false;
    }
    said
}

/// Reads 1..=9999 aloud. `leads`: nothing is said before it; `counts`: a unit follows it.
fn say_section(section: u64, leads: bool, counts: bool) -> String {
    let mut said = String::new();
    let mut gap = false;
    for (scale, unit) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = section / scale % 10;
        if digit == 0 {
            gap = !said.is_empty();
            continue;
        }
        if gap {
            said.push('零');
        }
        let is_pair = digit == 2 && (scale == 1000 || section == 2 && counts && leads);
        match digit {
            1 if scale == 10 && said.is_empty() && leads => {}
            2 if is_pair => said.push('两'),
            _ => said.push(say_digit(digit)),
        }
        said.push_str(unit);
        gap = false;
    }
    said
}

/// Reads ASCII digits aloud one by one; other characters are left out.
pub(crate) fn say_digits(digits: &str) -> String {
    digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .map(|digit| say_digit(digit.into()))
        .collect()
}

fn say_digit(digit: u64) -> char {
    match digit {
        0 => '零',
        1 => '一',
        2 => '二',
        3 => '三',
        4 => '四',
        5 => '五',
        6 => '六',
        7 => '七',
        8 => '八',
        _ => '九',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Option<Numeral> {
        Numeral::parse(&text.chars().collect::<Vec<_>>())
    }

    #[test]
    fn numerals_are_read() {
        for (text, value) in [
            ("十", 10),
            ("十五", 15),
            ("二十", 20),
            ("九十九", 99),
            ("一百", 100),
            ("一百零五", 105),
            ("一百一", 110),
            ("一百一十", 110),
            ("一百二十三", 123),
            ("两百", 200),
            ("三千五", 3500),
            ("两千零五", 2005),
            ("两千零五十", 2050),
            ("一千五百", 1500),
            ("九千九百九十九", 9999),
            ("一万", 10_000),
            ("三万五", 35_000),
            ("三万五千", 35_000),
            ("三万零五", 30_005),
            ("三万零五百", 30_500),
            ("十二万", 120_000),
            ("一百二十三万四千五百六十七", 1_234_567),
            ("一亿", 100_000_000),
            ("一亿二", 120_000_000),
            ("一亿零五百万", 105_000_000),
            ("十二亿三千四百五十六万", 1_234_560_000),
            ("一万亿", 1_000_000_000_000),
        ] {
            assert_eq!(parse(text), Some(Numeral::Cardinal(value)), "{text}");
        }
    }

    #[test]
    fn what_is_no_numeral_is_not_read() {
        for text in [
            "百",
            "千万",
            "万一",
            "三四十",
            "两三",
            "十七八",
            "一两百",
            "二三十万",
            "百八十",
            "两十",
            "二十两",
            "一百零零五",
            "零十",
            "一五一十",
            "一百二三十",
            "十万万",
            "一百二百",
            "一万三亿万",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_written_with_digits() {
        for (value, written) in [
            (5, "5"),
            (9999, "9999"),
            (10_000, "1万"),
            (35_000, "35000"),
            (350_000, "35万"),
            (1_234_567, "123万4567"),
            (120_000_000, "1亿2000万"),
            (0, "0"),
            (999_999, "999999"),
            (100_010_001, "1亿1万1"),
            (1_000_000_000_000, "1万亿"),
        ] {
            assert_eq!(write_arabic(value), written);
        }
    }

    #[test]
    fn values_are_said() {
        for (value, said) in [
            (0, "零"),
            (2, "二"),
            (10, "十"),
            (15, "十五"),
            (110, "一百一十"),
            (215, "二百一十五"),
            (2005, "两千零五"),
            (2050, "两千零五十"),
            (10_000, "一万"),
            (20_000, "两万"),
            (100_500, "十万零五百"),
            (1_234_567, "一百二十三万四千五百六十七"),
            (200_000_010, "两亿零一十"),
            (1_000_000_000_000, "一万亿"),
            (1_000_200_000_000, "一万零二亿"),
            (10_000_000_500, "一百亿零五百"),
        ] {
            assert_eq!(say_cardinal(value), said);
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(value in 10_u64..CARDINAL_END) {
            prop_assert_eq!(parse(&say_cardinal(value)), Some(Numeral::Cardinal(value)));
        }

        #[test]
        fn small_numbers_are_read_back(value in 10_u64..2_000_000) {
            prop_assert_eq!(parse(&say_cardinal(value)), Some(Numeral::Cardinal(value)));
        }
    }
}
