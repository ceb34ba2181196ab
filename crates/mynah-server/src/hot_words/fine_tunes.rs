//! `/api/v1/fine-tunes`: the phrase API of the first Paraformer generation.
//!
//! Follows "Paraformer hot words". A list is compiled at once, whatever `X-DashScope-Async` says:
//! the Java SDK sends it and expects the result all the same.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use mynah_store::{KeyId, NewPhraseList, Page, PhraseListInfo, Store};
use mynah_wire::fine_tunes::{
    COMPILE_ASR_PHRASE, DeletedOutput, FineTune, FineTuneJob, FineTunedOutput, FineTunedOutputs,
};
use mynah_wire::{ApiError, JobId};
use serde::Deserialize;
use serde_json::Value;

use super::{gmt, rules, written};
use crate::App;
use crate::http::{Answer, Caller, HttpError, JsonBody, read_part, read_query, store_failed};
use crate::limits::PHRASE_PAGE_MAX;

/// Models that take phrases.
const MODELS: [&str; 5] = [
    "paraformer-v1",
    "paraformer-8k-v1",
    "paraformer-mtl-v1",
    "paraformer-realtime-v1",
    "paraformer-realtime-8k-v1",
];
/// Lists on a page where the client does not say how many.
const PAGE_SIZE: u32 = 10;

/// The name of a list in the path.
type Id = Result<Path<String>, PathRejection>;

/// `POST /fine-tunes`: makes a list, or replaces one.
pub(crate) async fn compile(
    caller: Caller,
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<Value>,
) -> Result<Answer<FineTuneJob>, HttpError> {
    let lists = lists(&app, &caller);
    Ok(Answer::new(lists.compile(&body).await?))
}

/// `GET /fine-tunes/outputs/{id}`: what is known of a list, which does not include its phrases.
pub(crate) async fn query_output(
    caller: Caller,
    State(app): State<Arc<App>>,
    id: Id,
) -> Result<Answer<FineTunedOutput>, HttpError> {
    let lists = lists(&app, &caller);
    Ok(Answer::new(lists.query(&named(id)?).await?))
}

/// `GET /fine-tunes/outputs`: the lists there are.
pub(crate) async fn list_outputs(
    caller: Caller,
    State(app): State<Arc<App>>,
    uri: Uri,
) -> Result<Answer<FineTunedOutputs>, HttpError> {
    let lists = lists(&app, &caller);
    Ok(Answer::new(lists.list(&read_query(&uri)?).await?))
}

/// `DELETE /fine-tunes/outputs/{id}`. The Java SDK sends a body, which means nothing.
pub(crate) async fn delete_output(
    caller: Caller,
    State(app): State<Arc<App>>,
    id: Id,
) -> Result<Answer<DeletedOutput>, HttpError> {
    let lists = lists(&app, &caller);
    Ok(Answer::new(lists.delete(named(id)?).await?))
}

fn lists<'a>(app: &'a App, caller: &'a Caller) -> PhraseLists<'a> {
    PhraseLists {
        store: &app.store,
        owner: &caller.key,
        lists_max: app.quotas.vocabularies,
    }
}

/// An id that is not even text names nothing.
fn named(id: Id) -> Result<String, ApiError> {
    id.map(|Path(id)| id)
        .map_err(|_| ApiError::resource_not_exist())
}

/// Which page of the lists.
#[derive(Deserialize)]
struct PageQuery {
    page_no: Option<u32>,
    page_size: Option<u32>,
}

/// The phrase lists of a key.
struct PhraseLists<'a> {
    store: &'a Store,
    owner: &'a KeyId,
    lists_max: u32,
}

