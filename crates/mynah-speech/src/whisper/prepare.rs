//! Making a published model ready: its graphs rewritten for this CPU, and the encoder's output for
//! silence, computed once and kept beside the published files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::UNIX_EPOCH;

use mynah_graph::Model;
use mynah_graph::whisper::{EncoderWeights, rewrite_encoder, split_decoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::WINDOW_FRAMES;
use super::features::{BANDS, Features};
use super::files::{self, read, read_json, unusable};
use super::networks::encode;
use super::settings::{Sizes, alignment_heads};
use crate::{Runtime, SpeechError};

/// Raised whenever the same published files would give other prepared ones.
const REWRITE_VERSION: u32 = 1;
/// The folder that prepared files are made in, before it gets its name.
const PARTIAL: &str = "prepared.partial";
/// The file that keeps two processes from preparing at the same time.
const LOCK: &str = "prepare.lock";
/// The feature value of silence. Clips' own silence lies between -1.1 and -0.6; the recognised text
/// does not depend on it.
const SILENT_FEATURE: f32 = -0.6;
/// The published files that prepared ones are made from.
const SOURCES: [&str; 4] = [
    files::ENCODER_SOURCE,
    files::DECODER_SOURCE,
    files::CONFIG,
    files::GENERATION,
];
/// The prepared files, except the manifest.
const RESULTS: [&str; 4] = [
    files::ENCODER,
    files::DECODER_FIRST,
    files::DECODER_NEXT,
    files::SILENCE,
];

/// What prepared files were made from, and how.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    rewrite_version: u32,
    signed_encoder: bool,
    sources: BTreeMap<String, Entry>,
    results: BTreeMap<String, Entry>,
}

/// A file at the time of preparation.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    /// Seconds from the epoch to the last change.
    modified_s: u64,
    sha256: String,
}

/// Prepares the model in `model_dir` for this CPU, if it is not prepared yet. Takes up to a minute
/// and memory of about five times the published decoder.
///
/// Nothing half made is ever visible: the results appear together. A second process that prepares
/// the same model waits for the first. `progress` is told the share of the work done, 0.0 to 1.0.
pub fn prepare(
    model_dir: &Path,
    runtime: &Runtime,
    progress: &mut dyn FnMut(f32),
) -> Result<(), SpeechError> {
    let lock_path = model_dir.join(LOCK);
    let lock = File::create(&lock_path).map_err(|error| unusable(&lock_path, &error))?;
    lock.lock().map_err(|error| unusable(&lock_path, &error))?;
    if !is_prepared(model_dir) {
        let partial = model_dir.join(PARTIAL);
        let prepared = model_dir.join(files::PREPARED);
        empty_folder(&partial)?;
        make_results(model_dir, &partial, runtime, progress)?;
        write_manifest(model_dir, &partial)?;
        if prepared.exists() {
            fs::remove_dir_all(&prepared).map_err(|error| unusable(&prepared, &error))?;
        }
        fs::rename(&partial, &prepared).map_err(|error| unusable(&prepared, &error))?;
    }
    progress(1.0);
    Ok(())
}

/// Whether the model in `model_dir` is prepared, by this version of the program, for a CPU like this
/// one, from the published files that lie there now.
///
/// Files are compared by size and time; the contents are read only where the time differs.
pub fn is_prepared(model_dir: &Path) -> bool {
    let prepared = model_dir.join(files::PREPARED);
    let Ok(manifest) = read_json::<Manifest>(&prepared.join(files::MANIFEST)) else {
        return false;
    };
    let unchanged = |folder: &Path, names: &[&str], entries: &BTreeMap<String, Entry>| {
        names.iter().all(|name| {
            entries
                .get(*name)
                .is_some_and(|entry| entry.is_still_true_of(&folder.join(name)))
        })
    };
    manifest.rewrite_version == REWRITE_VERSION
        && manifest.signed_encoder == (encoder_weights() == EncoderWeights::Signed)
        && unchanged(model_dir, &SOURCES, &manifest.sources)
        && unchanged(&prepared, &RESULTS, &manifest.results)
}

/// How the encoder's weights suit this CPU. Before the dot product instructions, x86 adds pairs of
/// unsigned times signed bytes in 16 bits, where they may saturate.
fn encoder_weights() -> EncoderWeights {
    #[cfg(target_arch = "x86_64")]
    if !std::is_x86_feature_detected!("avx512vnni") && !std::is_x86_feature_detected!("avxvnni") {
        return EncoderWeights::AsExported;
    }
    EncoderWeights::Signed
}

