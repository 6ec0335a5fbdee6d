//! Authentication: who sends a request, and what they may do.

mod jwt;
mod lookup;
mod token;
mod viewer;

pub use jwt::{
    Algorithm, Claim, CompanyOf, IdentityProvider, IdentityProviderSettings, JwksSource, KeyRefreshPolicy, Mapping,
    ScopeName, UserField,
};
pub use token::{NewToken, Secret, Tokens, create_token, is_opaque};
pub use viewer::Viewer;
