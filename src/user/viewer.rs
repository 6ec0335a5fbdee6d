use std::sync::Arc;

use async_graphql::Enum;

use super::{User, UserById};
use crate::auth;
use crate::company::{Company, CompanyById};
use crate::engine::{leaf, leaf_enum, object, promised};
use crate::entity::token;

/// What a token permits. READ and WRITE cover notes; CONFIDENTIAL adds confidential ones; ADMIN means all of them and
/// the administration of tokens, people and note types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "token::Scope")]
pub enum Scope {
    /// Read notes and the people in them.
    Read,
    /// Change notes, and read them: a change answers with what it changed.
    Write,
    /// See the confidential notes of others, too.
    Confidential,
    /// All of these, and the administration of tokens, people and note types.
    Admin,
}
leaf_enum!(Scope);

/// Who asks, as the schema shows it.
#[derive(Clone)]
pub struct Viewer(pub Arc<auth::Viewer>);

object! {
    /// Who asks.
    Viewer {
        /// The user whose token this is.
        user = promised::<_, UserById, _>(|viewer: &Viewer| viewer.0.user_id, User);
        /// The company of the user; nothing of any other is seen.
        company = promised::<_, CompanyById, _>(|viewer: &Viewer| viewer.0.company_id, Company);
        /// What the token permits.
        scopes = leaf(|viewer: &Viewer| viewer.0.scopes.iter().copied().map(Scope::from).collect::<Vec<_>>());
    }
}
