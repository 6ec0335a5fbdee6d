use crate::entity::Sight;
use crate::entity::token::Scope;
use crate::error::{Error, Result};

/// Who asks: a user of a company, with what the token permits.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub company_id: i64,
    pub user_id: i64,
    /// The token that was shown; absent where an identity provider vouches for the user.
    pub token_id: Option<i64>,
    pub scopes: Vec<Scope>,
}

impl Viewer {
    /// What exists for this viewer.
    pub fn sight(&self) -> Sight {
        Sight { company_id: self.company_id, user_id: self.user_id, confidential: self.has(Scope::Confidential) }
    }

    /// ADMIN has every scope, and WRITE has READ: a change answers with what it changed and all that is linked to it.
    pub fn has(&self, scope: Scope) -> bool {
        let implied = scope == Scope::Read && self.scopes.contains(&Scope::Write);
        implied || self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// # Errors
    /// FORBIDDEN without the scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.has(scope) { Ok(()) } else { Err(Error::Forbidden(scope)) }
    }
}
