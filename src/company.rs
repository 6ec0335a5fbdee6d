//! Companies: whom everything else belongs to.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Description, ID, Object};

use crate::db::Db;
use crate::entity::{Sight, company};
use crate::error::Result;
use crate::id::Kind;
use crate::loader::Question;
use crate::scalar::BigInt;

/// A company: its people and notes are seen by nobody else.
#[derive(Clone, Description)]
pub struct Company(pub Arc<company::Model>);

#[Object(use_type_description)]
impl Company {
    /// Names this company among all records.
    pub async fn id(&self) -> ID {
        Kind::Company.id(self.0.id)
    }

    /// The key of the company.
    async fn database_id(&self) -> BigInt {
        BigInt(self.0.id)
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }
}

/// Companies by key; there is only the viewer's own.
pub struct CompanyById;

impl Question for CompanyById {
    type Key = i64;
    type Answer = Arc<company::Model>;

    async fn ask(db: &Db, sight: Sight, _keys: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let own = sight.company().one(db.read()).await?;
        Ok(own.into_iter().map(|company| (company.id, Arc::new(company))).collect())
    }
}