fn make_results(
    model_dir: &Path,
    folder: &Path,
    runtime: &Runtime,
    progress: &mut dyn FnMut(f32),
) -> Result<(), SpeechError> {
    progress(0.0);
    make_encoder(model_dir, folder)?;
    progress(0.2);
    make_decoder(model_dir, folder)?;
    progress(0.6);
    make_silence(folder, runtime)?;
    progress(0.8);
    Ok(())
}

fn make_encoder(model_dir: &Path, folder: &Path) -> Result<(), SpeechError> {
    let path = model_dir.join(files::ENCODER_SOURCE);
    let encoder = load(&path)
        .and_then(|model| Ok(rewrite_encoder(model, encoder_weights())?))
        .map_err(|Unusable(reason)| unusable(&path, &reason))?;
    write(&folder.join(files::ENCODER), &encoder.to_bytes())
}

fn make_decoder(model_dir: &Path, folder: &Path) -> Result<(), SpeechError> {
    let heads = alignment_heads(model_dir, Sizes::open(model_dir)?)?;
    let mut layers: Vec<usize> = heads.iter().map(|at| at.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    let path = model_dir.join(files::DECODER_SOURCE);
    let graphs = load(&path)
        .and_then(|model| Ok(split_decoder(&model, &layers)?))
        .map_err(|Unusable(reason)| unusable(&path, &reason))?;
    write(&folder.join(files::DECODER_FIRST), &graphs.first.to_bytes())?;
    write(&folder.join(files::DECODER_NEXT), &graphs.next.to_bytes())
}

/// Encodes 30 s of silence. Done here and not at every start, because a session that has once
/// encoded 30 s keeps the memory for it.
fn make_silence(folder: &Path, runtime: &Runtime) -> Result<(), SpeechError> {
    let mut encoder = runtime.open(&folder.join(files::ENCODER))?;
    let values = vec![SILENT_FEATURE; BANDS * WINDOW_FRAMES];
    let states = encode(
        &mut encoder,
        Features {
            values,
            frames: WINDOW_FRAMES,
        },
    )?;
    let bytes: Vec<u8> = states
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    write(&folder.join(files::SILENCE), &bytes)
}

/// Why a published file was refused.
struct Unusable(String);

impl<E: std::error::Error> From<E> for Unusable {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn load(path: &Path) -> Result<Model, Unusable> {
    Ok(Model::from_bytes(fs::read(path)?.into())?)
}

fn write_manifest(model_dir: &Path, folder: &Path) -> Result<(), SpeechError> {
    let manifest = Manifest {
        rewrite_version: REWRITE_VERSION,
        signed_encoder: encoder_weights() == EncoderWeights::Signed,
        sources: entries(model_dir, &SOURCES)?,
        results: entries(folder, &RESULTS)?,
    };
    let path = folder.join(files::MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| unusable(&path, &error))?;
    write(&path, &json)
}

fn entries(folder: &Path, names: &[&str]) -> Result<BTreeMap<String, Entry>, SpeechError> {
    let entry = |name: &&str| Ok(((*name).to_owned(), Entry::of(&folder.join(name))?));
    names.iter().map(entry).collect()
}

fn empty_folder(path: &Path) -> Result<(), SpeechError> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(|error| unusable(path, &error))?;
    }
    fs::create_dir(path).map_err(|error| unusable(path, &error))
}

/// Writes a file down to the disk, so that the folder's new name never outlives its contents.
fn write(path: &Path, bytes: &[u8]) -> Result<(), SpeechError> {
    fs::write(path, bytes)
        .and_then(|()| File::open(path)?.sync_all())
        .map_err(|error| unusable(path, &error))
}

impl Entry {
    fn of(path: &Path) -> Result<Self, SpeechError> {
        let (bytes, modified_s) = size_and_time(path).map_err(|error| unusable(path, &error))?;
        Ok(Self {
            bytes,
            modified_s,
            sha256: sha256(&read(path)?),
        })
    }

    fn is_still_true_of(&self, path: &Path) -> bool {
        match size_and_time(path) {
            Ok((bytes, _)) if bytes != self.bytes => false,
            Ok((_, modified_s)) if modified_s == self.modified_s => true,
            Ok(_) => read(path).is_ok_and(|bytes| sha256(&bytes) == self.sha256),
            Err(_) => false,
        }
    }
}

fn size_and_time(path: &Path) -> std::io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    let age = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok((metadata.len(), age.as_secs()))
}

fn sha256(bytes: &[u8]) -> String {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from(HEX[digit as usize]));
    Sha256::digest(bytes).into_iter().flat_map(digits).collect()
}
