//! `POST /api/v1/services/audio/asr/customization`: the vocabulary API.
//!
//! Follows "Custom hot-word HTTP API reference". A list can be used as soon as it is made.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use mynah_store::{KeyId, NewVocabulary, Page, Store, Vocabulary, VocabularyInfo};
use mynah_wire::customization::{
    CreateVocabulary, CustomizationOutput, CustomizationUsage, ListVocabulary, MODEL,
    NameVocabulary, UpdateVocabulary, VocabularyDetails, VocabularyStatus, VocabularySummary,
    VocabularyWord, action,
};
use mynah_wire::{ApiError, VocabularyId};
use serde_json::Value;

use super::{gmt, rules};
use crate::App;
use crate::http::{
    Answer, Caller, HttpError, JsonBody, ServiceRequest, read_part, refuse_async, store_failed,
};
use crate::limits::VOCABULARY_PAGE_MAX;

/// Lists on a page where the client does not say how many.
const PAGE_SIZE: u32 = 10;

/// Does what `input.action` says.
pub(crate) async fn customize(
    caller: Caller,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Value>,
) -> Result<Answer<CustomizationOutput, CustomizationUsage>, HttpError> {
    refuse_async(&headers)?;
    let vocabularies = Vocabularies {
        store: &app.store,
        owner: &caller.key,
        lists_max: app.quotas.vocabularies,
    };
    let output = vocabularies.act(&body).await?;
    Ok(Answer::new(output).with_usage(CustomizationUsage { count: 1 }))
}

/// The lists of a key.
struct Vocabularies<'a> {
    store: &'a Store,
    owner: &'a KeyId,
    lists_max: u32,
}

impl Vocabularies<'_> {
    async fn act(&self, body: &Value) -> Result<CustomizationOutput, ApiError> {
        let ServiceRequest { model, input } = ServiceRequest::read(body)?;
        if model != MODEL {
            return Err(ApiError::model_not_found(model));
        }
        let action = input.get("action").and_then(Value::as_str);
        match action.unwrap_or_default() {
            action::CREATE_VOCABULARY => self.create(read_part(input, "input")?).await,
            action::LIST_VOCABULARY => self.list(read_part(input, "input")?).await,
            action::QUERY_VOCABULARY => self.query(read_part(input, "input")?).await,
            action::UPDATE_VOCABULARY => self.update(read_part(input, "input")?).await,
            action::DELETE_VOCABULARY => self.delete(read_part(input, "input")?).await,
            _ => Err(ApiError::parameter_out_of_range(
                "input.action should be create_vocabulary, list_vocabulary, query_vocabulary, \
                 update_vocabulary or delete_vocabulary",
            )),
        }
    }

    async fn create(&self, input: CreateVocabulary) -> Result<CustomizationOutput, ApiError> {
        rules::check_prefix(&input.prefix)?;
        rules::check_words(&input.target_model, &input.vocabulary)?;
        let id = VocabularyId::random(&input.prefix);
        let list = NewVocabulary {
            id: id.as_str(),
            target_model: &input.target_model,
            prefix: &input.prefix,
            words: &stored(&input.vocabulary)?,
        };
        let created = self
            .store
            .create_vocabulary(self.owner, list, self.lists_max);
        if !created.await.map_err(store_failed)? {
            return Err(ApiError::allocation_quota());
        }
        Ok(CustomizationOutput::Created {
            vocabulary_id: id.as_str().to_owned(),
        })
    }

    async fn list(&self, input: ListVocabulary) -> Result<CustomizationOutput, ApiError> {
        let size = input.page_size.unwrap_or(PAGE_SIZE);
        if !(1..=VOCABULARY_PAGE_MAX).contains(&size) {
            return Err(ApiError::parameter_out_of_range(&format!(
                "input.page_size should be 1 to {VOCABULARY_PAGE_MAX}"
            )));
        }
        let skip = u64::from(input.page_index.unwrap_or_default()) * u64::from(size);
        // Clients send an empty prefix for none.
        let prefix = input.prefix.as_deref().filter(|prefix| !prefix.is_empty());
        let lists = self
            .store
            .vocabularies(self.owner, prefix, Page { skip, size });
        let lists = lists.await.map_err(store_failed)?;
        Ok(CustomizationOutput::Listed {
            vocabulary_list: lists.into_iter().map(summary).collect(),
        })
    }

    async fn query(&self, input: NameVocabulary) -> Result<CustomizationOutput, ApiError> {
        let Vocabulary { info, words } = self.find(&input.vocabulary_id).await?;
        Ok(CustomizationOutput::Found(VocabularyDetails {
            target_model: info.target_model.clone(),
            summary: summary(info),
            vocabulary: loaded(&words)?,
        }))
    }

    async fn update(&self, input: UpdateVocabulary) -> Result<CustomizationOutput, ApiError> {
        let id = &input.vocabulary_id;
        let target_model = self.find(id).await?.info.target_model;
        rules::check_words(&target_model, &input.vocabulary)?;
        let words = stored(&input.vocabulary)?;
        let updated = self.store.update_vocabulary(self.owner, id, &words);
        existed(updated.await.map_err(store_failed)?)
    }

    async fn delete(&self, input: NameVocabulary) -> Result<CustomizationOutput, ApiError> {
        let deleted = self
            .store
            .delete_vocabulary(self.owner, &input.vocabulary_id);
        existed(deleted.await.map_err(store_failed)?)
    }

    async fn find(&self, id: &str) -> Result<Vocabulary, ApiError> {
        let found = self.store.vocabulary(self.owner, id).await;
        found
            .map_err(store_failed)?
            .ok_or_else(ApiError::resource_not_exist)
    }
}

