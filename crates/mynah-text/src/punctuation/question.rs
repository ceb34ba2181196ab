//! Whether the wording alone makes a sentence a question. In doubt it is none.

use crate::Language;

/// Sentence ends that ask, in Chinese.
const ASKING_ENDS: [&str; 16] = [
    "吗",
    "是不是",
    "对不对",
    "好不好",
    "行不行",
    "可不可以",
    "能不能",
    "要不要",
    "有没有",
    "怎么样",
    "怎么办",
    "是谁",
    "在哪里",
    "在哪儿",
    "几点了",
    "对吧",
];

/// Subjects and openings of someone who asks, in Chinese.
const ASKING_STARTS: [&str; 15] = [
    "你",
    "您",
    "这",
    "那",
    "他",
    "她",
    "它",
    "现在",
    "今天",
    "明天",
    "请问",
    "为什么",
    "怎么",
    "难道",
    "谁",
];

/// Question words, in Chinese.
const ASKING_WORDS: [&str; 11] = [
    "什么",
    "谁",
    "哪里",
    "哪儿",
    "哪个",
    "哪些",
    "怎么",
    "几点",
    "多少",
    "为何",
    "是不是",
];

/// Words that make a question word refer to something, in Chinese: 不知道什么, 什么都.
const NOT_ASKING: [&str; 28] = [
    "知道",
    "没什么",
    "什么都",
    "什么也",
    "谁都",
    "谁也",
    "怎么都",
    "怎么也",
    "哪里都",
    "哪儿都",
    "多少都",
    "无论",
    "不管",
    "告诉",
    "看看",
    "想想",
    "明白",
    "了解",
    "决定",
    "取决",
    "问你",
    "问我",
    "问他",
    "问了",
    "问问",
    "什么的",
    "多少有",
    "怎么说",
];

const WH_WORDS: [&str; 9] = [
    "what", "when", "where", "why", "who", "whose", "which", "how", "whom",
];

const AUXILIARIES: [&str; 25] = [
    "is", "are", "am", "was", "were", "do", "does", "did", "can", "could", "will", "would",
    "shall", "should", "have", "has", "isn't", "aren't", "don't", "doesn't", "didn't", "can't",
    "won't", "wouldn't", "haven't",
];

const PRONOUNS: [&str; 10] = [
    "i", "you", "he", "she", "it", "we", "they", "there", "this", "that",
];

/// Whether `sentence`, without its final mark, is certainly a question.
pub(super) fn is_question(sentence: &str, language: Language) -> bool {
    match language.code() {
        "zh" => is_chinese_question(sentence),
        "en" => is_english_question(sentence),
        "ja" => ["ですか", "ますか", "でしょうか", "ましたか", "ませんか"]
            .iter()
            .any(|end| sentence.ends_with(end)),
        _ => false,
    }
}

fn is_chinese_question(sentence: &str) -> bool {
    let clause = sentence
        .rsplit(['，', ',', '：'])
        .next()
        .unwrap_or_default()
        .trim();
    if NOT_ASKING.iter().any(|words| clause.contains(words)) && !clause.ends_with('吗') {
        return false;
    }
    let asks = || ASKING_WORDS.iter().any(|word| clause.contains(word));
    if let Some(topic) = clause.strip_suffix('呢') {
        return asks() || topic.chars().count() <= 3;
    }
    ASKING_ENDS.iter().any(|end| clause.ends_with(end))
        || ASKING_STARTS.iter().any(|start| clause.starts_with(start)) && asks()
}

fn is_english_question(sentence: &str) -> bool {
    let lower = sentence.to_lowercase().replace('’', "'");
    let clause = lower.rsplit(',').next().unwrap_or_default();
    asks_first(&lower) || asks_first(clause)
}

/// Whether a clause begins with an auxiliary before its subject, after a question word or not.
fn asks_first(clause: &str) -> bool {
    let words: Vec<&str> = clause.split_whitespace().take(4).collect();
    let is_auxiliary = |at: usize| words.get(at).is_some_and(|word| AUXILIARIES.contains(word));
    let is_subject = |at: usize| words.get(at).is_some_and(|word| PRONOUNS.contains(word));
    let Some(first) = words.first() else {
        return false;
    };
    if WH_WORDS.contains(first) {
        let counts = *first == "how" && matches!(words.get(1), Some(&("many" | "much" | "long")));
        return is_auxiliary(1) || is_auxiliary(2) && is_subject(3) || counts && is_auxiliary(3);
    }
    // "were he here" and "should it rain" are conditions.
    is_auxiliary(0) && is_subject(1) && !matches!(*first, "were" | "should")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_from_statements() {
        for (language, questions, statements) in [
            (
                "zh",
                &[
                    "你好吗",
                    "你看到了什么东西",
                    "你呢",
                    "这是谁",
                    "为什么会这样",
                    "他去哪里了",
                    "今天怎么样",
                    "你知道吗",
                    "我们走，好不好",
                    "请问现在几点",
                ][..],
                &[
                    "今天很好",
                    "我不知道什么时候走",
                    "没什么",
                    "想听歌曲你把爱情给了谁吧",
                    "但直接派发的对象如何确定",
                    "他什么都会",
                    "还早得很呢",
                    "问你多少钱",
                ][..],
            ),
            (
                "en",
                &[
                    "what is it",
                    "How are you",
                    "Is it late",
                    "why did he go",
                    "it is late, isn't it",
                    "how many men are there",
                    "what time is it",
                    "Well, do you see",
                ][..],
                &[
                    "what a day",
                    "when he came",
                    "it is late",
                    "how nice",
                    "the man who is here",
                    "should it rain we stay",
                    "I know what it is",
                ][..],
            ),
            ("ja", &["元気ですか"][..], &["元気です", "静か"][..]),
            ("fr", &[][..], &["est-ce que"][..]),
        ] {
            let language = Language::parse(language).unwrap();
            for sentence in questions {
                assert!(is_question(sentence, language), "{sentence}");
            }
            for sentence in statements {
                assert!(!is_question(sentence, language), "{sentence}");
            }
        }
    }
}
