//! The hot words of a call: from its own words, and from the lists that it names.

use std::collections::{BTreeMap, HashSet};

use mynah_session::HotWordSources;
use mynah_store::{KeyId, Store};
use mynah_text::{HotWord, Language};
use mynah_wire::ApiError;

use super::customization::loaded;
use crate::http::store_failed;
use crate::limits::HOT_WORDS_MAX;

/// Finds the words that a call of `key` to `model` names and that may be spoken in `languages`,
/// each once.
///
/// The call's own words come first and win, then the lists in the order of their naming. A list
/// that does not exist, is another key's or is for another model has no effect, as documented: it
/// never fails a call. What fails one is a database that cannot be read.
pub(crate) async fn find(
    store: &Store,
    key: &KeyId,
    model: &str,
    sources: &HotWordSources,
    languages: &[Language],
) -> Result<Vec<HotWord>, ApiError> {
    let mut words = sources.inline.clone();
    for id in &sources.list_ids {
        match list(store, key, id).await? {
            Some((target_model, list)) if serves(&target_model, model) => words.extend(list),
            Some((target_model, _)) => {
                tracing::info!(%key, id, target_model, model, "hot words of another model");
            }
            None => tracing::info!(%key, id, "unknown hot words"),
        }
    }
    let mut seen = HashSet::new();
    words.retain(|word| word.fits(languages) && seen.insert(word.text.clone()));
    words.truncate(HOT_WORDS_MAX);
    Ok(words)
}

/// A stored list of either generation: the model it is for, and its words.
async fn list(
    store: &Store,
    key: &KeyId,
    id: &str,
) -> Result<Option<(String, Vec<HotWord>)>, ApiError> {
    if let Some(list) = store.vocabulary(key, id).await.map_err(store_failed)? {
        let words = loaded(&list.words)?;
        let words = words.iter().map(|word| {
            let weight = word.weight.unwrap_or(i64::from(HotWord::WEIGHT_DEFAULT));
            let language = word.lang.as_deref().and_then(Language::parse);
            HotWord::new(&word.text, weight, language)
        });
        return Ok(Some((list.info.target_model, words.collect())));
    }
    let Some(list) = store.phrase_list(key, id).await.map_err(store_failed)? else {
        return Ok(None);
    };
    let phrases: BTreeMap<String, i64> = serde_json::from_str(&list.phrases).map_err(|error| {
        tracing::error!(%error, "a stored phrase list cannot be read");
        ApiError::internal()
    })?;
    let raised = phrases
        .iter()
        // A negative weight asks for less of a phrase, which no engine here can do; raising it
        // would be the opposite.
        .filter(|(_, weight)| **weight > 0)
        .map(|(text, weight)| HotWord::new(text, *weight, None));
    Ok(Some((list.info.model, raised.collect())))
}

/// Whether a list for `target_model` acts in a call to `model`: they are the same, but for the
/// date of a snapshot.
fn serves(target_model: &str, model: &str) -> bool {
    without_date(target_model) == without_date(model)
}

/// A model id without the date of a snapshot, `-YYYY-MM-DD`.
fn without_date(model: &str) -> &str {
    const FORM: &[u8] = b"-dddd-dd-dd";
    let Some((head, date)) = model
        .len()
        .checked_sub(FORM.len())
        .and_then(|at| model.split_at_checked(at))
    else {
        return model;
    };
    let is_date = date.bytes().zip(FORM).all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        form => byte == *form,
    });
    if is_date { head } else { model }
}

#[cfg(test)]
mod tests {
    use mynah_store::{NewPhraseList, NewVocabulary};
    use serde_json::{Value, json};

    use super::*;
    use crate::hot_words::tests::keys;

    const MODEL: &str = "fun-asr-realtime";

    async fn keep(store: &Store, key: &KeyId, id: &str, target_model: &str, words: &Value) {
        let list = NewVocabulary {
            id,
            target_model,
            prefix: "p",
            words: &words.to_string(),
        };
        assert!(store.create_vocabulary(key, list, 10).await.unwrap());
    }

    fn named(ids: &[&str]) -> HotWordSources {
        HotWordSources {
            list_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            inline: Vec::new(),
        }
    }

