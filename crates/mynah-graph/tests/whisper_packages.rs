//! The rewrites on the real packages, with ONNX Runtime as the judge of what they compute.
//!
//! The models directory is `MYNAH_MODELS_DIR`; without it these tests are skipped, unless
//! `MYNAH_REQUIRE_MODELS=1`.

#![expect(
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    reason = "helpers of tests count as no tests"
)]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use mynah_graph::whisper::{DecoderGraphs, EncoderWeights, rewrite_encoder, split_decoder};
use mynah_graph::{GraphError, Model};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::Tensor;
use sha2::{Digest, Sha256};

const SIZES: [&str; 2] = ["whisper-base", "whisper-small"];
const ENCODER: &str = "encoder_model_quantized.onnx";
const DECODER: &str = "decoder_model_merged_quantized.onnx";

#[test]
fn reading_and_writing_gives_the_same_bytes() {
    let Some(models) = models() else { return };
    for size in SIZES {
        for file in [ENCODER, DECODER] {
            let bytes = read(&models.join(size).join(file));
            let model = Model::from_bytes(bytes.clone()).unwrap();
            assert!(model.to_bytes() == bytes, "{size}/{file}");
        }
    }
}

#[test]
fn a_rewritten_encoder_has_the_expected_nodes() {
    let Some(models) = models() else { return };
    for (size, layers) in [("whisper-base", 6), ("whisper-small", 12)] {
        let model = rewrite_encoder(load(&models, size, ENCODER), EncoderWeights::Signed).unwrap();
        assert_eq!(count(&model, "Conv"), 2);
        assert_eq!(count(&model, "ConvInteger"), 0);
        assert_eq!(count(&model, "MatMulInteger"), 6 * layers);
        assert_eq!(count(&model, "DynamicQuantizeLinear"), 4 * layers);
        let graph = model.graph.unwrap();
        assert_eq!((graph.input.len(), graph.output.len()), (1, 1));
        let unsigned = graph
            .initializer
            .iter()
            .filter(|tensor| tensor.data_type == Some(2));
        assert_eq!(unsigned.count(), 0);
    }
}

#[test]
fn split_decoders_have_the_expected_nodes() {
    let Some(models) = models() else { return };
    for (size, layers, heard) in [
        ("whisper-base", 6, &[3, 4, 5][..]),
        ("whisper-small", 12, &[5, 8, 9, 10]),
    ] {
        let DecoderGraphs { first, next } =
            split_decoder(&load(&models, size, DECODER), heard).unwrap();
        assert_eq!(count(&first, "MatMulInteger"), 10 * layers + 1);
        assert_eq!(count(&next, "MatMulInteger"), 8 * layers + 1);
        for model in [&first, &next] {
            assert_eq!(count(model, "If"), 0);
            assert_eq!(count(model, "DequantizeLinear"), 1);
        }
        let ends = |model: &Model| {
            let graph = model.graph.as_ref().unwrap();
            (graph.input.len(), graph.output.len())
        };
        assert_eq!(ends(&first), (2, 1 + 4 * layers + heard.len()));
        assert_eq!(ends(&next), (1 + 4 * layers, 1 + 2 * layers + heard.len()));
    }
}

#[test]
fn the_same_file_always_gives_the_same_bytes() {
    let Some(models) = models() else { return };
    let hashes = || {
        let encoder = load(&models, "whisper-base", ENCODER);
        let encoder = rewrite_encoder(encoder, EncoderWeights::Signed).unwrap();
        let decoder = split_decoder(&load(&models, "whisper-base", DECODER), &[3, 4, 5]).unwrap();
        [encoder, decoder.first, decoder.next].map(|model| Sha256::digest(model.to_bytes()))
    };
    assert_eq!(hashes(), hashes());
}

