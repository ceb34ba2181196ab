//! Chinese scripts: traditional characters to simplified ones.
//!
//! The tables are those of `OpenCC` (characters, and the phrases in which a character is an
//! exception). They map one character to one character, so word times survive.

use crate::Edit;
use crate::chars::Chars;

/// Words in which `著` is itself and not the traditional form of `着`.
const KEEPS_ZHU: [&str; 22] = [
    "著名", "著作", "著者", "著称", "著述", "著书", "著录", "著有", "名著", "巨著", "论著", "原著",
    "专著", "译著", "编著", "遗著", "显著", "卓著", "昭著", "土著", "拙著", "合著",
];

/// The text in simplified characters. Anything but traditional characters stays.
///
/// ```
/// assert_eq!(mynah_text::to_simplified("語音識別 speech，看著頭髮"), "语音识别 speech，看着头发");
/// ```
pub fn to_simplified(text: &str) -> String {
    let simplified = hanconv::t2s(text);
    if !simplified.contains(['著', '甚', '妳', '牠']) {
        return simplified;
    }
    let chars = Chars::new(&simplified);
    (0..chars.len())
        .filter_map(|at| simplify_usage(&chars, at))
        .collect()
}

/// What has to change for the text to be in simplified characters: an edit per character.
///
/// Give it texts of Mandarin; whether Cantonese keeps its characters is the caller's choice.
pub fn simplify(text: &str) -> Vec<Edit> {
    let simplified = to_simplified(text);
    let pairs = text.char_indices().zip(simplified.chars());
    pairs
        .filter(|((_, from), to)| from != to)
        .map(|((at, from), to)| Edit::new(at..at + from.len_utf8(), to))
        .collect()
}

/// The character at `at` by today's usage in simplified text, which `OpenCC` leaves alone because it
/// is a matter of usage, not of script.
fn simplify_usage(chars: &Chars, at: usize) -> Option<char> {
    let c = chars.at(at)?;
    Some(match c {
        '著' if !keeps_zhu(chars, at) => '着',
        '甚' if chars.starts_with(at, "甚么") => '什',
        '妳' => '你',
        '牠' => '它',
        other => other,
    })
}

fn keeps_zhu(chars: &Chars, at: usize) -> bool {
    let starts_before = at.saturating_sub(1);
    [starts_before, at].iter().any(|&start| {
        KEEPS_ZHU.iter().any(|word| {
            word.chars().nth(at - start) == Some('著') && chars.starts_with(start, word)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;

    #[test]
    fn traditional_becomes_simplified() {
        for (traditional, simplified) in [
            (
                "歡迎大家來體驗達摩院推出的語音識別模型",
                "欢迎大家来体验达摩院推出的语音识别模型",
            ),
            ("乾坤未定，衣服乾了", "乾坤未定，衣服干了"),
            ("皇后的頭髮在後面發光", "皇后的头发在后面发光"),
            ("瞭解這裡甚麼麵最好喫", "了解这里什么面最好吃"),
            ("他看著一本著名的名著", "他看着一本著名的名著"),
            ("等著著作出版", "等着著作出版"),
            ("妳說OK，牠也OK", "你说OK，它也OK"),
            ("昨天是 MONDAY, 3.14", "昨天是 MONDAY, 3.14"),
            ("简体不变", "简体不变"),
            ("甚至", "甚至"),
            ("", ""),
        ] {
            assert_eq!(to_simplified(traditional), simplified);
            assert_eq!(apply(traditional, &simplify(traditional)), simplified);
        }
    }
}