    /// The words found, as `text:weight`.
    async fn found(
        store: &Store,
        key: &KeyId,
        model: &str,
        sources: &HotWordSources,
        languages: &[Language],
    ) -> String {
        let words = find(store, key, model, sources, languages).await.unwrap();
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("{}:{}", word.text, word.weight))
            .collect();
        words.join(" ")
    }

    #[tokio::test]
    async fn lists_of_both_generations_are_found_by_their_ids() {
        let (_folder, store, [key, _]) = keys().await;
        keep(
            &store,
            &key,
            "v",
            MODEL,
            &json!([{"text": "a", "weight": 9}, {"text": "b"}]),
        )
        .await;
        let phrases = NewPhraseList {
            id: "l",
            model: MODEL,
            job_id: "ft-1",
            phrases: r#"{"b":1,"c":3,"lowered":-3,"nothing":0}"#,
        };
        assert!(store.create_phrase_list(&key, phrases, 10).await.unwrap());
        for (ids, expected) in [(["v", "l"], "a:5 b:4 c:3"), (["l", "v"], "b:1 c:3 a:5")] {
            let words = found(&store, &key, MODEL, &named(&ids), &[]).await;
            assert_eq!(words, expected);
        }
    }

    #[tokio::test]
    async fn words_of_the_call_win() {
        let (_folder, store, [key, _]) = keys().await;
        keep(
            &store,
            &key,
            "v",
            MODEL,
            &json!([{"text": "a", "weight": 1}, {"text": "b"}]),
        )
        .await;
        let mut sources = named(&["v"]);
        sources.inline.push(HotWord::new("a", 5, None));
        assert_eq!(found(&store, &key, MODEL, &sources, &[]).await, "a:5 b:4");
    }

    #[tokio::test]
    async fn what_is_not_there_has_no_effect() {
        let (_folder, store, [key, other]) = keys().await;
        keep(&store, &other, "foreign", MODEL, &json!([{"text": "a"}])).await;
        keep(
            &store,
            &key,
            "elsewhere",
            "paraformer-realtime-v2",
            &json!([{"text": "a"}]),
        )
        .await;
        let sources = named(&["foreign", "elsewhere", "nowhere", "'; DROP TABLE api_keys"]);
        assert_eq!(found(&store, &key, MODEL, &sources, &[]).await, "");
    }

    #[tokio::test]
    async fn a_word_of_another_language_is_left_out_where_languages_are_given() {
        let (_folder, store, [key, _]) = keys().await;
        let words = json!([{"text": "a", "lang": "en"}, {"text": "b", "lang": "zh"}, {"text": "c"},
                           {"text": "a", "lang": "fr", "weight": 1}]);
        keep(&store, &key, "v", MODEL, &words).await;
        let words = |languages: &'static [Language]| {
            let (store, key) = (&store, &key);
            async move { found(store, key, MODEL, &named(&["v"]), languages).await }
        };
        assert_eq!(words(&[]).await, "a:4 b:4 c:4");
        assert_eq!(words(&[Language::ENGLISH]).await, "a:4 c:4");
        assert_eq!(words(&[Language::CHINESE]).await, "b:4 c:4");
    }

    #[tokio::test]
    async fn merged_lists_are_bounded() {
        let (_folder, store, [key, _]) = keys().await;
        for id in ["v", "w"] {
            let words: Vec<_> = (0..1500)
                .map(|n| json!({"text": format!("{id}{n}")}))
                .collect();
            keep(&store, &key, id, MODEL, &json!(words)).await;
        }
        let words = find(&store, &key, MODEL, &named(&["v", "w"]), &[])
            .await
            .unwrap();
        assert_eq!((words.len(), words[0].text.as_str()), (HOT_WORDS_MAX, "v0"));
    }

    #[test]
    fn a_list_serves_the_snapshots_of_its_model() {
        for (target_model, model) in [
            (MODEL, MODEL),
            (MODEL, "fun-asr-realtime-2025-11-07"),
            ("fun-asr-realtime-2025-11-07", MODEL),
            ("fun-asr-realtime-2025-09-15", "fun-asr-realtime-2025-11-07"),
        ] {
            assert!(serves(target_model, model), "{target_model} {model}");
        }
        for (target_model, model) in [
            ("fun-asr", MODEL),
            ("paraformer-realtime-v1", "paraformer-realtime-v2"),
            ("fun-asr-realtime-2025-11-7x", MODEL),
            ("fun-asr-realtime-模型模型模型", MODEL),
            ("", MODEL),
        ] {
            assert!(!serves(target_model, model), "{target_model} {model}");
        }
    }
}
