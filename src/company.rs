//! Companies, which everything else belongs to.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::context::Reader;
use crate::engine::{Question, leaf, lent, object};
use crate::entity::company;
use crate::error::Result;
use crate::id::{GlobalId, Kind};
use crate::scalar::BigInt;

/// The GraphQL object of a company's row.
#[derive(Clone)]
pub struct Company(pub Arc<company::Model>);

object! {
    /// A company. Its people and notes are invisible to all other companies.
    Company implements "Node" {
        /// The global ID of the company.
        id = leaf(|company: &Company| GlobalId(Kind::Company, company.0.id));
        /// The key of the company.
        database_id = leaf(|company: &Company| BigInt(company.0.id)).reads(&["id"]);
        /// The name of the company.
        name = lent(|company: &Company| &company.0.name);
    }
}

/// Loads companies by key; only the viewer's own can be found.
pub struct CompanyById;

impl Question for CompanyById {
    type Key = i64;
    type Answer = Arc<company::Model>;
    type Source = Reader;
    type Error = crate::error::Error;

    async fn ask(reader: &Reader, _: &[i64]) -> Result<HashMap<i64, Self::Answer>> {
        let own = reader.sight.company().one(reader.db.read()).await?;
        Ok(own.into_iter().map(|company| (company.id, Arc::new(company))).collect())
    }
}
