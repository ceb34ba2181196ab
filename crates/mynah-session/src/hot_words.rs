//! The ways in which a call names its hot words.
//!
//! Three generations of the API exist side by side: `parameters.vocabulary_id`, `resources` beside
//! the parameters, and words in the call itself. Ids of one kind arrive in the field of the other,
//! official samples do so, hence both are read as one.

use mynah_text::HotWord;
use mynah_wire::ApiError;
use mynah_wire::inference::ClientPayload;
use serde_json::Value;

use crate::Family;
use crate::limits::{HOT_WORD_LIST_ID_BYTES_MAX, HOT_WORD_LISTS_MAX, INLINE_HOT_WORDS_MAX};
use crate::parameters::range_error;

/// Where a call's hot words are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HotWordSources {
    /// Stored lists. Not all of them need to exist.
    pub list_ids: Vec<String>,
    /// Words of the call itself, which win over those of the lists.
    pub inline: Vec<HotWord>,
}

impl HotWordSources {
    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.list_ids.is_empty() && self.inline.is_empty()
    }

    /// Reads what a payload names.
    pub(crate) fn read(family: Family, payload: &ClientPayload) -> Result<Self, ApiError> {
        let parameter = |name| payload.parameters.as_ref().and_then(|all| all.get(name));
        let resources = payload.resources.as_ref().and_then(Value::as_array);
        let resources = resources.into_iter().flatten();
        let list_ids = parameter("vocabulary_id")
            .into_iter()
            .chain(resources.filter_map(|resource| resource.get("resource_id")));
        let inline = parameter("vocabulary").filter(|_| family.reads_inline_vocabulary());
        Self::named(inline, list_ids)
    }

    /// Where the words are that a call names: `inline` is its `vocabulary`, an object of words and
    /// weights, `list_ids` whatever may be the id of a stored list.
    ///
    /// # Errors
    ///
    /// A word or a weight of `inline` is none.
    pub fn named<'a>(
        inline: Option<&Value>,
        list_ids: impl Iterator<Item = &'a Value>,
    ) -> Result<Self, ApiError> {
        let inline = match inline {
            Some(words) if !words.is_null() => inline_words(words)?,
            _ => Vec::new(),
        };
        let list_ids = list_ids
            .filter_map(Value::as_str)
            .filter(|id| (1..=HOT_WORD_LIST_ID_BYTES_MAX).contains(&id.len()));
        Ok(Self {
            list_ids: list_ids
                .take(HOT_WORD_LISTS_MAX)
                .map(str::to_owned)
                .collect(),
            inline,
        })
    }
}

/// `vocabulary` of a call: an object of words and weights, unlike the array of the same name that
/// makes a list.
fn inline_words(words: &Value) -> Result<Vec<HotWord>, ApiError> {
    let words = words
        .as_object()
        .ok_or_else(|| range_error("vocabulary", "an object of words and weights"))?;
    words
        .iter()
        .take(INLINE_HOT_WORDS_MAX)
        .map(|(text, weight)| inline_word(text, weight))
        .collect()
}

fn inline_word(text: &str, weight: &Value) -> Result<HotWord, ApiError> {
    if let Some(rule) = HotWord::broken_rule(text) {
        let message = format!("each word of parameters.vocabulary {rule}");
        return Err(ApiError::parameter_out_of_range(&message));
    }
    let weight = weight
        .as_i64()
        .or_else(|| weight.as_f64().map(|weight| weight.round() as i64))
        .or_else(|| weight.as_str()?.parse().ok())
        .ok_or_else(|| range_error("vocabulary", "an object of words and weights"))?;
    Ok(HotWord::new(text, weight, None))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn read(
        family: Family,
        parameters: &Value,
        resources: &Value,
    ) -> Result<HotWordSources, ApiError> {
        let payload = ClientPayload {
            parameters: parameters.as_object().cloned(),
            resources: Some(resources.clone()),
            ..ClientPayload::default()
        };
        HotWordSources::read(family, &payload)
    }

    #[test]
    fn ids_are_read_wherever_they_are() {
        let resources = json!([{"resource_id": "vocab-b-2", "resource_type": "asr_phrase"},
                               {"resource_type": "asr_phrase"}, 7, {"resource_id": ""}]);
        let parameters = json!({"vocabulary_id": "vocab-a-1"});
        let sources = read(Family::FunAsr, &parameters, &resources).unwrap();
        assert_eq!(sources.list_ids, ["vocab-a-1", "vocab-b-2"]);
        for nothing in [json!(null), json!({}), json!([]), json!("x")] {
            let sources = read(Family::FunAsr, &json!({"vocabulary_id": null}), &nothing);
            assert!(sources.unwrap().is_empty());
        }
    }

    #[test]
    fn words_of_the_call_are_read_where_the_family_has_them() {
        let words =
            json!({"vocabulary": {"Kestrel": 4, "Fjordline": 50, "Bailian": "2", "x": 1.6}});
        let sources = read(Family::QwenStreaming, &words, &Value::Null).unwrap();
        let mut found: Vec<_> = sources
            .inline
            .iter()
            .map(|word| (&*word.text, word.weight))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [("Bailian", 2), ("Fjordline", 5), ("Kestrel", 4), ("x", 2)]
        );
        assert!(
            read(Family::FunAsr, &words, &Value::Null)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn words_of_the_wrong_shape_are_named() {
        for bad in [
            json!([]),
            json!("Kestrel"),
            json!({"Kestrel": true}),
            json!({"": 4}),
        ] {
            let error = read(
                Family::QwenMessage,
                &json!({"vocabulary": bad}),
                &Value::Null,
            );
            assert!(error.unwrap_err().message.contains("parameters.vocabulary"));
        }
    }

    #[test]
    fn what_is_read_is_bounded() {
        let many: Map<String, Value> = (0..=INLINE_HOT_WORDS_MAX)
            .map(|number| (format!("word{number}"), json!(4)))
            .collect();
        let endless = "x".repeat(HOT_WORD_LIST_ID_BYTES_MAX + 1);
        let endless = json!({"vocabulary_id": endless});
        assert!(
            read(Family::FunAsr, &endless, &Value::Null)
                .unwrap()
                .is_empty()
        );
        let lists: Vec<_> = (0..20)
            .map(|id| json!({"resource_id": id.to_string()}))
            .collect();
        let sources = read(
            Family::QwenStreaming,
            &json!({"vocabulary": many}),
            &json!(lists),
        );
        let sources = sources.unwrap();
        assert_eq!(sources.inline.len(), INLINE_HOT_WORDS_MAX);
        assert_eq!(sources.list_ids.len(), HOT_WORD_LISTS_MAX);
    }
}
