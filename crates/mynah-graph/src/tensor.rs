//! Making tensors and reading their elements.

use bytes::Bytes;

use crate::{GraphError, Tensor};

/// The element types that the rewrites meet (`TensorProto.DataType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ElementType {
    /// 32-bit float.
    Float = 1,
    /// Unsigned byte.
    Uint8 = 2,
    /// Signed byte.
    Int8 = 3,
    /// 64-bit integer.
    Int64 = 7,
}

impl Tensor {
    /// A float tensor. `data` holds as many elements as `dims` multiply to.
    pub(crate) fn floats(name: &str, dims: &[i64], data: &[f32]) -> Self {
        let raw = data
            .iter()
            .flat_map(|element| element.to_le_bytes())
            .collect();
        Self::raw(name, dims, ElementType::Float, raw)
    }

    /// A one-dimensional tensor with one 64-bit integer.
    pub(crate) fn index(name: &str, value: i64) -> Self {
        Self::raw(name, &[1], ElementType::Int64, value.to_le_bytes().to_vec())
    }

    /// A tensor of signed bytes, given as their bit patterns.
    pub(crate) fn signed_bytes(name: &str, dims: &[i64], data: Vec<u8>) -> Self {
        Self::raw(name, dims, ElementType::Int8, data)
    }

    /// Whether the elements are of this type.
    pub(crate) fn is(&self, element: ElementType) -> bool {
        self.data_type == Some(element as i32)
    }

    /// The tensor's name; unnamed tensors have an empty one.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The raw bytes of a tensor of bytes, one for each element.
    pub(crate) fn byte_elements(&self) -> Result<&Bytes, GraphError> {
        let length: i64 = self.dims.iter().product();
        match &self.raw_data {
            Some(raw) if i64::try_from(raw.len()) == Ok(length) => Ok(raw),
            _ => Err(self.unreadable("bytes")),
        }
    }

    /// The value of an unsigned byte that stands alone. Exporters write such as a list of one.
    pub(crate) fn scalar_byte(&self) -> Result<u8, GraphError> {
        let unsigned = self.is(ElementType::Uint8) && self.is_single();
        match (
            unsigned,
            self.int32_data.as_slice(),
            self.raw_data.as_deref(),
        ) {
            (true, [value], None) => {
                u8::try_from(*value).map_err(|_| self.unreadable("an unsigned byte"))
            }
            (true, [], Some([value])) => Ok(*value),
            _ => Err(self.unreadable("an unsigned byte")),
        }
    }

    /// The value of a float that stands alone. Exporters write such as a list of one.
    pub(crate) fn scalar_float(&self) -> Result<f32, GraphError> {
        let float = self.is(ElementType::Float) && self.is_single();
        match (float, self.float_data.as_slice(), self.raw_data.as_deref()) {
            (true, [value], None) => Ok(*value),
            (true, [], Some(&[a, b, c, d])) => Ok(f32::from_le_bytes([a, b, c, d])),
            _ => Err(self.unreadable("a float")),
        }
    }

    fn raw(name: &str, dims: &[i64], element: ElementType, data: Vec<u8>) -> Self {
        Self {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(element as i32),
            raw_data: Some(Bytes::from(data)),
            ..Self::default()
        }
    }

    fn is_single(&self) -> bool {
        self.dims.iter().all(|length| *length == 1)
    }

    fn unreadable(&self, expected: &str) -> GraphError {
        GraphError::Unexpected(format!("initialiser {} is not {expected}", self.label()))
    }
}

/// Shifts unsigned bytes by -128 and gives the bit patterns of the signed results.
pub(crate) fn to_signed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0x80).collect()
}
