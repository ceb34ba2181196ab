//! The vocabulary API: `POST /api/v1/services/audio/asr/customization` with the model
//! `speech-biasing`.
//!
//! Follows "Custom hot-word HTTP API reference". One address, told apart by `input.action`; each
//! action has a type of its own for what else `input` holds.

use serde::{Deserialize, Serialize};

/// The only model of the vocabulary API.
pub const MODEL: &str = "speech-biasing";

/// `input.action` values.
pub mod action {
    /// Makes a list.
    pub const CREATE_VOCABULARY: &str = "create_vocabulary";
    /// Names the lists there are.
    pub const LIST_VOCABULARY: &str = "list_vocabulary";
    /// Shows one list.
    pub const QUERY_VOCABULARY: &str = "query_vocabulary";
    /// Replaces the words of a list.
    pub const UPDATE_VOCABULARY: &str = "update_vocabulary";
    /// Deletes a list.
    pub const DELETE_VOCABULARY: &str = "delete_vocabulary";
}

/// An element of `vocabulary`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VocabularyWord {
    /// The word as it should be written.
    pub text: String,
    /// How much it is preferred: 1 to 5, or 50 for a "super" word. Others are not refused, and
    /// some samples give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// The language it is a word of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Gummy: the language of `translation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_lang: Option<String>,
    /// Gummy: how the word is to be translated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<String>,
}

/// `input` of `create_vocabulary`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVocabulary {
    /// The model the list is for.
    pub target_model: String,
    /// What the list is found by: lower-case letters and digits.
    pub prefix: String,
    /// Its words.
    pub vocabulary: Vec<VocabularyWord>,
}

/// `input` of `list_vocabulary`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListVocabulary {
    /// Only the lists made with this prefix; all if absent or `null`.
    #[serde(default)]
    pub prefix: Option<String>,
    /// Which page, from 0.
    #[serde(default)]
    pub page_index: Option<u32>,
    /// Lists on a page.
    #[serde(default)]
    pub page_size: Option<u32>,
}

/// `input` of `query_vocabulary` and `delete_vocabulary`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameVocabulary {
    /// The list.
    pub vocabulary_id: String,
}

/// `input` of `update_vocabulary`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateVocabulary {
    /// The list.
    pub vocabulary_id: String,
    /// All of its words from now on.
    pub vocabulary: Vec<VocabularyWord>,
}

/// `output` of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CustomizationOutput {
    /// Of `create_vocabulary`.
    Created {
        /// The new list.
        vocabulary_id: String,
    },
    /// Of `list_vocabulary`.
    Listed {
        /// The lists of a page, which may be none.
        vocabulary_list: Vec<VocabularySummary>,
    },
    /// Of `query_vocabulary`.
    Found(VocabularyDetails),
    /// Of `update_vocabulary` and `delete_vocabulary`: an empty object.
    Done {},
}

/// Whether a list can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VocabularyStatus {
    /// It can. The official samples give a list up whose status is another when they ask for it.
    #[serde(rename = "OK")]
    Ok,
    /// It cannot.
    #[serde(rename = "UNDEPLOYED")]
    Undeployed,
}

/// An element of `vocabulary_list`. The Java SDK requires all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VocabularySummary {
    /// The list.
    pub vocabulary_id: String,
    /// When it was made, as `YYYY-MM-DD HH:MM:SS`.
    pub gmt_create: String,
    /// When its words were last replaced, in the same form.
    pub gmt_modified: String,
    /// Whether it can be used.
    pub status: VocabularyStatus,
}

/// A list in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VocabularyDetails {
    /// Its id, times and status.
    #[serde(flatten)]
    pub summary: VocabularySummary,
    /// The model it is for.
    pub target_model: String,
    /// Its words as they were given.
    pub vocabulary: Vec<VocabularyWord>,
}

/// `usage` of every action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomizationUsage {
    /// Always 1.
    pub count: u32,
}
