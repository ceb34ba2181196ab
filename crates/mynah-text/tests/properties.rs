//! What holds for any text.

use mynah_text::score::{errors, normalise};
use mynah_text::{
    Edit, Language, Passage, Word, apply, cues, ensure_terminal, itn_zh, remove_disfluencies,
    sentence_breaks, simplify, spoken_en, spoken_zh, strip_punctuation, tidy_chinese,
    to_simplified, to_srt, to_vtt,
};
use proptest::prelude::*;

/// Every rule of the crate, for every language that it treats in its own way.
fn rules(text: &str) -> Vec<Vec<Edit>> {
    let mut all = vec![
        simplify(text),
        itn_zh(text),
        spoken_zh(text),
        spoken_en(text),
        strip_punctuation(text),
        tidy_chinese(text),
    ];
    for language in ["zh", "en", "ja", "yue", "de"]
        .into_iter()
        .filter_map(Language::parse)
    {
        all.push(remove_disfluencies(text, language));
        all.push(ensure_terminal(text, language));
    }
    all
}

fn check_edits(text: &str, edits: &[Edit]) -> Result<(), TestCaseError> {
    let mut done = 0;
    for edit in edits {
        prop_assert!(
            edit.range.start >= done,
            "{edit:?} overlaps or is out of order"
        );
        prop_assert!(
            text.get(edit.range.clone()).is_some(),
            "{edit:?} cuts a character"
        );
        prop_assert_ne!(
            text.get(edit.range.clone()),
            Some(edit.replacement.as_str())
        );
        done = edit.range.end;
    }
    Ok(())
}

/// Each letter, or each run of Latin letters and digits, as a word.
fn passage_of(text: &str) -> Passage {
    let mut words: Vec<Word> = Vec::new();
    let mut joins = false;
    for c in text.chars() {
        let begin_ms = words.len() as u32 * 100;
        match words.last_mut() {
            Some(word) if joins && c.is_ascii_alphanumeric() => word.text.push(c),
            Some(word) if !c.is_alphanumeric() && !c.is_whitespace() => word.punctuation.push(c),
            _ if c.is_alphanumeric() => words.push(Word {
                text: c.into(),
                punctuation: String::new(),
                begin_ms,
                end_ms: begin_ms + 100,
            }),
            _ => {}
        }
        joins = c.is_ascii_alphanumeric();
    }
    Passage {
        text: text.into(),
        words,
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Texts of what the rules look for.
fn speech() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "零",
        "一",
        "二",
        "两",
        "三",
        "五",
        "九",
        "十",
        "百",
        "千",
        "万",
        "亿",
        "幺",
        "点",
        "分之",
        "百分之",
        "年",
        "月",
        "号",
        "个",
        "负",
        "第",
        "几",
        "到",
        "周",
        "半",
        "分",
        "元",
        "度",
        "块",
        "我",
        "嗯",
        "那个",
        "著",
        "甚麼",
        "，",
        "。",
        "？",
        " ",
        "0",
        "1",
        "2",
        "13",
        "2026",
        "007",
        "1,000",
        "3.5",
        "%",
        "$",
        "￥",
        "-",
        "/",
        ":",
        ".",
        ",",
        "km",
        "℃",
        "A",
        "I",
        "the",
        "um",
        "you know",
        "hundred",
        "and",
        "Mr",
        "U.S.",
        "\"",
        "”",
        "…",
        "st",
        "é",
        "か",
        "えー",
    ]);
    prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        speech(),
        any::<String>(),
        "[一二三十百千万点零年月日分0-9.,:/%-]{0,16}"
    ]
}

/// What may stand around a number.
const FORMS: [(&str, &str); 6] = [
    ("一共", "个人"),
    ("百分之", "以上"),
    ("", "元"),
    ("第", "名"),
    ("负", "度"),
    ("", "点五公里"),
];

