use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::PaginatorTrait;

use super::object::Customer;
use crate::context::Reader;
use crate::engine::{One, Question, leaf, local, object};
use crate::entity::customer;
use crate::error::Result;
use crate::page::{ListById, Page, PageArgs, page_count, total_count};

/// A page of customers, as the schema shows it.
#[derive(Clone)]
pub struct CustomerConnection(Arc<Customers>);

/// A page, and the list that it is of.
struct Customers {
    list: ListById<customer::Entity>,
    page: Page<Arc<customer::Model>>,
}

/// A customer in a list, as the schema shows it.
#[derive(Clone)]
pub struct CustomerEdge {
    cursor: String,
    node: Customer,
}

/// The customers of the viewer's company, as they were made.
///
/// # Errors
/// INVALID or `BAD_CURSOR`, where the arguments are wrong; when the database fails.
pub async fn list(reader: &Reader, args: &PageArgs) -> Result<CustomerConnection> {
    let id = (customer::Entity, customer::Column::Id);
    let list = ListById::new("customer", reader.sight.customers(), id, args)?;
    let page = list.page(&reader.db).await?;
    Ok(CustomerConnection(Arc::new(Customers { list, page })))
}

object! {
    /// A page of customers.
    CustomerConnection {
        /// The customers of this page, each with its position.
        edges = local(|connection: &CustomerConnection| {
            let list = &connection.0.list;
            let rows = connection.0.page.rows.iter();
            rows.map(|row| CustomerEdge { cursor: list.cursor(row.id), node: Customer(row.clone()) }).collect::<Vec<_>>()
        });
        /// The customers of this page.
        nodes = local(|connection: &CustomerConnection| {
            connection.0.page.rows.iter().cloned().map(Customer).collect::<Vec<_>>()
        });
        /// Where this page stands in the list.
        page_info = local(|connection: &CustomerConnection| {
            One(connection.0.page.info(|row| connection.0.list.cursor(row.id)))
        });
        /// All customers that match, whatever the page. Runs a count only when it is selected.
        total_count = total_count::<_, CustomerTotal>(|_: &CustomerConnection| ());
        /// The page asked for, when paging by number.
        page_number = leaf(|connection: &CustomerConnection| connection.0.list.window.number);
        /// How many pages there are, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, CustomerTotal>(|_: &CustomerConnection| (), |connection| &connection.0.list.window);
    }
}

object! {
    /// A customer in a list.
    CustomerEdge {
        /// The position of the customer in this list: pass it as `after` or `before`.
        cursor = leaf(|edge: &CustomerEdge| edge.cursor.clone());
        /// The customer.
        node = local(|edge: &CustomerEdge| One(edge.node.clone()));
    }
}

/// How many customers the company has.
struct CustomerTotal;

impl Question for CustomerTotal {
    type Key = ();
    type Answer = u64;
    type Source = Reader;

    async fn ask(reader: &Reader, _: &[()]) -> Result<HashMap<(), u64>> {
        Ok(HashMap::from([((), reader.sight.customers().count(reader.db.read()).await?)]))
    }
}
