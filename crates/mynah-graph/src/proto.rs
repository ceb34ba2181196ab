//! The messages of an ONNX file, as far as neural networks for inference use them.
//!
//! Field numbers and types follow the format's definition (`onnx.proto`, proto2 syntax:
//! <https://onnx.ai/onnx/repo-docs/IR.html>). Every singular field is an `Option`, so that a field
//! that is present with its default value stays present. Left out are training information, model
//! local functions, sparse tensors, types other than tensors and device placement;
//! [`Model::from_bytes`] refuses a file that has any of them, so nothing is ever lost in silence.

use bytes::Bytes;
use prost::Message;

use crate::GraphError;

/// A whole file (`ModelProto`).
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// Version of the format.
    #[prost(int64, optional, tag = "1")]
    pub ir_version: Option<i64>,
    /// Name of the program that wrote the file.
    #[prost(string, optional, tag = "2")]
    pub producer_name: Option<String>,
    /// Version of the program that wrote the file.
    #[prost(string, optional, tag = "3")]
    pub producer_version: Option<String>,
    /// Reverse-DNS name space of the model.
    #[prost(string, optional, tag = "4")]
    pub domain: Option<String>,
    /// Version of the model.
    #[prost(int64, optional, tag = "5")]
    pub model_version: Option<i64>,
    /// Human-readable description.
    #[prost(string, optional, tag = "6")]
    pub doc_string: Option<String>,
    /// The network.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// The operator sets that the network's nodes belong to.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    /// Named values of the producer's choice.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringPair>,
}

/// A version of a set of operators (`OperatorSetIdProto`).
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OperatorSet {
    /// The set; empty for the standard one.
    #[prost(string, optional, tag = "1")]
    pub domain: Option<String>,
    /// Its version.
    #[prost(int64, optional, tag = "2")]
    pub version: Option<i64>,
}

/// A key and a value (`StringStringEntryProto`).
#[derive(Clone, PartialEq, Eq, Message)]
pub struct StringPair {
    /// The key.
    #[prost(string, optional, tag = "1")]
    pub key: Option<String>,
    /// The value.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

/// A network, or a branch of a conditional (`GraphProto`). Nodes are in topological order.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// The operations.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// The graph's name.
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
    /// Constants, weights above all.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// Human-readable description.
    #[prost(string, optional, tag = "10")]
    pub doc_string: Option<String>,
    /// What the caller gives.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// What the caller can ask for.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
    /// Types of inner values. Only a help to readers: runtimes infer them.
    #[prost(message, repeated, tag = "13")]
    pub value_info: Vec<ValueInfo>,
    /// Named values of the producer's choice.
    #[prost(message, repeated, tag = "16")]
    pub metadata_props: Vec<StringPair>,
}

/// One operation (`NodeProto`).
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of the values read; an empty name stands for an optional input left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of the values made.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// The node's own name.
    #[prost(string, optional, tag = "3")]
    pub name: Option<String>,
    /// The operator.
    #[prost(string, optional, tag = "4")]
    pub op_type: Option<String>,
    /// The operator's parameters.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    /// Human-readable description.
    #[prost(string, optional, tag = "6")]
    pub doc_string: Option<String>,
    /// The operator set; absent or empty for the standard one.
    #[prost(string, optional, tag = "7")]
    pub domain: Option<String>,
    /// Named values of the producer's choice.
    #[prost(message, repeated, tag = "9")]
    pub metadata_props: Vec<StringPair>,
}

