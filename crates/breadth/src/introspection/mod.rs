//! Introspection (GraphQL, section 4.2) of the types that documents are validated against, so clients see exactly what
//! they may query. It is planned with the document, and written straight into the response.

mod plan;
mod write;

pub use plan::Introspected;
pub use write::Introspection;
