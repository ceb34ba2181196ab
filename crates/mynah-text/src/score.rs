//! Word and character error rates.
//!
//! Two texts are compared by what was said: compatibility forms, case, punctuation, the script of
//! Chinese characters and the way numbers are written do not count.

use std::iter::Sum;
use std::ops::Add;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::chars::is_mark;
use crate::{Language, apply, itn_zh, spoken_en, spoken_zh, to_simplified};

/// The units in which a text is scored: words, or characters in languages written without blanks.
///
/// Numbers in Chinese, Cantonese and English become words; in other languages digits stay digits.
/// A Chinese number is compared by its value, however it was said: 两千零五 and 二千零五, or 幺二零
/// and 一百二十, are equal.
///
/// ```
/// use mynah_text::{Language, score::normalise};
/// assert_eq!(normalise("It's 20 MILES, Mr. Bo-Peep!", Language::ENGLISH),
///     ["its", "twenty", "miles", "mr", "bo", "peep"]);
/// assert_eq!(normalise("下降50%。OK", Language::CHINESE).concat(), "下降百分之五十ok");
/// ```
pub fn normalise(text: &str, language: Language) -> Vec<String> {
    let text = compatible(text);
    let text = if language.is_chinese() {
        let mut said = say_alike(&to_simplified(&text));
        for _ in 0..SAY_ROUNDS {
            said = say_alike(&fold_digits(&letters_only(&said)));
        }
        fold_digits(&letters_only(&said))
    } else if language == Language::ENGLISH {
        apply(&text, &spoken_en(&text))
    } else {
        text
    };
    let text = text.to_lowercase();
    if language.is_spaceless() {
        return characters(&letters_only(&text).nfc().collect::<String>());
    }
    let text = text.replace(['\'', '\u{2019}', '\u{2018}', '\u{02BC}'], "");
    let words = text
        .split(|c: char| !is_letter(c))
        .filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.map(|word| word.nfc().collect()).collect();
    if language == Language::ENGLISH {
        drop_number_and(&mut words);
    }
    words
}

/// How often a Chinese text is said again. Once makes all forms of a number alike; marks and blanks
/// that fall away may bring two numerals together, and then it takes more.
const SAY_ROUNDS: usize = 3;

/// The text with compatibility forms replaced (NFKC), but for marks: a full-width comma parts two
/// numbers, a half-width one may group the digits of one.
fn compatible(text: &str) -> String {
    let mut compatible = String::with_capacity(text.len());
    for c in text.chars() {
        if is_mark(c) {
            compatible.push(c);
        } else {
            compatible.extend(std::iter::once(c).nfkc());
        }
    }
    compatible.nfc().collect()
}

/// Chinese numbers said in the one way in which [`spoken_zh`] says them.
fn say_alike(text: &str) -> String {
    let written = apply(text, &itn_zh(text));
    apply(&written, &spoken_zh(&written))
}

/// Characters that are said for the same digit.
fn fold_digits(text: &str) -> String {
    let fold = |c| match c {
        '两' => '二',
        '幺' => '一',
        '〇' => '零',
        other => other,
    };
    text.chars().map(fold).collect()
}

fn letters_only(text: &str) -> String {
    text.chars().filter(|&c| is_letter(c)).collect()
}

/// Whether `c` is said: a letter, a digit, or a sign that belongs to the letter before it.
fn is_letter(c: char) -> bool {
    (c.is_alphanumeric() || is_combining_mark(c)) && !is_mark(c)
}

/// The characters of a text, each with the combining signs that follow it.
fn characters(text: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    for c in text.chars() {
        match units.last_mut().filter(|_| is_combining_mark(c)) {
            Some(unit) => unit.push(c),
            None => units.push(c.into()),
        }
    }
    units
}

/// Words after which "and" may join the rest of a number.
const BEFORE_AND: [&str; 3] = ["hundred", "thousand", "million"];
/// Words that the rest of a number begins with.
const AFTER_AND: [&str; 28] = [
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
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "zero",
];

/// Takes the "and" out of "one hundred and five", which speakers leave out as they like.
fn drop_number_and(words: &mut Vec<String>) {
    let mut at = 1;
    while at + 1 < words.len() {
        let joins = words[at] == "and"
            && BEFORE_AND.contains(&words[at - 1].as_str())
            && AFTER_AND.contains(&words[at + 1].as_str());
        if joins {
            words.remove(at);
        } else {
            at += 1;
        }
    }
}

/// How a hypothesis differs from its reference: the fewest changes that lead from one to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// Units that became others.
    pub substitutions: usize,
    /// Units of the reference that are missing.
    pub deletions: usize,
    /// Units that the reference does not have.
    pub insertions: usize,
    /// Units of the reference.
    pub reference_units: usize,
}

