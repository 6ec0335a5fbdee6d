use std::sync::Arc;

use breadth::{Loader, NonNull, field, inline, object};
use hashbrown::HashMap;

use super::object::Customer;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::pagination::{
    FilteredRecords, ListById, Page, PageArgs, Total, page_count, total_count, total_count_precision,
};
use crate::people::PeopleSearch;
use crate::store::entity::customer;

/// The GraphQL object of a page of customers.
#[derive(Clone)]
pub struct CustomerConnection(Arc<Customers>);

/// A page, the list that it belongs to, and the arguments of the list.
struct Customers {
    search: Option<PeopleSearch>,
    list: ListById<customer::Entity>,
    page: Page<Arc<customer::Model>>,
}

/// The GraphQL object of a customer in a list.
#[derive(Clone)]
pub struct CustomerEdge {
    cursor: String,
    node: Customer,
}

/// Lists the customers of the viewer's company in the order of their IDs: those that the search finds, or all.
///
/// # Errors
/// INVALID or `BAD_CURSOR` if the arguments are wrong; when the database fails.
pub async fn list(reader: &DataSource, search: Option<&str>, args: &PageArgs) -> Result<CustomerConnection> {
    let search = PeopleSearch::new(search)?;
    let id = (customer::Entity, customer::Column::Id);
    let list = ListById::new("customer", found(reader, search.as_ref()), id, args)?;
    let page = list.page(reader.columns(), &reader.db).await?;
    Ok(CustomerConnection(Arc::new(Customers { search, list, page })))
}

fn found(reader: &DataSource, search: Option<&PeopleSearch>) -> FilteredRecords<customer::Entity> {
    let customers = reader.access.customers();
    match search {
        Some(search) => search.finds(customers, reader.access),
        None => FilteredRecords { select: customers, condition: None },
    }
}

object! {
    /// A page of customers.
    CustomerConnection {
        /// The customers of this page, each with its cursor.
        edges = inline(|connection: &CustomerConnection| {
            let list = &connection.0.list;
            let rows = connection.0.page.rows.iter();
            rows.map(|row| CustomerEdge { cursor: list.cursor(row.id), node: Customer(row.clone()) }).collect::<Vec<_>>()
        });
        /// The customers of this page.
        nodes = inline(|connection: &CustomerConnection| {
            connection.0.page.rows.iter().cloned().map(Customer).collect::<Vec<_>>()
        });
        /// The position of this page in the list.
        page_info = inline(|connection: &CustomerConnection| {
            NonNull(connection.0.page.info(|row| connection.0.list.cursor(row.id)))
        });
        /// The number of customers that match, on all pages together. Runs a count only when it is selected.
        total_count = total_count::<_, CustomerTotal>(|connection: &CustomerConnection| connection.0.search.clone());
        /// Whether `totalCount` is exact. AT_LEAST if counting stopped at its limit.
        total_count_precision = total_count_precision::<_, CustomerTotal>(|connection: &CustomerConnection| connection.0.search.clone());
        /// The number of this page, when paging by number.
        page_number = field(|connection: &CustomerConnection| connection.0.list.request.number);
        /// The number of pages, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, CustomerTotal>(|connection: &CustomerConnection| connection.0.search.clone(), |connection| &connection.0.list.request);
    }
}

object! {
    /// A customer in a list.
    CustomerEdge {
        /// The cursor of this edge: pass it as `after` or `before`.
        cursor = field(|edge: &CustomerEdge| edge.cursor.clone());
        /// The customer.
        node = inline(|edge: &CustomerEdge| NonNull(edge.node.clone()));
    }
}

/// The number of customers of the company, all or those found by a search.
struct CustomerTotal;

impl Loader for CustomerTotal {
    type Key = Option<PeopleSearch>;
    type Value = Total;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Total>> {
        let mut totals = HashMap::new();
        for search in keys {
            totals.insert(search.clone(), found(reader, search.as_ref()).count(&reader.db).await?);
        }
        Ok(totals)
    }
}
