//! The phrase API: hot words of the first Paraformer generation, "compiled" by the fine-tuning
//! service. `POST /api/v1/fine-tunes`, and `/api/v1/fine-tunes/outputs` for what came of it.
//!
//! Follows "Paraformer hot words". Nothing else of the fine-tuning service is here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The only `training_type` here.
pub const COMPILE_ASR_PHRASE: &str = "compile_asr_phrase";

/// The body of `POST /fine-tunes`. Lists of training files come along from Python, and are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FineTune {
    /// The model that the phrases are for.
    pub model: String,
    /// [`COMPILE_ASR_PHRASE`].
    pub training_type: String,
    /// The phrases.
    pub hyper_parameters: PhraseParameters,
    /// The list whose phrases are replaced; a new one is made without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finetuned_output: Option<String>,
}

/// `hyper_parameters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhraseParameters {
    /// Phrases and their weights: 1 to 5 for more, -6 to -1 for less; others are not refused.
    pub phrase_list: BTreeMap<String, i64>,
}

/// `output` of `POST /fine-tunes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FineTuneJob {
    /// New with every call.
    pub job_id: String,
    /// `SUCCEEDED`: a list is compiled at once.
    pub status: String,
    /// The list's id, which calls name as `resource_id`.
    pub finetuned_output: String,
    /// [`COMPILE_ASR_PHRASE`].
    pub training_type: String,
    /// When the job was made, as `YYYY-MM-DD HH:MM:SS`.
    pub create_time: String,
}

/// A phrase list, without its phrases: `output` of `GET /fine-tunes/outputs/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FineTunedOutput {
    /// When it was made, as `YYYY-MM-DD HH:MM:SS`.
    pub create_time: String,
    /// The list's id.
    pub finetuned_output: String,
    /// The newest job that compiled it.
    pub job_id: String,
    /// The model that its phrases are for.
    pub model: String,
    /// `custom_resource`
    pub output_type: String,
}

/// `output` of `GET /fine-tunes/outputs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FineTunedOutputs {
    /// Which page, from 1.
    pub page_no: u32,
    /// Lists on a page.
    pub page_size: u32,
    /// Lists on all pages.
    pub total: u32,
    /// The lists of the page.
    pub finetuned_outputs: Vec<FineTunedOutput>,
}

/// `output` of `DELETE /fine-tunes/outputs/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedOutput {
    /// The list that was.
    pub finetuned_output: String,
}
