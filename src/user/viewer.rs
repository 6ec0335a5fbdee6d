use std::sync::Arc;

use async_graphql::Enum;
use breadth::{field, leaf_enum, object, required};

use super::{User, UserById};
use crate::auth;
use crate::company::{Company, CompanyById};
use crate::store::entity::token;

/// A permission of a token. READ and WRITE cover notes; CONFIDENTIAL adds confidential ones; ADMIN includes all of them
/// and the administration of tokens, people and note types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "token::Scope")]
pub enum Scope {
    /// Read notes and the people in them.
    Read,
    /// Change notes, and read them: a mutation returns what it changed.
    Write,
    /// See confidential notes of others, too.
    Confidential,
    /// All other scopes, and the administration of tokens, people and note types.
    Admin,
}
leaf_enum!(Scope);

/// The GraphQL object of the viewer.
#[derive(Clone)]
pub struct Viewer(pub Arc<auth::Viewer>);

object! {
    /// The authenticated user, with the user's company and scopes.
    Viewer {
        /// The user who sends the request.
        user = required::<_, UserById, _>(|viewer: &Viewer| viewer.0.user_id, User);
        /// The company of the user; records of other companies are invisible.
        company = required::<_, CompanyById, _>(|viewer: &Viewer| viewer.0.company_id, Company);
        /// The scopes of the token.
        scopes = field(|viewer: &Viewer| viewer.0.scopes.iter().copied().map(Scope::from).collect::<Vec<_>>());
    }
}