/// Says a value through the crate's own writing of it: 35000 or 1亿2000万.
fn say(value: u64) -> String {
    let grouped = format!(
        "{}亿{}万{}",
        value / 100_000_000,
        value / 10_000 % 10_000,
        value % 10_000
    );
    let grouped = grouped.trim_start_matches("0亿").trim_start_matches("0万");
    let grouped = grouped
        .strip_suffix("万0")
        .map_or(grouped.to_owned(), |head| format!("{head}万"));
    let grouped = grouped.replace("亿0万", "亿");
    let grouped = grouped
        .strip_suffix("亿0")
        .map_or(grouped.clone(), |head| format!("{head}亿"));
    apply(&grouped, &spoken_zh(&grouped))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn edits_are_in_order_apart_and_on_characters(text in any_text()) {
        for edits in rules(&text) {
            check_edits(&text, &edits)?;
        }
    }

    #[test]
    fn words_spell_the_text_after_every_rule(text in any_text()) {
        for edits in rules(&text) {
            let mut passage = passage_of(&text);
            let begins: Vec<u32> = passage.words.iter().map(|word| word.begin_ms).collect();
            passage.rewrite(|_| edits);
            if begins.is_empty() {
                continue;
            }
            let spelled: String = passage.words.iter().map(|word| word.text.as_str()).collect();
            prop_assert_eq!(letters(&spelled), letters(&passage.text));
            for pair in passage.words.windows(2) {
                prop_assert!(pair[0].end_ms <= pair[1].begin_ms);
            }
            for word in &passage.words {
                prop_assert!(!word.text.is_empty() && begins.contains(&word.begin_ms));
            }
        }
    }

    #[test]
    fn rules_are_final(text in any_text()) {
        for rule in [itn_zh, spoken_zh, spoken_en, simplify] {
            let once = apply(&text, &rule(&text));
            prop_assert_eq!(apply(&once, &rule(&once)), once);
        }
    }

    #[test]
    fn numbers_keep_their_value_when_written(text in any_text()) {
        let text = to_simplified(&text);
        let written = apply(&text, &itn_zh(&text));
        let units = |text: &str| normalise(text, Language::CHINESE).concat();
        prop_assert_eq!(units(&written), units(&text), "written {}", written);
    }

    #[test]
    fn numbers_survive_both_ways(value in 10_u64..100_000_000_000, form in 0_usize..6) {
        let (before, after) = FORMS[form];
        let said = format!("{before}{}{after}", say(value));
        let written = apply(&said, &itn_zh(&said));
        prop_assert!(written.contains(|c: char| c.is_ascii_digit()), "{said} stays {written}");
        prop_assert_eq!(apply(&written, &spoken_zh(&written)), said, "written {}", written);
    }

    #[test]
    fn normalising_is_final(text in any_text()) {
        for (language, blank) in [(Language::CHINESE, ""), (Language::ENGLISH, " ")] {
            let units = normalise(&text, language);
            prop_assert_eq!(normalise(&units.join(blank), language), units);
        }
    }

    #[test]
    fn errors_add_up(reference in "[ab]{0,8}", hypothesis in "[ab]{0,8}") {
        let [reference, hypothesis] = [reference, hypothesis].map(String::into_bytes);
        let found = errors(&reference, &hypothesis);
        prop_assert_eq!(found.reference_units, reference.len());
        let matched = reference.len() - found.substitutions - found.deletions;
        prop_assert_eq!(hypothesis.len(), matched + found.substitutions + found.insertions);
        prop_assert_eq!(found.total(), errors(&hypothesis, &reference).total());
        prop_assert_eq!(found.total() == 0, reference == hypothesis);
    }

    #[test]
    fn sentences_and_subtitles_take_any_text(text in any_text()) {
        let breaks = sentence_breaks(&text);
        prop_assert!(breaks.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(breaks.iter().all(|&end| text.is_char_boundary(end)));
        let closed = apply(&text, &ensure_terminal(&text, Language::CHINESE));
        if text.contains(char::is_alphanumeric) && breaks.is_empty() {
            prop_assert!(closed.trim_end().ends_with(['。', '？', '.', '…', '?', '!']), "{}", closed);
        }
        let passage = passage_of(&text);
        let cues = cues(&passage);
        let spelled: String = cues.iter().map(|cue| letters(&cue.text)).collect();
        if !passage.words.is_empty() {
            prop_assert_eq!(spelled, letters(&text));
        }
        let headers = |file: &str| file.lines().filter(|line| line.contains(" --> ")).count();
        prop_assert_eq!(headers(&to_srt(&cues)), cues.len());
        prop_assert_eq!(headers(&to_vtt(&cues)), cues.len());
    }
}