/// A named parameter of a node (`AttributeProto`).
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// The name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// The value, if it is a float.
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    /// The value, if it is an integer.
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    /// The value, if it is a string.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub s: Option<Bytes>,
    /// The value, if it is a tensor.
    #[prost(message, optional, tag = "5")]
    pub t: Option<Tensor>,
    /// The value, if it is a graph.
    #[prost(message, optional, tag = "6")]
    pub g: Option<Graph>,
    /// The value, if it is a list of floats.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// The value, if it is a list of integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// The value, if it is a list of strings.
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub strings: Vec<Bytes>,
    /// The value, if it is a list of tensors.
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<Tensor>,
    /// The value, if it is a list of graphs.
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<Graph>,
    /// Human-readable description.
    #[prost(string, optional, tag = "13")]
    pub doc_string: Option<String>,
    /// Which of the fields holds the value, one of [`attribute_type`].
    #[prost(int32, optional, tag = "20")]
    pub kind: Option<i32>,
    /// In a function's body: the function's parameter that stands here.
    #[prost(string, optional, tag = "21")]
    pub ref_attr_name: Option<String>,
}

/// The values of [`Attribute::kind`] that this crate writes.
pub mod attribute_type {
    /// An integer.
    pub const INT: i32 = 2;
}

/// A tensor with its data (`TensorProto`).
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Shape; empty for a scalar.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// Element type, see [`crate::ElementType`].
    #[prost(int32, optional, tag = "2")]
    pub data_type: Option<i32>,
    /// Elements, if they are floats not held in `raw_data`.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements, if they are integers of at most 32 bits not held in `raw_data`.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements, if they are strings.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub string_data: Vec<Bytes>,
    /// Elements, if they are 64-bit integers not held in `raw_data`.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// The tensor's name.
    #[prost(string, optional, tag = "8")]
    pub name: Option<String>,
    /// Elements, little-endian and without gaps.
    #[prost(bytes = "bytes", optional, tag = "9")]
    pub raw_data: Option<Bytes>,
    /// Elements, if they are doubles not held in `raw_data`.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements, if they are unsigned 64-bit integers not held in `raw_data`.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Human-readable description.
    #[prost(string, optional, tag = "12")]
    pub doc_string: Option<String>,
    /// Where the elements lie, if not in this file.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringPair>,
    /// Whether the elements lie in another file (1) or here (0).
    #[prost(int32, optional, tag = "14")]
    pub data_location: Option<i32>,
}

/// Name and type of a value (`ValueInfoProto`).
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// The value's name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
    /// Human-readable description.
    #[prost(string, optional, tag = "3")]
    pub doc_string: Option<String>,
}

/// A type (`TypeProto`).
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// The type proper.
    #[prost(oneof = "type_value::Value", tags = "1")]
    pub value: Option<type_value::Value>,
    /// A standard meaning, such as an image.
    #[prost(string, optional, tag = "6")]
    pub denotation: Option<String>,
}

/// What a [`Type`] can be.
pub mod type_value {
    /// The kinds of types. Only tensors occur in the networks used here.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        /// A tensor.
        #[prost(message, tag = "1")]
        Tensor(super::TensorType),
    }
}

/// Type of a tensor (`TypeProto.Tensor`).
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// Element type, see [`crate::ElementType`].
    #[prost(int32, optional, tag = "1")]
    pub elem_type: Option<i32>,
    /// Its shape; absent if unknown.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// A shape (`TensorShapeProto`).
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// Its dimensions.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// One dimension of a shape (`TensorShapeProto.Dimension`).
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Dimension {
    /// Its length, or a name for it; absent if unknown.
    #[prost(oneof = "dimension::Value", tags = "1, 2")]
    pub value: Option<dimension::Value>,
    /// A standard meaning, such as the batch.
    #[prost(string, optional, tag = "3")]
    pub denotation: Option<String>,
}

/// What a [`Dimension`] can be.
pub mod dimension {
    /// A length, or a name for one.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Value {
        /// A fixed length.
        #[prost(int64, tag = "1")]
        Length(i64),
        /// A length that is known when the network runs.
        #[prost(string, tag = "2")]
        Name(String),
    }
}

impl Model {
    /// Reads a file. The tensors' data stay where they are in `bytes`: nothing is copied.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, GraphError> {
        let read = bytes.len();
        let model = Self::decode(bytes)?;
        let understood = model.encoded_len();
        if read == understood {
            Ok(model)
        } else {
            Err(GraphError::UnknownFields { read, understood })
        }
    }

    /// Writes the file. Equal models give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}
