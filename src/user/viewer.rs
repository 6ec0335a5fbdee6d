use std::sync::Arc;

use async_graphql::{Context, Description, Enum, Object};

use super::User;
use crate::auth;
use crate::company::Company;
use crate::context::ContextExt;
use crate::entity::token;
use crate::error::{Error, Result};

/// What a token permits. READ and WRITE cover notes; CONFIDENTIAL adds confidential ones; ADMIN means all of them and
/// the administration of tokens and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "token::Scope")]
pub enum Scope {
    /// Read notes and the people in them.
    Read,
    /// Change notes.
    Write,
    /// See the confidential notes of others, too.
    Confidential,
    /// All of these, and the administration of tokens and people.
    Admin,
}

/// Who asks.
#[derive(Description)]
pub struct Viewer(pub auth::Viewer);

#[Object(use_type_description)]
impl Viewer {
    /// The user whose token this is.
    async fn user(&self) -> User {
        User(Arc::new(self.0.user.clone()))
    }

    /// The company of the user; nothing of any other is seen.
    async fn company(&self, ctx: &Context<'_>) -> Result<Company> {
        let id = self.0.company_id();
        let company = ctx.loaders().company.load(id).await?;
        company.map(Company).ok_or_else(|| Error::missing("company", id))
    }

    /// What the token permits.
    async fn scopes(&self) -> Vec<Scope> {
        self.0.scopes.iter().copied().map(Scope::from).collect()
    }
}
