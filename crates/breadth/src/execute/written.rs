//! What is written of a response so far.

use super::buffer::Buffer;
use crate::response_error::ResponseError;

/// The object cannot be written because of a null; the error is already recorded.
#[derive(Clone, Copy)]
pub struct NullPropagated;

/// The output so far.
#[derive(Default)]
pub struct WrittenResponse {
    pub out: Buffer,
    /// Bytes that the meter already knows of.
    pub charged: usize,
    pub errors: Vec<ResponseError>,
    /// Number of root fields that errors made null.
    pub failed: usize,
}
