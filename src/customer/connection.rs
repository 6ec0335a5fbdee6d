use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};

use super::object::Customer;
use crate::context::ContextExt;
use crate::entity::customer;
use crate::error::Result;
use crate::page::{ListById, Page, PageArgs, PageInfo};

/// A page of customers.
#[derive(Description)]
pub struct CustomerConnection {
    list: ListById<customer::Entity>,
    page: Page<Arc<customer::Model>>,
}

/// A customer in a list.
#[derive(SimpleObject)]
pub struct CustomerEdge {
    /// The position of the customer in this list: pass it as `after` or `before`.
    cursor: String,
    /// The customer.
    node: Customer,
}

/// The customers of the viewer's company, as they were made.
///
/// # Errors
/// INVALID or `BAD_CURSOR`, where the arguments are wrong; when the database fails.
pub async fn list(ctx: &Context<'_>, args: &PageArgs) -> Result<CustomerConnection> {
    let id = (customer::Entity, customer::Column::Id);
    let list = ListById::new("customer", ctx.sight().customers(), id, args)?;
    let page = list.page(&ctx.app().db).await?;
    Ok(CustomerConnection { list, page })
}

#[Object(use_type_description)]
impl CustomerConnection {
    /// The customers of this page, each with its position.
    async fn edges(&self) -> Vec<CustomerEdge> {
        let edge = |row: &Arc<customer::Model>| CustomerEdge {
            cursor: self.list.cursor(row.id),
            node: Customer(Arc::clone(row)),
        };
        self.page.rows.iter().map(edge).collect()
    }

    /// The customers of this page.
    async fn nodes(&self) -> Vec<Customer> {
        self.page.rows.iter().cloned().map(Customer).collect()
    }

    /// Where this page stands in the list.
    async fn page_info(&self) -> PageInfo {
        self.page.info(|row| self.list.cursor(row.id))
    }

    /// All customers that match, whatever the page. Runs a count only when it is selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        self.list.count(&ctx.app().db).await
    }

    /// The page asked for, when paging by number.
    async fn page_number(&self) -> Option<u64> {
        self.list.window.number
    }

    /// How many pages there are, when paging by number. Runs a count only when it is selected.
    async fn page_count(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        if self.list.window.number.is_none() {
            return Ok(None);
        }
        let total = self.list.count(&ctx.app().db).await?;
        Ok(Some(self.list.window.pages(total)))
    }
}