#[test]
fn other_graphs_are_refused() {
    let Some(models) = models() else { return };
    let encoder = load(&models, "whisper-base", ENCODER);
    let decoder = load(&models, "whisper-base", DECODER);
    let refusal = |result: Result<Model, GraphError>| result.unwrap_err().to_string();
    assert_eq!(
        refusal(rewrite_encoder(decoder.clone(), EncoderWeights::Signed)),
        "not the expected graph: 37 outputs instead of 1",
    );
    assert_eq!(
        refusal(split_decoder(&encoder, &[]).map(|graphs| graphs.first)),
        "not the expected graph: 0 conditionals instead of 1",
    );
    assert_eq!(
        refusal(split_decoder(&decoder, &[6]).map(|graphs| graphs.first)),
        "not the expected graph: no layer 6 among 6",
    );
    let once = rewrite_encoder(encoder, EncoderWeights::Signed).unwrap();
    assert_eq!(
        refusal(rewrite_encoder(once, EncoderWeights::Signed)),
        "not the expected graph: 36 MatMulInteger nodes instead of 0",
    );
}

#[test]
fn damaged_files_are_refused() {
    let Some(models) = models() else { return };
    let bytes = read(&models.join("whisper-base").join(ENCODER));
    let half = Model::from_bytes(bytes.slice(..bytes.len() / 2));
    assert!(matches!(half, Err(GraphError::Malformed(_))));
    // A field that no version of the format has.
    let mut longer = bytes.to_vec();
    longer.extend([0xf8, 0x3f, 0x01]);
    let longer = Model::from_bytes(longer.into());
    assert!(matches!(longer, Err(GraphError::UnknownFields { .. })));
}

/// Signed weights give the same products: the states are equal bit by bit.
#[test]
fn signed_weights_compute_the_same_states() {
    let Some(models) = models() else { return };
    let environment = environment(&models);
    for size in SIZES {
        let states = |weights| {
            let model = rewrite_encoder(load(&models, size, ENCODER), weights).unwrap();
            encode(&environment, &model, 300)
        };
        let signed = states(EncoderWeights::Signed);
        assert!(signed.iter().any(|value| value.abs() > 1.0));
        assert!(signed == states(EncoderWeights::AsExported), "{size}");
    }
}

fn models() -> Option<PathBuf> {
    let models = std::env::var_os("MYNAH_MODELS_DIR").map(PathBuf::from);
    if models.is_none() {
        assert!(
            std::env::var_os("MYNAH_REQUIRE_MODELS").is_none(),
            "MYNAH_MODELS_DIR is not set"
        );
        eprintln!("skipped: MYNAH_MODELS_DIR is not set");
    }
    models
}

fn read(path: &Path) -> Bytes {
    std::fs::read(path).unwrap().into()
}

fn load(models: &Path, size: &str, file: &str) -> Model {
    Model::from_bytes(read(&models.join(size).join(file))).unwrap()
}

fn count(model: &Model, operator: &str) -> usize {
    let nodes = &model.graph.as_ref().unwrap().node;
    nodes
        .iter()
        .filter(|node| node.op_type.as_deref() == Some(operator))
        .count()
}

fn environment(models: &Path) -> Environment {
    let library = models.join("onnxruntime").join("libonnxruntime.so");
    ort::init_from(library).unwrap().build().unwrap()
}

/// The states of a made-up but busy input of `frames` frames.
fn encode(environment: &Environment, model: &Model, frames: usize) -> Vec<f32> {
    let mut session = Session::builder(environment)
        .unwrap()
        .commit_from_memory(&model.to_bytes())
        .unwrap();
    let features: Vec<f32> = (0..80 * frames)
        .map(|i| ((i * i) as f32 * 0.37).sin())
        .collect();
    let features = Tensor::from_array(([1, 80, frames], features)).unwrap();
    let outputs = session
        .run(ort::inputs!["input_features" => features])
        .unwrap();
    let (shape, states) = outputs["last_hidden_state"]
        .try_extract_tensor::<f32>()
        .unwrap();
    assert_eq!(shape[1], frames as i64 / 2);
    states.to_vec()
}
