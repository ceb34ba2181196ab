//! The utterances that benches score, with what is said in them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use mynah_text::Language;
use mynah_text::score::{Errors, errors, normalise};

use crate::workspace;

/// A language's utterances, and how its errors are called.
#[derive(Debug)]
pub(super) struct Corpus {
    pub(super) name: &'static str,
    pub(super) language: Language,
    pub(super) utterances: Vec<Utterance>,
}

/// A recording (FLAC, 16 kHz, mono) and its transcript.
#[derive(Debug, Clone)]
pub(super) struct Utterance {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Both corpora of the larger set of recordings.
pub(super) fn all() -> Result<Vec<Corpus>> {
    let dir = workspace::audio_dir().with_context(|| {
        format!(
            "the recordings were not found; {} names their folder",
            workspace::AUDIO_DIR_VARIABLE
        )
    })?;
    let english = Corpus {
        name: "LibriSpeech test-other, WER",
        language: Language::ENGLISH,
        utterances: read(&dir.join("en/librispeech-test-other"))?,
    };
    let chinese = Corpus {
        name: "AISHELL-1, CER",
        language: Language::CHINESE,
        utterances: read(&dir.join("zh/aishell"))?,
    };
    Ok(vec![english, chinese])
}

impl Corpus {
    /// The errors in what was heard, one text per utterance.
    pub(super) fn errors<'a>(&self, heard: impl IntoIterator<Item = &'a str>) -> Errors {
        let units = |text: &str| normalise(text, self.language);
        let pairs = self.utterances.iter().zip(heard);
        pairs
            .map(|(utterance, heard)| errors(&units(&utterance.text), &units(heard)))
            .sum()
    }
}

/// Reads `transcripts.tsv`: a header, then identifier and text in the first two columns.
fn read(dir: &Path) -> Result<Vec<Utterance>> {
    let table = dir.join("transcripts.tsv");
    let text =
        fs::read_to_string(&table).with_context(|| format!("reading {}", table.display()))?;
    let rows = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    rows.map(|row| {
        let mut columns = row.split('\t');
        let (Some(id), Some(text)) = (columns.next(), columns.next()) else {
            bail!("no text in {row:?} of {}", table.display());
        };
        Ok(Utterance {
            path: dir.join(format!("{id}.flac")),
            text: text.to_owned(),
        })
    })
    .collect()
}
