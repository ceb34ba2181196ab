//! Punctuation: taking it out, closing a sentence, and the forms that Chinese text uses.

mod question;

use self::question::is_question;
use crate::chars::{Chars, is_han, is_han_or_kana, is_mark};
use crate::edit::Edit;
use crate::sentence::is_final_mark;
use crate::{Language, ends_sentence, sentence_breaks};

/// What has to change for the text to be without punctuation. Marks inside numbers and words stay
/// (3.14, 12:30, it's, e-mail), and so do signs that are said (50%, $5, -5).
///
/// ```
/// use mynah_text::{apply, strip_punctuation};
/// let text = "It's 3.14, “not” e-mail: 50%!";
/// assert_eq!(apply(text, &strip_punctuation(text)), "It's 3.14 not e-mail 50%");
/// ```
pub fn strip_punctuation(text: &str) -> Vec<Edit> {
    let chars = Chars::new(text);
    let mut edits = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.at(at) {
        if !is_mark(c) || is_inside(&chars, at) {
            at += 1;
            continue;
        }
        let start = at;
        while chars.at(at).is_some_and(is_mark) && !is_inside(&chars, at) {
            at += 1;
        }
        let before = chars.before(start);
        let parts_words = before.is_some_and(is_spaced) && chars.at(at).is_some_and(is_spaced);
        if before.is_none_or(char::is_whitespace) {
            at = chars.run_end(at, char::is_whitespace);
        }
        edits.push(Edit::new(
            chars.bytes(start..at),
            if parts_words { " " } else { "" },
        ));
    }
    edits
}

/// Whether the mark at `at` is part of a number or a word.
fn is_inside(chars: &Chars, at: usize) -> bool {
    let (Some(mark), before, after) = (chars.at(at), chars.before(at), chars.at(at + 1)) else {
        return false;
    };
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let letter = |c: Option<char>| c.is_some_and(is_spaced);
    match mark {
        '\'' | '’' | '-' | '\u{2010}' | '\u{2011}' if letter(before) && letter(after) => true,
        '-' => digit(after) && before.is_none_or(|c| c.is_whitespace() || is_han(c)),
        '.' => letter(before) && letter(after),
        ',' | ':' | '–' => digit(before) && digit(after),
        '·' => {
            before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
        }
        _ => false,
    }
}

/// Whether `c` is a letter or digit of a script that parts words by blanks.
fn is_spaced(c: char) -> bool {
    c.is_alphanumeric() && !is_han_or_kana(c)
}

/// What has to change for the text to end as a sentence of `language` does: one edit, or none where
/// it ends so already, is empty, or the language has no such mark.
///
/// The mark is a question mark where the wording leaves no doubt.
///
/// ```
/// use mynah_text::{Language, apply, ensure_terminal};
/// let close = |text, language| apply(text, &ensure_terminal(text, language));
/// assert_eq!(close("今天很好", Language::CHINESE), "今天很好。");
/// assert_eq!(close("你好吗", Language::CHINESE), "你好吗？");
/// assert_eq!(close("is it late,", Language::ENGLISH), "is it late?");
/// ```
pub fn ensure_terminal(text: &str, language: Language) -> Vec<Edit> {
    let body = text.trim_end();
    let open = body.trim_end_matches(is_open_mark).trim_end();
    if open.is_empty() || ends_sentence(body) {
        return Vec::new();
    }
    if open.ends_with(is_final_mark) {
        let has_open_mark = open.len() < body.len();
        return has_open_mark
            .then(|| Edit::removal(open.len()..body.len()))
            .into_iter()
            .collect();
    }
    let start = sentence_breaks(open).last().copied().unwrap_or(0);
    let Some((full_stop, question_mark)) = terminals(language) else {
        return Vec::new();
    };
    let mark = if is_question(&open[start..], language) {
        question_mark
    } else {
        full_stop
    };
    vec![Edit::new(open.len()..body.len(), mark)]
}

/// Whether `c` is a mark after which a sentence goes on.
fn is_open_mark(c: char) -> bool {
    matches!(
        c,
        ',' | ';' | ':' | '-' | '，' | '、' | '；' | '：' | '–' | '—' | '،' | '؛'
    )
}

/// The full stop and the question mark of a language.
fn terminals(language: Language) -> Option<(&'static str, &'static str)> {
    Some(match language.code() {
        "zh" | "yue" | "ja" => ("。", "？"),
        "th" | "lo" => return None,
        "hi" | "bn" | "mr" | "ne" | "as" | "sa" => ("।", "?"),
        "ur" => ("۔", "؟"),
        "ar" | "fa" | "ps" | "sd" => (".", "؟"),
        "my" => ("။", "။"),
        "km" => ("។", "?"),
        "bo" => ("།", "།"),
        "am" => ("።", "?"),
        "hy" => ("։", "։"),
        "el" => (".", ";"),
        _ => (".", "?"),
    })
}

