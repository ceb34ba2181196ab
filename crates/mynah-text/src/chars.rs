//! What kinds of characters the rules tell apart.

/// Whether `c` is a punctuation mark of any script: something that a reader does not say.
///
/// Signs that are said, such as `%`, `$`, `+` or `℃`, are not marks.
pub fn is_mark(c: char) -> bool {
    matches!(c,
        '!' | '"' | '\'' | '(' | ')' | ',' | '-' | '.' | ':' | ';' | '?' | '[' | ']' | '{' | '}'
        | '¡' | '«' | '·' | '»' | '¿' | '؟' | '،' | '؛' | '।' | '॥'
        | '\u{2010}'..='\u{2027}' | '\u{2039}'..='\u{203A}' | '\u{203C}' | '\u{2047}'..='\u{2049}'
        | '、'..='〃' | '〈'..='】' | '〔'..='〟' | '・'
        | '！' | '＂' | '＇' | '（' | '）' | '，' | '－' | '．' | '：' | '；' | '？'
        | '［' | '］' | '｛' | '｝' | '｡'..='･')
}

/// Whether `c` is a Chinese character (a Han ideograph, or the zero written as a circle).
pub(crate) fn is_han(c: char) -> bool {
    matches!(c,
        '〇' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3134F}')
}

/// Whether `c` belongs to a script written without blanks in Japanese or Chinese text: Han or kana.
pub fn is_han_or_kana(c: char) -> bool {
    is_han(c) || matches!(c, 'ぁ'..='ヿ') && !is_mark(c)
}

/// A text as an array of characters whose byte offsets are known, for rules that look around.
///
/// Looking outside the text answers `None` or `false`, so rules need no bounds checks.
pub(crate) struct Chars {
    chars: Vec<char>,
    /// Byte offset of each character, then the length of the text.
    offsets: Vec<usize>,
}

impl Chars {
    pub(crate) fn new(text: &str) -> Self {
        let chars = text.chars().collect();
        let offsets = text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect();
        Self { chars, offsets }
    }

    pub(crate) fn len(&self) -> usize {
        self.chars.len()
    }

    pub(crate) fn at(&self, index: usize) -> Option<char> {
        self.chars.get(index).copied()
    }

    /// The character before `index`.
    pub(crate) fn before(&self, index: usize) -> Option<char> {
        self.at(index.checked_sub(1)?)
    }

    /// The characters `range`, or none where the range is not in the text.
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> &[char] {
        self.chars.get(range).unwrap_or_default()
    }

    /// Whether `word` stands at `index`.
    pub(crate) fn starts_with(&self, index: usize, word: &str) -> bool {
        word.chars()
            .enumerate()
            .all(|(offset, c)| self.at(index + offset) == Some(c))
    }

    /// Whether `word` ends right before `index`.
    pub(crate) fn ends_with(&self, index: usize, word: &str) -> bool {
        let start = index.checked_sub(word.chars().count());
        start.is_some_and(|start| self.starts_with(start, word))
    }

    /// Whether one of `words` stands at `index`.
    pub(crate) fn starts_with_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.starts_with(index, word))
    }

    /// Whether one of `words` ends right before `index`.
    pub(crate) fn ends_with_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.ends_with(index, word))
    }

    /// The end of the run of characters that satisfy `belongs`, from `start`.
    pub(crate) fn run_end(&self, start: usize, belongs: impl Fn(char) -> bool) -> usize {
        let run = self
            .chars
            .iter()
            .skip(start)
            .take_while(|&&c| belongs(c))
            .count();
        start + run
    }

    /// The byte range of the characters `range`.
    pub(crate) fn bytes(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let end = self.offsets.len() - 1;
        self.offsets[range.start.min(end)]..self.offsets[range.end.min(end)]
    }
}