impl PhraseLists<'_> {
    async fn compile(&self, body: &Value) -> Result<FineTuneJob, ApiError> {
        if !body.is_object() {
            return Err(ApiError::malformed_message());
        }
        let request: FineTune = read_part(body, "")?;
        if request.training_type != COMPILE_ASR_PHRASE {
            return Err(ApiError::parameter_out_of_range(
                "training_type should be compile_asr_phrase",
            ));
        }
        if !MODELS.contains(&request.model.as_str()) {
            return Err(ApiError::model_not_found(&request.model));
        }
        let phrases = &request.hyper_parameters.phrase_list;
        rules::check_phrases(phrases.keys().map(String::as_str))?;
        let phrases = serde_json::to_string(phrases).map_err(|_| ApiError::internal())?;
        let now = jiff::Timestamp::now().as_second();
        let job = JobId::random(&written(now, "%Y%m%d%H%M"));
        let id = match request.finetuned_output {
            Some(id) => self.replace(id, &request.model, &job, &phrases).await?,
            None => self.create(&request.model, &job, &phrases).await?,
        };
        Ok(FineTuneJob {
            job_id: job.as_str().to_owned(),
            status: "SUCCEEDED".to_owned(),
            finetuned_output: id,
            training_type: COMPILE_ASR_PHRASE.to_owned(),
            create_time: gmt(now),
        })
    }

    async fn create(&self, model: &str, job: &JobId, phrases: &str) -> Result<String, ApiError> {
        let id = format!("{model}-{}", job.as_str());
        let list = NewPhraseList {
            id: &id,
            model,
            job_id: job.as_str(),
            phrases,
        };
        let created = self
            .store
            .create_phrase_list(self.owner, list, self.lists_max);
        if created.await.map_err(store_failed)? {
            Ok(id)
        } else {
            Err(ApiError::allocation_quota())
        }
    }

    async fn replace(
        &self,
        id: String,
        model: &str,
        job: &JobId,
        phrases: &str,
    ) -> Result<String, ApiError> {
        let of_model = self.query(&id).await?.model;
        if of_model != model {
            return Err(ApiError::parameter_out_of_range(&format!(
                "model should be {of_model}, for which {id} was made"
            )));
        }
        let updated = self
            .store
            .update_phrase_list(self.owner, &id, job.as_str(), phrases);
        if updated.await.map_err(store_failed)? {
            Ok(id)
        } else {
            Err(ApiError::resource_not_exist())
        }
    }

    async fn query(&self, id: &str) -> Result<FineTunedOutput, ApiError> {
        let found = self.store.phrase_list(self.owner, id).await;
        let found = found.map_err(store_failed)?;
        found
            .map(|list| output(list.info))
            .ok_or_else(ApiError::resource_not_exist)
    }

    async fn list(&self, query: &PageQuery) -> Result<FineTunedOutputs, ApiError> {
        let page_no = query.page_no.unwrap_or(1);
        let page_size = query.page_size.unwrap_or(PAGE_SIZE);
        if page_no == 0 || !(1..=PHRASE_PAGE_MAX).contains(&page_size) {
            return Err(ApiError::parameter_out_of_range(&format!(
                "page_no should be 1 or more, and page_size 1 to {PHRASE_PAGE_MAX}"
            )));
        }
        let page = Page {
            skip: u64::from(page_no - 1) * u64::from(page_size),
            size: page_size,
        };
        let lists = self.store.phrase_lists(self.owner, page).await;
        let total = self.store.phrase_list_count(self.owner).await;
        Ok(FineTunedOutputs {
            page_no,
            page_size,
            total: total.map_err(store_failed)?,
            finetuned_outputs: lists
                .map_err(store_failed)?
                .into_iter()
                .map(output)
                .collect(),
        })
    }

    async fn delete(&self, id: String) -> Result<DeletedOutput, ApiError> {
        let deleted = self.store.delete_phrase_list(self.owner, &id).await;
        if deleted.map_err(store_failed)? {
            Ok(DeletedOutput {
                finetuned_output: id,
            })
        } else {
            Err(ApiError::resource_not_exist())
        }
    }
}

