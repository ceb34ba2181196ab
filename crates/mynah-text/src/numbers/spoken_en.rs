//! Text normalisation for English: digits to the words that a speaker says.

use std::ops::Range;

use super::written::{Clock, DialledNumber, Written, digits_end, pair};
use crate::chars::Chars;
use crate::edit::Edit;

const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1000, "thousand"),
];
/// One more than the largest number read by its value.
const CARDINAL_END: u64 = 1_000_000_000_000_000;

/// Words whose ordinal is not the word and `th`.
const ORDINALS: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

/// A currency sign, its unit for one and for many, and the names of its hundredth part.
const CURRENCIES: [(char, [&str; 4]); 4] = [
    ('$', ["dollar", "dollars", "cent", "cents"]),
    ('£', ["pound", "pounds", "penny", "pence"]),
    ('€', ["euro", "euros", "cent", "cents"]),
    ('¥', ["yen", "yen", "sen", "sen"]),
];

/// What has to change for the digits of an English text to be words.
///
/// ```
/// use mynah_text::{apply, spoken_en};
/// let spoken = |text| apply(text, &spoken_en(text));
/// assert_eq!(spoken("In 1996 it cost $2.50."), "In nineteen ninety-six it cost two dollars and fifty cents.");
/// assert_eq!(spoken("The 23rd of 1,000"), "The twenty-third of one thousand");
/// ```
pub fn spoken_en(text: &str) -> Vec<Edit> {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let reader = Reader {
        chars: Chars::new(text),
    };
    let mut edits = Vec::new();
    let mut at = 0;
    while at < reader.chars.len() {
        let Some((range, said)) = reader.read(at) else {
            at += 1;
            continue;
        };
        at = range.end;
        edits.push(reader.set_apart(range, said));
        if reader.is_span(at) {
            edits.push(Edit::new(reader.chars.bytes(at..at + 1), " to "));
            at += 1;
        }
    }
    edits
}

/// A place in the text, in characters, and what is said there.
type Said = (Range<usize>, String);

struct Reader {
    chars: Chars,
}

impl Reader {
    fn read(&self, at: usize) -> Option<Said> {
        if let Some(amount) = self.amount(at) {
            return Some(amount);
        }
        if !self.is_digit(at) {
            return None;
        }
        self.clock(at)
            .or_else(|| self.dialled(at))
            .or_else(|| self.fraction(at))
            .or_else(|| self.ordinal_or_decade(at))
            .or_else(|| self.number(at))
    }

    fn clock(&self, at: usize) -> Option<Said> {
        let clock = Clock::parse(&self.chars, at)?;
        let hour = say_cardinal(clock.hour);
        let said = match (clock.minute, clock.second) {
            (0, None)
                if self
                    .chars
                    .starts_with_any(clock.range.end, &[" a", " p", "a", "p"]) =>
            {
                hour
            }
            (0, None) => format!("{hour} o'clock"),
            (minute @ 0..10, _) => format!("{hour} oh {}", say_cardinal(minute)),
            (minute, _) => format!("{hour} {}", say_cardinal(minute)),
        };
        let seconds = clock
            .second
            .map(say_cardinal)
            .map(|second| format!(" {second}"));
        Some((clock.range, said + &seconds.unwrap_or_default()))
    }

    fn dialled(&self, at: usize) -> Option<Said> {
        let number = DialledNumber::parse(&self.chars, at)?;
        Some((number.range, say_digits(&number.digits)))
    }

    fn fraction(&self, at: usize) -> Option<Said> {
        let (top, bottom, range) = pair(&self.chars, at, '/')?;
        if top >= bottom || bottom > 10 {
            return None;
        }
        let part = match bottom {
            2 => "half".into(),
            4 => "quarter".into(),
            _ => say_ordinal(bottom),
        };
        let plural = if top > 1 { "s" } else { "" };
        Some((range, format!("{} {part}{plural}", say_cardinal(top))))
    }

    /// 23rd, 1980s.
    fn ordinal_or_decade(&self, at: usize) -> Option<Said> {
        let number = Written::parse(&self.chars, at)?;
        let value = number.integer().filter(|value| *value < CARDINAL_END)?;
        let end = number.range.end;
        let is_ordinal = self.chars.starts_with_any(end, &["st", "nd", "rd", "th"]);
        if is_ordinal && !self.is_letter(end + 2) {
            return Some((at..end + 2, say_ordinal(value)));
        }
        let is_decade = value % 10 == 0 && self.chars.at(end) == Some('s') && value < 2100;
        if is_decade && !self.is_letter(end + 1) && value > 0 {
            let said = say_year(value).unwrap_or_else(|| say_cardinal(value));
            let plural = match said.strip_suffix('y') {
                Some(stem) => format!("{stem}ies"),
                None => format!("{said}s"),
            };
            return Some((at..end + 1, plural));
        }
        None
    }