/// What has to change for a Chinese text to use its own marks: half-width marks beside Chinese
/// characters become full-width, and blanks between Chinese characters or beside full-width marks
/// go. Blanks between Chinese and other scripts stay as they are.
///
/// ```
/// use mynah_text::{apply, tidy_chinese};
/// let text = "你 好, 世界! 版本3.14 OK, fine.";
/// assert_eq!(apply(text, &tidy_chinese(text)), "你好，世界！版本3.14 OK, fine.");
/// ```
pub fn tidy_chinese(text: &str) -> Vec<Edit> {
    let chars = Chars::new(text);
    let mut edits = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.at(at) {
        let blanks_end = chars.run_end(at, char::is_whitespace);
        if blanks_end > at {
            let (before, after) = (widened_before(&chars, at), chars.at(blanks_end));
            let goes = before.is_some_and(|c| is_han(c) || is_wide_mark(c))
                && after.is_some_and(|c| is_han(c) || is_wide_mark(c))
                || before.is_some_and(is_wide_mark) && after.is_some()
                || after.is_some_and(is_wide_mark);
            if goes {
                edits.push(Edit::removal(chars.bytes(at..blanks_end)));
            }
            at = blanks_end;
            continue;
        }
        if let Some(wide) = widened(&chars, at).filter(|wide| *wide != c) {
            edits.push(Edit::new(chars.bytes(at..at + 1), wide));
        }
        at += 1;
    }
    edits
}

/// The character before `at` as it will be.
fn widened_before(chars: &Chars, at: usize) -> Option<char> {
    let index = at.checked_sub(1)?;
    widened(chars, index).or_else(|| chars.at(index))
}

/// The full-width form of the half-width mark at `at`, where it stands in Chinese text.
fn widened(chars: &Chars, at: usize) -> Option<char> {
    let wide = match chars.at(at)? {
        ',' => '，',
        '.' => '。',
        '?' => '？',
        '!' => '！',
        ':' => '：',
        ';' => '；',
        _ => return None,
    };
    let next = chars.at(chars.run_end(at + 1, char::is_whitespace));
    let follows_han = chars.before(at).is_some_and(is_han);
    let leads_han = next.is_some_and(is_han) && chars.before(at).is_some_and(char::is_alphanumeric);
    let goes_on = chars
        .at(at + 1)
        .is_some_and(|c| c == '.' || is_spaced(c) && wide == '。');
    (follows_han && !goes_on || leads_han && wide != '。').then_some(wide)
}

fn is_wide_mark(c: char) -> bool {
    matches!(c, '，' | '。' | '？' | '！' | '：' | '；' | '、')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;

    #[test]
    fn marks_are_taken_out() {
        for (text, bare) in [
            ("", ""),
            ("今天，很好。", "今天很好"),
            ("他说：“3.14，对吗？”", "他说3.14对吗"),
            ("Hello, world!", "Hello world"),
            ("yes—no", "yes no"),
            ("It's the dog's e-mail.", "It's the dog's e-mail"),
            ("at 12:30, 1,000 men", "at 12:30 1,000 men"),
            ("- dash - here", "dash here"),
            ("气温-5度。", "气温-5度"),
            ("50% of $5", "50% of $5"),
            ("U.S. troops", "U.S troops"),
            ("约翰·史密斯", "约翰·史密斯"),
            ("¿Qué? ¡Sí!", "Qué Sí"),
            ("……", ""),
        ] {
            assert_eq!(apply(text, &strip_punctuation(text)), bare);
        }
    }

    #[test]
    fn sentences_are_closed() {
        for (text, language, closed) in [
            ("", "zh", ""),
            ("今天很好", "zh", "今天很好。"),
            ("今天很好，", "zh", "今天很好。"),
            ("今天很好！", "zh", "今天很好！"),
            ("他说“好”", "zh", "他说“好”。"),
            ("Good morning", "en", "Good morning."),
            ("I met Mr", "en", "I met Mr."),
            ("Well...", "en", "Well..."),
            ("wait -", "en", "wait."),
            ("bonjour", "fr", "bonjour."),
            ("そうです", "ja", "そうです。"),
            ("สวัสดี", "th", "สวัสดี"),
            ("नमस्ते", "hi", "नमस्ते।"),
        ] {
            let language = Language::parse(language).unwrap();
            assert_eq!(apply(text, &ensure_terminal(text, language)), closed);
        }
    }

    #[test]
    fn chinese_text_gets_its_own_marks() {
        for (text, tidy) in [
            ("你好,世界.", "你好，世界。"),
            ("你好 世界", "你好世界"),
            ("你好 world 世界", "你好 world 世界"),
            ("用OK,再见", "用OK，再见"),
            ("真的吗? 是的!", "真的吗？是的！"),
            ("比分是3:2, 1,000人", "比分是3:2, 1,000人"),
            ("版本号v1.2.3", "版本号v1.2.3"),
            ("官网.com", "官网.com"),
            ("今天 ，明天", "今天，明天"),
            ("Hello, world.", "Hello, world."),
            ("等等...好", "等等...好"),
        ] {
            assert_eq!(apply(text, &tidy_chinese(text)), tidy);
        }
    }
}