fn output(info: PhraseListInfo) -> FineTunedOutput {
    FineTunedOutput {
        create_time: gmt(info.created_at),
        finetuned_output: info.id,
        job_id: info.job_id,
        model: info.model,
        output_type: "custom_resource".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::hot_words::tests::{golden, keys};

    async fn answer<O: Serialize>(output: Result<O, ApiError>) -> Value {
        golden(match output {
            Ok(output) => Answer::new(output).into_response(),
            Err(error) => HttpError(error).into_response(),
        })
        .await
    }

    fn of<'a>(store: &'a Store, owner: &'a KeyId) -> PhraseLists<'a> {
        PhraseLists {
            store,
            owner,
            lists_max: 2,
        }
    }

    fn body(phrases: &Value) -> Value {
        json!({"model": "paraformer-v1", "training_file_ids": [], "validation_file_ids": [],
               "hyper_parameters": {"phrase_list": phrases},
               "training_type": "compile_asr_phrase"})
    }

    fn success(output: &Value) -> Value {
        json!({"status": 200, "body": {"request_id": "REQUEST", "output": output}})
    }

    fn unknown() -> Value {
        json!({"status": 400, "body": {"code": "BadRequest.ResourceNotExist",
            "message": "The Required resource not exist.", "request_id": "REQUEST"}})
    }

    #[tokio::test]
    async fn create_and_update_answer_with_a_finished_job() {
        let (_folder, store, [key, _]) = keys().await;
        let lists = of(&store, &key);
        let job = lists
            .compile(&body(&json!({"通义千问": 5, "千问": -2, "x": 90})))
            .await;
        let first = job.unwrap();
        assert!(first.finetuned_output.starts_with("paraformer-v1-ft-"));
        let mut update = body(&json!({"通义千问": 2}));
        update["finetuned_output"] = json!(first.finetuned_output);
        let second = lists.compile(&update).await.unwrap();
        assert_eq!(second.finetuned_output, first.finetuned_output);
        assert_ne!(second.job_id, first.job_id);
        for job in [first, second] {
            assert_eq!(
                answer(Ok(job)).await,
                success(&json!({"job_id": "ft-RANDOM", "status": "SUCCEEDED",
                    "finetuned_output": "paraformer-v1-ft-RANDOM",
                    "training_type": "compile_asr_phrase", "create_time": "TIME"}))
            );
        }
    }

    #[tokio::test]
    async fn query_list_and_delete_do_not_show_the_phrases() {
        let (_folder, store, [key, _]) = keys().await;
        let lists = of(&store, &key);
        let id = lists
            .compile(&body(&json!({"x": 5})))
            .await
            .unwrap()
            .finetuned_output;
        let output = json!({"create_time": "TIME", "finetuned_output": "paraformer-v1-ft-RANDOM",
            "job_id": "ft-RANDOM", "model": "paraformer-v1", "output_type": "custom_resource"});
        assert_eq!(answer(lists.query(&id).await).await, success(&output));
        let page = |page_no, page_size| PageQuery { page_no, page_size };
        for query in [page(None, None), page(Some(1), Some(10))] {
            assert_eq!(
                answer(lists.list(&query).await).await,
                success(&json!({"page_no": 1, "page_size": 10, "total": 1,
                    "finetuned_outputs": [output]}))
            );
        }
        let second = lists.list(&page(Some(2), Some(1))).await.unwrap();
        assert_eq!((second.total, second.finetuned_outputs.len()), (1, 0));
        for bad in [
            page(Some(0), None),
            page(None, Some(0)),
            page(None, Some(101)),
        ] {
            assert_eq!(lists.list(&bad).await.unwrap_err().code, "InvalidParameter");
        }
        assert_eq!(
            answer(lists.delete(id.clone()).await).await,
            success(&json!({"finetuned_output": "paraformer-v1-ft-RANDOM"}))
        );
        assert_eq!(answer(lists.query(&id).await).await, unknown());
    }

    #[tokio::test]
    async fn another_keys_list_is_unknown() {
        let (_folder, store, [key, other]) = keys().await;
        let made = of(&store, &other).compile(&body(&json!({"x": 5}))).await;
        let id = made.unwrap().finetuned_output;
        let lists = of(&store, &key);
        let mut update = body(&json!({"y": 5}));
        update["finetuned_output"] = json!(id);
        assert_eq!(answer(lists.compile(&update).await).await, unknown());
        assert_eq!(answer(lists.query(&id).await).await, unknown());
        assert_eq!(answer(lists.delete(id).await).await, unknown());
        assert_eq!(
            lists
                .list(&PageQuery {
                    page_no: None,
                    page_size: None
                })
                .await
                .unwrap()
                .total,
            0
        );
    }

    #[tokio::test]
    async fn a_mistake_is_named() {
        let (_folder, store, [key, _]) = keys().await;
        let change = |name: &str, value: Value| {
            let mut body = body(&json!({"x": 5}));
            body[name] = value;
            body
        };
        for (body, part) in [
            (json!({}), "missing field `model`"),
            (
                change("training_type", json!("sft")),
                "training_type should be compile_asr_phrase",
            ),
            (
                change("hyper_parameters", json!({"phrase_list": []})),
                "hyper_parameters.phrase_list: invalid type",
            ),
            (
                body(&json!({"x": "5"})),
                "hyper_parameters.phrase_list.x: invalid type",
            ),
            (body(&json!({})), "hyper_parameters.phrase_list should hold"),
        ] {
            let error = of(&store, &key).compile(&body).await.unwrap_err();
            assert_eq!(error.code, "InvalidParameter");
            assert!(error.message.contains(part), "{error}");
        }
        let later = change("model", json!("paraformer-v2"));
        assert_eq!(
            of(&store, &key).compile(&later).await.unwrap_err().code,
            "ModelNotFound"
        );
        let error = of(&store, &key).compile(&json!([])).await.unwrap_err();
        assert!(error.message.contains("Required body invalid"));
    }

    #[tokio::test]
    async fn a_list_keeps_its_model_and_an_account_its_limit() {
        let (_folder, store, [key, _]) = keys().await;
        let lists = of(&store, &key);
        let id = lists
            .compile(&body(&json!({"x": 5})))
            .await
            .unwrap()
            .finetuned_output;
        lists.compile(&body(&json!({"x": 5}))).await.unwrap();
        let full = lists.compile(&body(&json!({"x": 5}))).await.unwrap_err();
        assert_eq!(full.code, "Throttling.AllocationQuota");
        let mut update = body(&json!({"x": 5}));
        update["finetuned_output"] = json!(id);
        update["model"] = json!("paraformer-realtime-v1");
        let error = lists.compile(&update).await.unwrap_err();
        assert!(
            error.message.contains("model should be paraformer-v1"),
            "{error}"
        );
    }
}