    /// An amount with a currency sign before it.
    fn amount(&self, at: usize) -> Option<Said> {
        let sign = self.chars.at(at)?;
        let (_, [one, many, cent, cents]) = CURRENCIES.iter().find(|(c, _)| *c == sign)?;
        let number = Written::parse(&self.chars, at + 1)?;
        let end = number.range.end;
        let scale = ["thousand", "million", "billion", "trillion"];
        let scale = scale
            .iter()
            .find(|scale| self.chars.starts_with(end + 1, scale));
        if let Some(scale) = scale.filter(|_| self.chars.at(end) == Some(' ')) {
            let said = format!("{} {scale} {many}", say_number(&number));
            return Some((at..end + 1 + scale.len(), said));
        }
        let part = number.fraction.as_deref().filter(|part| part.len() == 2);
        let Some(part) = part.and_then(|part| part.parse::<u64>().ok()) else {
            let unit = if number.integer() == Some(1) {
                one
            } else {
                many
            };
            return Some((at..end, format!("{} {unit}", say_number(&number))));
        };
        let whole: u64 = number.whole.parse().ok()?;
        let said = format!(
            "{} {}",
            say_cardinal(whole),
            if whole == 1 { one } else { many }
        );
        let part = match part {
            0 => String::new(),
            1 => format!(" and one {cent}"),
            _ => format!(" and {} {cents}", say_cardinal(part)),
        };
        Some((at..end, said + &part))
    }

    fn number(&self, at: usize) -> Option<Said> {
        let number = Written::parse(&self.chars, at)?;
        let year = number
            .integer()
            .filter(|_| number.whole.len() == 4 && !number.grouped);
        let mut said = year
            .and_then(say_year)
            .unwrap_or_else(|| say_number(&number));
        let mut range = number.range;
        if self.chars.before(at) == Some('-')
            && at
                .checked_sub(2)
                .and_then(|at| self.chars.at(at))
                .is_none_or(char::is_whitespace)
        {
            range.start -= 1;
            said.insert_str(0, "minus ");
        }
        if self.chars.at(range.end) == Some('%') {
            range.end += 1;
            said.push_str(" percent");
        }
        Some((range, said))
    }

    /// Keeps the words of a number apart from letters right beside it: 5G, MP3.
    fn set_apart(&self, range: Range<usize>, mut said: String) -> Edit {
        if range
            .start
            .checked_sub(1)
            .is_some_and(|before| self.is_letter(before))
        {
            said.insert(0, ' ');
        }
        if self.is_letter(range.end) || self.is_digit(range.end) {
            said.push(' ');
        }
        Edit::new(self.chars.bytes(range), said)
    }

    fn is_span(&self, at: usize) -> bool {
        matches!(self.chars.at(at), Some('-' | '–' | '~')) && self.is_digit(at + 1)
    }

    fn is_digit(&self, at: usize) -> bool {
        digits_end(&self.chars, at) > at
    }

    fn is_letter(&self, at: usize) -> bool {
        self.chars.at(at).is_some_and(char::is_alphabetic)
    }
}

fn say_number(number: &Written) -> String {
    let whole = match number.whole.parse() {
        Ok(value) if value < CARDINAL_END && !number.is_code() => say_cardinal(value),
        _ => say_digits(&number.whole),
    };
    match &number.fraction {
        Some(fraction) => format!("{whole} point {}", say_digits(fraction)),
        None => whole,
    }
}

fn say_digits(digits: &str) -> String {
    let words = digits.chars().filter_map(|c| c.to_digit(10));
    words
        .map(|digit| BELOW_TWENTY[digit as usize % 10])
        .collect::<Vec<_>>()
        .join(" ")
}

/// Reads a value aloud, without "and".
fn say_cardinal(value: u64) -> String {
    if let Some((scale, name)) = SCALES.iter().find(|(scale, _)| value >= *scale) {
        let (count, rest) = (value / scale, value % scale);
        let rest = if rest > 0 {
            format!(" {}", say_cardinal(rest))
        } else {
            String::new()
        };
        return format!("{} {name}{rest}", say_cardinal(count));
    }
    match value {
        0..20 => BELOW_TWENTY[value as usize].into(),
        20..100 if value.is_multiple_of(10) => TENS[value as usize / 10].into(),
        20..100 => format!("{}-{}", TENS[value as usize / 10], say_cardinal(value % 10)),
        _ if value.is_multiple_of(100) => format!("{} hundred", say_cardinal(value / 100)),
        _ => format!(
            "{} hundred {}",
            say_cardinal(value / 100),
            say_cardinal(value % 100)
        ),
    }
}

fn say_ordinal(value: u64) -> String {
    let said = say_cardinal(value);
    let start = said.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = said.split_at(start);
    let last = match (
        ORDINALS.iter().find(|(word, _)| *word == last),
        last.strip_suffix('y'),
    ) {
        (Some((_, ordinal)), _) => (*ordinal).to_owned(),
        (None, Some(stem)) => format!("{stem}ieth"),
        (None, None) => format!("{last}th"),
    };
    format!("{head}{last}")
}

/// Reads a year aloud by its halves. `None` for numbers that are rather quantities.
fn say_year(value: u64) -> Option<String> {
    let (century, year) = (value / 100, value % 100);
    match (century, year) {
        (11..=19, 0) => Some(format!("{} hundred", say_cardinal(century))),
        (11..=19, 1..10) => Some(format!(
            "{} oh {}",
            say_cardinal(century),
            say_cardinal(year)
        )),
        (11..=19, _) | (20, 10..) => {
            Some(format!("{} {}", say_cardinal(century), say_cardinal(year)))
        }
        _ => None,
    }
}
