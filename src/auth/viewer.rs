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

/// What limits count by: a token, or a user whom an identity provider vouches for, whose tokens change by the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenKey {
    Token { company_id: i64, token_id: i64 },
    User { company_id: i64, user_id: i64 },
}

impl Viewer {
    /// What limits count the viewer's operations by.
    pub fn token_key(&self) -> TokenKey {
        let company_id = self.company_id;
        match self.token_id {
            Some(token_id) => TokenKey::Token { company_id, token_id },
            None => TokenKey::User { company_id, user_id: self.user_id },
        }
    }

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