fn existed(existed: bool) -> Result<CustomizationOutput, ApiError> {
    if existed {
        Ok(CustomizationOutput::Done {})
    } else {
        Err(ApiError::resource_not_exist())
    }
}

fn summary(info: VocabularyInfo) -> VocabularySummary {
    VocabularySummary {
        vocabulary_id: info.id,
        gmt_create: gmt(info.created_at),
        gmt_modified: gmt(info.modified_at),
        // Nothing has to be compiled: a list that is stored can be used.
        status: VocabularyStatus::Ok,
    }
}

/// Words in the form in which they are stored: as they came.
fn stored(words: &[VocabularyWord]) -> Result<String, ApiError> {
    serde_json::to_string(words).map_err(|_| ApiError::internal())
}

/// The words of a stored list.
pub(super) fn loaded(words: &str) -> Result<Vec<VocabularyWord>, ApiError> {
    serde_json::from_str(words).map_err(|error| {
        tracing::error!(%error, "a stored hot-word list cannot be read");
        ApiError::internal()
    })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde_json::json;

    use super::*;
    use crate::hot_words::tests::{golden, keys};

    /// What an action answers, as its client reads it, with every time and random id the same.
    async fn answer(store: &Store, owner: &KeyId, input: Value) -> Value {
        let body = json!({"model": "speech-biasing", "input": input, "parameters": {}});
        golden(match act(store, owner, &body).await {
            Ok(output) => Answer::new(output)
                .with_usage(CustomizationUsage { count: 1 })
                .into_response(),
            Err(error) => HttpError(error).into_response(),
        })
        .await
    }

    async fn act(
        store: &Store,
        owner: &KeyId,
        body: &Value,
    ) -> Result<CustomizationOutput, ApiError> {
        let vocabularies = Vocabularies {
            store,
            owner,
            lists_max: 2,
        };
        vocabularies.act(body).await
    }

    async fn created(store: &Store, owner: &KeyId, prefix: &str) -> String {
        let body = json!({"model": "speech-biasing", "input": {
            "target_model": "fun-asr-realtime", "prefix": prefix,
            "vocabulary": [{"text": "通义千问", "weight": 4, "lang": "zh"}],
            "action": "create_vocabulary"}});
        match act(store, owner, &body).await {
            Ok(CustomizationOutput::Created { vocabulary_id }) => vocabulary_id,
            other => panic!("{other:?}"),
        }
    }

    fn success(output: &Value) -> Value {
        json!({"status": 200, "body":
            {"request_id": "REQUEST", "output": output, "usage": {"count": 1}}})
    }

    fn failure(status: u16, code: &str, message: &str) -> Value {
        json!({"status": status, "body":
            {"code": code, "message": message, "request_id": "REQUEST"}})
    }

    #[tokio::test]
    async fn create_answers_with_the_id() {
        let (_folder, store, [key, _]) = keys().await;
        let words = json!([{"text": "通义千问", "weight": 4, "lang": "zh"}, {"text": "Qwen"}]);
        let input = json!({"action": "create_vocabulary", "target_model": "fun-asr",
                           "prefix": "meet1", "vocabulary": words});
        assert_eq!(
            answer(&store, &key, input).await,
            success(&json!({"vocabulary_id": "vocab-meet1-RANDOM"}))
        );
    }

    #[tokio::test]
    async fn list_names_what_there_is() {
        let (_folder, store, [key, other]) = keys().await;
        let list = |more: Value| {
            let mut input = json!({"action": "list_vocabulary"});
            input
                .as_object_mut()
                .unwrap()
                .append(&mut more.as_object().unwrap().clone());
            answer(&store, &key, input)
        };
        let empty = success(&json!({"vocabulary_list": []}));
        assert_eq!(list(json!({})).await, empty);
        created(&store, &key, "meet1").await;
        created(&store, &other, "meet1").await;
        let one = success(&json!({"vocabulary_list": [{
            "vocabulary_id": "vocab-meet1-RANDOM", "status": "OK",
            "gmt_create": "TIME", "gmt_modified": "TIME"}]}));
        assert_eq!(list(json!({})).await, one);
        assert_eq!(list(json!({"prefix": null, "page_size": 10})).await, one);
        assert_eq!(list(json!({"prefix": "meet1", "page_index": 0})).await, one);
        assert_eq!(list(json!({"prefix": "meet2"})).await, empty);
        assert_eq!(list(json!({"page_index": 1})).await, empty);
        for bad in [
            json!({"page_size": 0}),
            json!({"page_size": 1001}),
            json!({"page_index": -1}),
        ] {
            assert_eq!(list(bad).await["body"]["code"], "InvalidParameter");
        }
    }

    #[tokio::test]
    async fn query_shows_words_as_given() {
        let (_folder, store, [key, _]) = keys().await;
        let words = json!([
            {"text": "百炼", "lang": "zh", "target_lang": "en", "translation": "Model Studio"},
            {"text": "百炼", "lang": "zh", "target_lang": "ja", "translation": "モデルスタジオ"},
            {"text": "loud", "weight": 51}]);
        let body = json!({"model": "speech-biasing", "input": {
            "action": "create_vocabulary", "target_model": "gummy-realtime-v1", "prefix": "tr1",
            "vocabulary": words}});
        let CustomizationOutput::Created { vocabulary_id } =
            act(&store, &key, &body).await.unwrap()
        else {
            panic!("not created");
        };
        let input = json!({"action": "query_vocabulary", "vocabulary_id": vocabulary_id});
        assert_eq!(
            answer(&store, &key, input).await,
            success(&json!({"vocabulary_id": "vocab-tr1-RANDOM", "status": "OK",
                "gmt_create": "TIME", "gmt_modified": "TIME",
                "target_model": "gummy-realtime-v1", "vocabulary": words}))
        );
    }

    #[tokio::test]
    async fn update_and_delete_answer_with_an_empty_object() {
        let (_folder, store, [key, _]) = keys().await;
        let id = created(&store, &key, "p").await;
        let update = json!({"action": "update_vocabulary", "vocabulary_id": id,
                            "vocabulary": [{"text": "Qwen", "weight": 5}]});
        assert_eq!(answer(&store, &key, update).await, success(&json!({})));
        let query = json!({"action": "query_vocabulary", "vocabulary_id": id});
        let found = answer(&store, &key, query).await;
        assert_eq!(
            found["body"]["output"]["vocabulary"],
            json!([{"text": "Qwen", "weight": 5}])
        );
        let delete = json!({"action": "delete_vocabulary", "vocabulary_id": id});
        assert_eq!(answer(&store, &key, delete).await, success(&json!({})));
    }

    #[tokio::test]
    async fn an_unknown_id_and_another_keys_id_are_the_same() {
        let (_folder, store, [key, other]) = keys().await;
        let foreign = created(&store, &other, "p").await;
        let unknown = "vocab-p-00000000000000000000000000000000".to_owned();
        for id in [foreign, unknown, String::new()] {
            for action in ["query", "update", "delete"] {
                let input = json!({"action": format!("{action}_vocabulary"),
                    "vocabulary_id": id, "vocabulary": [{"text": "x"}]});
                assert_eq!(
                    answer(&store, &key, input).await,
                    failure(
                        400,
                        "BadRequest.ResourceNotExist",
                        "The Required resource not exist."
                    )
                );
            }
        }
        let mine = json!({"action": "list_vocabulary"});
        let lists = answer(&store, &other, mine).await;
        assert_eq!(
            lists["body"]["output"]["vocabulary_list"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }

    #[tokio::test]
    async fn a_full_account_is_told_so() {
        let (_folder, store, [key, _]) = keys().await;
        created(&store, &key, "a").await;
        created(&store, &key, "b").await;
        let input = json!({"action": "create_vocabulary", "target_model": "fun-asr",
                           "prefix": "c", "vocabulary": [{"text": "x"}]});
        assert_eq!(
            answer(&store, &key, input).await,
            failure(
                400,
                "Throttling.AllocationQuota",
                "Free allocated quota exceeded."
            )
        );
    }

    #[tokio::test]
    async fn a_mistake_is_named() {
        let (_folder, store, [key, _]) = keys().await;
        let create = |change: Value| {
            let mut input = json!({"action": "create_vocabulary", "target_model": "fun-asr",
                                   "prefix": "p", "vocabulary": [{"text": "x", "weight": 4}]});
            for (name, value) in change.as_object().unwrap() {
                input[name] = value.clone();
            }
            input
        };
        for (input, part) in [
            (json!({}), "input.action should be"),
            (json!({"action": "destroy"}), "input.action should be"),
            (
                json!({"action": "create_vocabulary"}),
                "input: missing field `target_model`",
            ),
            (create(json!({"prefix": 7})), "input.prefix: invalid type"),
            (create(json!({"prefix": "A"})), "input.prefix should be"),
            (
                create(json!({"vocabulary": {"x": 4}})),
                "input.vocabulary: invalid type",
            ),
            (
                create(json!({"vocabulary": [{"text": "x"}, {"weight": 4}]})),
                "input.vocabulary[1]: missing field `text`",
            ),
            (
                create(json!({"vocabulary": [{"text": "x", "weight": "4"}]})),
                "input.vocabulary[0].weight: invalid type",
            ),
            (
                create(json!({"vocabulary": [{"text": ""}]})),
                "input.vocabulary[0].text should not be empty",
            ),
            (
                json!({"action": "query_vocabulary"}),
                "input: missing field `vocabulary_id`",
            ),
        ] {
            let answer = answer(&store, &key, input).await;
            assert_eq!(answer["body"]["code"], "InvalidParameter");
            let message = answer["body"]["message"].as_str().unwrap();
            assert!(message.contains(part), "{message}");
        }
        let unknown = answer(&store, &key, create(json!({"target_model": "fun"}))).await;
        assert_eq!(
            unknown,
            failure(404, "ModelNotFound", "The model fun does not exist.")
        );
        let body = json!({"model": "speech", "input": {"action": "list_vocabulary"}});
        let error = act(&store, &key, &body).await.unwrap_err();
        assert_eq!(error.code, "ModelNotFound");
    }

    #[test]
    fn a_task_is_refused() {
        let asked = |value: &'static str| {
            refuse_async(&HeaderMap::from_iter([(
                "X-DashScope-Async".parse().unwrap(),
                value.parse().unwrap(),
            )]))
        };
        assert_eq!(asked("enable").unwrap_err().status, 403);
        asked("disable").unwrap();
        refuse_async(&HeaderMap::new()).unwrap();
    }
}
