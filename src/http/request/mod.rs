//! Reading requests: the sender, the accepted media types, and the operation.

pub mod accept;
mod authenticate;
pub mod bearer;
pub mod body;
pub mod head;
pub mod origin;
pub mod parse;
pub mod request_id;
