use crate::entity::token::Scope;
use crate::entity::{Sight, user};
use crate::error::{Error, Result};

/// Who asks: a user of a company, with what the token permits.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub user: user::Model,
    pub scopes: Vec<Scope>,
}

impl Viewer {
    pub fn company_id(&self) -> i64 {
        self.user.company_id
    }

    /// What exists for this viewer.
    pub fn sight(&self) -> Sight {
        Sight { company_id: self.user.company_id, user_id: self.user.id, confidential: self.has(Scope::Confidential) }
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
