use crate::ids::{CompanyId, TokenId, UserId};

/// The key of limits: a token, or a user of an identity provider, whose tokens change by the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenKey {
    Token { company_id: CompanyId, token_id: TokenId },
    User { company_id: CompanyId, user_id: UserId },
}

/// The unit that turns are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The process itself: migrations, imports, backups, commands.
    Process,
    Token(TokenKey),
}

impl Principal {
    /// The company of the principal. `None`, which stands for the process, counts as a company of its own.
    pub fn company(self) -> Option<CompanyId> {
        match self {
            Self::Process => None,
            Self::Token(TokenKey::Token { company_id, .. } | TokenKey::User { company_id, .. }) => Some(company_id),
        }
    }
}
