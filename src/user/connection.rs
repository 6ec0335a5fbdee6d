use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};
use sea_orm::{ColumnTrait, QueryFilter};

use super::object::{User, UserStatus};
use crate::context::ContextExt;
use crate::entity::user;
use crate::error::Result;
use crate::page::{ListById, Page, PageArgs, PageInfo};

/// A page of users.
#[derive(Description)]
pub struct UserConnection {
    list: ListById<user::Entity>,
    page: Page<Arc<user::Model>>,
}

/// A user in a list.
#[derive(SimpleObject)]
pub struct UserEdge {
    /// The position of the user in this list: pass it as `after` or `before`.
    cursor: String,
    /// The user.
    node: User,
}

/// The users of the viewer's company, as they were made.
///
/// # Errors
/// INVALID or `BAD_CURSOR`, where the arguments are wrong; when the database fails.
pub async fn list(ctx: &Context<'_>, status: Option<UserStatus>, args: &PageArgs) -> Result<UserConnection> {
    let mut users = ctx.sight().users();
    if let Some(status) = status {
        users = users.filter(user::Column::Status.eq(user::UserStatus::from(status)));
    }
    let list = ListById::new("user", users, (user::Entity, user::Column::Id), args)?;
    let page = list.page(&ctx.app().db).await?;
    Ok(UserConnection { list, page })
}

#[Object(use_type_description)]
impl UserConnection {
    /// The users of this page, each with its position.
    async fn edges(&self) -> Vec<UserEdge> {
        let edge = |row: &Arc<user::Model>| UserEdge { cursor: self.list.cursor(row.id), node: User(Arc::clone(row)) };
        self.page.rows.iter().map(edge).collect()
    }

    /// The users of this page.
    async fn nodes(&self) -> Vec<User> {
        self.page.rows.iter().cloned().map(User).collect()
    }

    /// Where this page stands in the list.
    async fn page_info(&self) -> PageInfo {
        self.page.info(|row| self.list.cursor(row.id))
    }

    /// All users that match, whatever the page. Runs a count only when it is selected.
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
