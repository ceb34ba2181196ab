//! Spoken languages, named by the codes that the API and Whisper share (`zh`, `en`, `yue`, …).

use std::fmt;

/// A spoken language.
///
/// ```
/// use mynah_text::Language;
/// assert_eq!(Language::parse("zh"), Some(Language::CHINESE));
/// assert_eq!(Language::parse("ZH-cn"), Some(Language::CHINESE));
/// assert_eq!(Language::parse("klingon"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(&'static str);

/// The languages of the multilingual Whisper models, in the order of their tokens.
const CODES: [&str; 100] = [
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it",
    "id", "hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur",
    "hr", "bg", "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn",
    "et", "mk", "br", "eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si",
    "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo",
    "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw", "ln",
    "ha", "ba", "jw", "su", "yue",
];

/// Their English names, in the same order.
const NAMES: [&str; 100] = [
    "english",
    "chinese",
    "german",
    "spanish",
    "russian",
    "korean",
    "french",
    "japanese",
    "portuguese",
    "turkish",
    "polish",
    "catalan",
    "dutch",
    "arabic",
    "swedish",
    "italian",
    "indonesian",
    "hindi",
    "finnish",
    "vietnamese",
    "hebrew",
    "ukrainian",
    "greek",
    "malay",
    "czech",
    "romanian",
    "danish",
    "hungarian",
    "tamil",
    "norwegian",
    "thai",
    "urdu",
    "croatian",
    "bulgarian",
    "lithuanian",
    "latin",
    "maori",
    "malayalam",
    "welsh",
    "slovak",
    "telugu",
    "persian",
    "latvian",
    "bengali",
    "serbian",
    "azerbaijani",
    "slovenian",
    "kannada",
    "estonian",
    "macedonian",
    "breton",
    "basque",
    "icelandic",
    "armenian",
    "nepali",
    "mongolian",
    "bosnian",
    "kazakh",
    "albanian",
    "swahili",
    "galician",
    "marathi",
    "punjabi",
    "sinhala",
    "khmer",
    "shona",
    "yoruba",
    "somali",
    "afrikaans",
    "occitan",
    "georgian",
    "belarusian",
    "tajik",
    "sindhi",
    "gujarati",
    "amharic",
    "yiddish",
    "lao",
    "uzbek",
    "faroese",
    "haitian creole",
    "pashto",
    "turkmen",
    "nynorsk",
    "maltese",
    "sanskrit",
    "luxembourgish",
    "myanmar",
    "tibetan",
    "tagalog",
    "malagasy",
    "assamese",
    "tatar",
    "hawaiian",
    "lingala",
    "hausa",
    "bashkir",
    "javanese",
    "sundanese",
    "cantonese",
];

impl Language {
    /// Chinese, in any of its spoken forms; written with simplified characters.
    pub const CHINESE: Self = Self("zh");
    /// English.
    pub const ENGLISH: Self = Self("en");
    /// Japanese.
    pub const JAPANESE: Self = Self("ja");
    /// Cantonese.
    pub const CANTONESE: Self = Self("yue");

    /// Reads a code such as `zh`, `en-US` or `ZH`; a region after `-` or `_` is not significant.
    pub fn parse(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next()?.to_ascii_lowercase();
        let primary = match primary.as_str() {
            "jv" => "jw",
            "fil" => "tl",
            "cmn" => "zh",
            other => other,
        };
        CODES
            .iter()
            .find(|known| **known == primary)
            .map(|code| Self(code))
    }

    /// Every language, in the order of Whisper's language tokens.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|code| Self(code))
    }

    /// The code, `zh` or `en` for instance.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The English name in lower case, `chinese` for instance.
    ///
    /// ```
    /// use mynah_text::Language;
    /// assert_eq!(Language::CANTONESE.name(), "cantonese");
    /// ```
    pub fn name(self) -> &'static str {
        let mut pairs = CODES.iter().zip(NAMES);
        pairs
            .find(|(code, _)| **code == self.0)
            .map_or(self.0, |(_, name)| name)
    }

    /// Whether the language is written without blanks between its words.
    pub fn is_spaceless(self) -> bool {
        matches!(
            self.0,
            "zh" | "ja" | "yue" | "th" | "lo" | "my" | "km" | "bo"
        )
    }

    /// Whether the language is written with Chinese characters of the simplified set here.
    pub fn is_chinese(self) -> bool {
        matches!(self.0, "zh" | "yue")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
