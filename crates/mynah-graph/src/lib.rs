//! ONNX graphs as data: reading, rewriting and writing the protobuf.
//!
//! Published speech models are exported for generality, not for the CPU that runs them. The
//! rewrites here change such a file once, before the first use, into one that a CPU computes
//! several times faster: see [`whisper`]. They look for operator patterns, count what they find
//! and refuse any other graph, so that a file they accept is a file they understand. The same
//! input always gives the same output bytes.

mod error;
mod graph;
mod proto;
mod tensor;
pub mod whisper;

pub use error::GraphError;
pub use proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, Shape, StringPair, Tensor, TensorType,
    Type, ValueInfo, attribute_type, dimension, type_value,
};
pub use tensor::ElementType;
