//! Authentication: who sends a request, and what they may do.

mod identity;
mod lookup;
mod token;
mod viewer;

pub use identity::{
    Algorithm, Claim, CompanyOf, Identity, IdentitySettings, Mapping, Patience, ScopeName, Source, UserField,
};
pub use token::{NewToken, Secret, Tokens, create_token, is_opaque};
pub use viewer::{TokenKey, Viewer};
