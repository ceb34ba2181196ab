//! The rewrites of quantised Whisper models.
//!
//! Valid for the dynamically quantised exports `encoder_model_quantized.onnx` and
//! `decoder_model_merged_quantized.onnx` of the multilingual Whisper sizes (standard operator set
//! 11, weights quantised per tensor). As exported they
//! * multiply unsigned activations with unsigned weights in the encoder, for which CPUs have no
//!   fast instruction, while unsigned with signed has one;
//! * turn the whole embedding table into floats at every token, to compute the logits with it;
//! * keep the first and the later decoder calls in the branches of one conditional;
//! * always encode 30 s.
//!
//! [`rewrite_encoder`] and [`split_decoder`] change that. What the network computes stays the same
//! up to the quantisation of the activations of two convolutions (less) and of the last layer
//! (more).

mod decoder;
mod encoder;

pub use decoder::{DecoderGraphs, split_decoder};
pub use encoder::{EncoderWeights, rewrite_encoder};

/// Rows of encoder output, and of its position table, for the 30 s that Whisper was trained on.
const ENCODER_ROWS: i64 = 1500;
