//! Which pipeline serves which model id.

use std::collections::BTreeMap;
use std::sync::Arc;

use mynah_speech::Pipeline;
use mynah_wire::ApiError;

/// The pipelines by the model ids they serve. An id also serves its snapshots, which are the id
/// and a date.
#[derive(Clone, Debug, Default)]
pub struct Serving {
    by_prefix: BTreeMap<String, Result<Arc<Pipeline>, Unserved>>,
}

/// Why an id that the server knows cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unserved {
    /// What the operator can do about it.
    pub remedy: String,
}

impl Serving {
    /// Serves `prefix`, and every id that begins with it, with a pipeline.
    pub fn insert(&mut self, prefix: &str, pipeline: Result<Arc<Pipeline>, Unserved>) {
        self.by_prefix.insert(prefix.to_owned(), pipeline);
    }

    /// The model ids that can be asked for, in order. A prefix of many is not one.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let served = |(id, pipeline): (_, &Result<_, _>)| pipeline.is_ok().then_some(id);
        let ids = self.by_prefix.iter().filter_map(served);
        ids.map(String::as_str).filter(|id| !id.ends_with('-'))
    }

    /// The pipeline for a model id: that of the longest prefix.
    pub fn pipeline(&self, model: &str) -> Result<Arc<Pipeline>, ApiError> {
        let longest = self
            .by_prefix
            .iter()
            .filter(|(prefix, _)| model.starts_with(*prefix));
        match longest.max_by_key(|(prefix, _)| prefix.len()) {
            Some((_, Ok(pipeline))) => Ok(pipeline.clone()),
            Some((_, Err(unserved))) => Err(ApiError::model_not_installed(model, &unserved.remedy)),
            None => Err(ApiError::model_not_found(model)),
        }
    }
}

#[cfg(test)]
mod tests {
    use mynah_speech::Effort;

    use super::*;

    #[test]
    fn the_longest_prefix_wins_and_a_missing_model_names_its_remedy() {
        let pipeline = |recognizer: &str| {
            Ok(Arc::new(Pipeline {
                recognizer: recognizer.to_owned(),
                effort: Effort::Fast,
                partials: Vec::new(),
                detector: None,
            }))
        };
        let mut serving = Serving::default();
        serving.insert("fun-asr-realtime", pipeline("a"));
        serving.insert("fun-asr-realtime-2025-09-15", pipeline("b"));
        serving.insert(
            "paraformer-realtime",
            Err(Unserved {
                remedy: "pull it".to_owned(),
            }),
        );
        let recognizer = |model| {
            serving
                .pipeline(model)
                .map(|found| found.recognizer.clone())
        };
        assert_eq!(recognizer("fun-asr-realtime-2026-02-28").unwrap(), "a");
        assert_eq!(recognizer("fun-asr-realtime-2025-09-15").unwrap(), "b");
        assert!(
            recognizer("paraformer-realtime-v2")
                .unwrap_err()
                .message
                .contains("pull it")
        );
        assert_eq!(
            recognizer("gummy-chat-v1").unwrap_err().code,
            "ModelNotFound"
        );
    }
}
