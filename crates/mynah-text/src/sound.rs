//! How alike two texts sound, roughly.

use pinyin::ToPinyin;

/// The letters that a text is spoken with: Chinese characters as pinyin without tones, Latin
/// letters in lower case, other letters as they are. Blanks and marks are silent.
///
/// ```
/// use mynah_text::Sound;
/// let name = Sound::of("佐野");
/// assert!(name.begins(&Sound::of("昨夜声称"), 0.0));
/// assert!(Sound::of("Helstone").begins(&Sound::of("Halston, he said"), 0.25));
/// assert!(!Sound::of("Helstone").begins(&Sound::of("in the garden"), 0.5));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound(Vec<char>);

impl Sound {
    /// The sound of a text.
    pub fn of(text: &str) -> Self {
        let letters = text
            .chars()
            .flat_map(|character| match character.to_pinyin() {
                Some(syllable) => syllable.plain().chars().collect::<Vec<_>>(),
                None if character.is_alphanumeric() => character.to_lowercase().collect(),
                None => Vec::new(),
            });
        Self(letters.collect())
    }

    /// Whether `heard` begins with something that sounds like this: letters to be changed, added or
    /// left out are at most this part of this text's letters.
    pub fn begins(&self, heard: &Self, difference_max: f32) -> bool {
        let letters = self.0.len();
        // More than twice as long, it would differ by more than all letters.
        let heard = &heard.0[..heard.0.len().min(2 * letters)];
        let mut row: Vec<usize> = (0..=heard.len()).collect();
        for (index, letter) in self.0.iter().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], index + 1);
            for (at, other) in heard.iter().enumerate() {
                let changed = diagonal + usize::from(letter != other);
                diagonal = row[at + 1];
                row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
            }
        }
        let least = row.into_iter().min().unwrap_or(letters);
        least as f32 <= difference_max * letters as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_blanks_and_tones_are_silent() {
        assert_eq!(
            Sound::of("Pre-Raphaelite art!"),
            Sound::of("preraphaeliteart")
        );
        assert_eq!(Sound::of("会徽"), Sound::of("慧辉"));
    }

    #[test]
    fn counts_letters_that_differ() {
        let alike = |word: &str, heard: &str, most| Sound::of(word).begins(&Sound::of(heard), most);
        assert!(alike("kine", "kind of", 0.25) && !alike("kine", "kind of", 0.2));
        assert!(alike("eunuch", "unic ardau", 0.5));
        assert!(alike("", "", 0.0) && alike("", "a", 0.0));
        assert!(!alike("a", "", 0.9));
    }
}
