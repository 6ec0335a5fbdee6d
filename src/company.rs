//! Companies: whom everything else belongs to.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::context::Reader;
use crate::engine::{Question, leaf, lent, object};
use crate::entity::company;
use crate::error::Result;
use crate::id::{GlobalId, Kind};
use crate::scalar::BigInt;

/// The row of a company, as the schema shows it.
#[derive(Clone)]
pub struct Company(pub Arc<company::Model>);

object! {
    /// A company: its people and notes are seen by nobody else.
    Company implements "Node" {
        /// Names this company among all records.
        id = leaf(|company: &Company| GlobalId(Kind::Company, company.0.id));
        /// The key of the company.
        database_id = leaf(|company: &Company| BigInt(company.0.id)).reads(&["id"]);
        /// Its name.
        name = lent(|company: &Company| &company.0.name);
    }
}

/// Companies by key; there is only the viewer's own.
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
