//! What can be wrong with a model file.

/// Why a model was not read or not rewritten.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The bytes are no protobuf of an ONNX model.
    #[error("not an onnx model: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// The graph is not the one that a rewrite is made for.
    #[error("not the expected graph: {0}")]
    Unexpected(String),
    /// Reading and writing the model would lose something: it has fields that the messages of this
    /// crate leave out, or an encoding that they do not reproduce.
    #[error("the model is {read} bytes long, of which {understood} are understood")]
    UnknownFields {
        /// Bytes in the file.
        read: usize,
        /// Bytes that writing the model again would give.
        understood: usize,
    },
}

impl GraphError {
    /// A graph that a rewrite refuses, and what it met.
    pub(crate) fn unexpected(what: impl Into<String>) -> Self {
        Self::Unexpected(what.into())
    }
}

/// Refuses a graph in which something does not occur as often as the rewrite expects.
pub(crate) fn expect_count(what: &str, found: usize, expected: usize) -> Result<(), GraphError> {
    if found == expected {
        Ok(())
    } else {
        Err(GraphError::Unexpected(format!(
            "{found} {what} instead of {expected}"
        )))
    }
}
