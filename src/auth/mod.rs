//! Who asks, and what they may do.

mod identity;
mod token;
mod viewer;

pub use identity::{
    Algorithm, Claim, CompanyOf, Identity, IdentitySettings, Mapping, Patience, ScopeName, Source, UserField,
};
pub use token::{NewToken, Secret, authenticate, create_token, is_opaque};
pub use viewer::Viewer;