impl Errors {
    /// All errors.
    pub fn total(self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// Errors per unit of the reference; above 1.0 where much was inserted. An empty reference
    /// counts as one unit.
    pub fn rate(self) -> f64 {
        self.total() as f64 / self.reference_units.max(1) as f64
    }
}

impl Add for Errors {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            substitutions: self.substitutions + other.substitutions,
            deletions: self.deletions + other.deletions,
            insertions: self.insertions + other.insertions,
            reference_units: self.reference_units + other.reference_units,
        }
    }
}

impl Sum for Errors {
    fn sum<I: Iterator<Item = Self>>(errors: I) -> Self {
        errors.fold(Self::default(), Add::add)
    }
}

/// Compares two texts, as [`normalise`] gives them. Takes time in proportion to the product of the
/// two lengths.
pub fn errors<S: PartialEq>(reference: &[S], hypothesis: &[S]) -> Errors {
    let inserted = |insertions| Errors {
        insertions,
        ..Errors::default()
    };
    // One row per reference unit: the errors up to it, for each length of the hypothesis.
    let mut row: Vec<Errors> = (0..=hypothesis.len()).map(inserted).collect();
    for (deletions, expected) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = Errors {
            deletions: deletions + 1,
            ..Errors::default()
        };
        for (at, heard) in hypothesis.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = cheapest(diagonal, above, row[at], expected != heard);
            diagonal = above;
        }
    }
    let result = row.last().copied().unwrap_or_default();
    Errors {
        reference_units: reference.len(),
        ..result
    }
}

/// The best way to a cell of the comparison from its three neighbours.
fn cheapest(diagonal: Errors, above: Errors, left: Errors, differs: bool) -> Errors {
    let substitutions = diagonal.substitutions + usize::from(differs);
    let substituted = Errors {
        substitutions,
        ..diagonal
    };
    let deleted = Errors {
        deletions: above.deletions + 1,
        ..above
    };
    let inserted = Errors {
        insertions: left.insertions + 1,
        ..left
    };
    let others = [deleted, inserted].into_iter();
    others.fold(substituted, |best, path| {
        if path.total() < best.total() {
            path
        } else {
            best
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(reference: &str, hypothesis: &str, language: Language) -> (usize, usize, usize) {
        let errors = errors(
            &normalise(reference, language),
            &normalise(hypothesis, language),
        );
        (errors.substitutions, errors.deletions, errors.insertions)
    }

    #[test]
    fn what_is_said_alike_is_equal() {
        for (reference, hypothesis) in [
            ("一三二五三二六三六四七", "1325 326 3647"),
            ("一三八零八五五三三幺六", "13808553316"),
            (
                "这家公司宣布以二零一六年作为第一阶段的起点",
                "這家公司宣布，以2016年作為第一階段的起點。",
            ),
            ("远远超过一点五倍安全边际", "远远超过1.5倍安全边际"),
            ("目前工厂产量已下降超百分之五十", "目前工廠產量已下降超50%"),
            ("两千零五", "2005"),
            ("二千零五", "2005"),
            ("三万五", "35000，"),
            ("十二点三十分", "12:30"),
            ("一二三四", "1234"),
            ("想听歌曲闯码头D J版", "想听歌曲，闯码头DJ版"),
            ("用了三分之一", "用了1/3"),
            ("一千元", "¥1,000"),
            ("五公里", "5km"),
        ] {
            assert_eq!(
                normalise(reference, Language::CHINESE).concat(),
                normalise(hypothesis, Language::CHINESE).concat()
            );
        }
        for (reference, hypothesis) in [
            ("one hundred and twenty three men", "123 men."),
            ("it's don't", "It’s DON'T"),
            ("rose coloured", "Rose-coloured"),
            ("on the twenty third", "on the 23rd"),
            ("in nineteen ninety six", "in 1996"),
        ] {
            assert_eq!(
                normalise(reference, Language::ENGLISH),
                normalise(hypothesis, Language::ENGLISH)
            );
        }
    }

    #[test]
    fn errors_are_counted_by_kind() {
        assert_eq!(compare("a b c d", "a x c d", Language::ENGLISH), (1, 0, 0));
        assert_eq!(compare("a b c d", "a c d", Language::ENGLISH), (0, 1, 0));
        assert_eq!(
            compare("a b c d", "a b b c d e", Language::ENGLISH),
            (0, 0, 2)
        );
        assert_eq!(compare("", "a b", Language::ENGLISH), (0, 0, 2));
        assert_eq!(compare("今天天气", "", Language::CHINESE), (0, 4, 0));
        assert_eq!(
            compare("今天天气很好", "今的天气很好啊", Language::CHINESE),
            (1, 0, 1)
        );
    }

    #[test]
    fn rates_are_summed_over_texts() {
        let one = errors(&["a", "b", "c"], &["a", "b"]);
        let two = errors(&["a"], &["b"]);
        let sum: Errors = [one, two].into_iter().sum();
        assert_eq!((sum.total(), sum.reference_units), (2, 4));
        assert!((sum.rate() - 0.5).abs() < 1e-9);
    }
}
