use crate::error::{Error, Result};
use crate::ids::{CompanyId, TokenId, UserId};
use crate::scheduling::TokenKey;
use crate::store::AccessScope;
use crate::store::entity::token::Scope;

/// The user who sends an operation, with the scopes of the token.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub company_id: CompanyId,
    pub user_id: UserId,
    /// The token of the request; absent if an identity provider authenticated the user.
    pub token_id: Option<TokenId>,
    pub scopes: Vec<Scope>,
}

impl Viewer {
    /// The key by which the viewer's operations are limited.
    pub fn token_key(&self) -> TokenKey {
        let company_id = self.company_id;
        match self.token_id {
            Some(token_id) => TokenKey::Token { company_id, token_id },
            None => TokenKey::User { company_id, user_id: self.user_id },
        }
    }

    /// The records that this viewer may see.
    pub fn access(&self) -> AccessScope {
        AccessScope { company_id: self.company_id, user_id: self.user_id, confidential: self.has(Scope::Confidential) }
    }

    /// Whether the viewer has a scope. ADMIN implies every scope, and WRITE implies READ, since a mutation returns what
    /// it changed and everything linked to it.
    pub fn has(&self, scope: Scope) -> bool {
        let implied = scope == Scope::Read && self.scopes.contains(&Scope::Write);
        implied || self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Checks that the viewer has a scope.
    ///
    /// # Errors
    /// FORBIDDEN without the scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.has(scope) { Ok(()) } else { Err(Error::Forbidden(scope)) }
    }
}
