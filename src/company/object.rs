//! The company as the schema shows it.

use std::sync::Arc;

use breadth::{Loader, field, field_ref, object};
use hashbrown::HashMap;

use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::BigInt;
use crate::ids::CompanyId;
use crate::store::entity::company;

/// The GraphQL object of a company's row.
#[derive(Clone)]
pub struct Company(pub Arc<company::Model>);

object! {
    /// A company. Its people and notes are invisible to all other companies.
    Company implements "Node" {
        /// The global ID of the company.
        id = field(|company: &Company| GlobalId(company.0.id));
        /// The key of the company.
        database_id = field(|company: &Company| BigInt::from(company.0.id)).reads(&["id"]);
        /// The name of the company.
        name = field_ref(|company: &Company| &company.0.name);
    }
}

/// Loads companies by key; only the viewer's own can be found.
pub struct CompanyById;

impl Loader for CompanyById {
    type Key = CompanyId;
    type Value = Arc<company::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, _: &[CompanyId]) -> Result<HashMap<CompanyId, Self::Value>> {
        let own = reader.access.company().one(reader.db.read()).await?;
        Ok(own.into_iter().map(|company| (company.id, Arc::new(company))).collect())
    }
}
