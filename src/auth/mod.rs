//! Who asks, and what they may do.

mod token;
mod viewer;

pub use token::{NewToken, Secret, authenticate, create_token};
pub use viewer::Viewer;
