//! What a request says: who sends it, what it accepts, and which operation it names.

pub mod accept;
mod authenticate;
mod bearer;
pub mod body;
pub mod head;
pub mod origin;
pub mod parameter;
pub mod parse;
pub mod request_id;
