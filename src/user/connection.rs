use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, Select};

use super::object::{User, UserStatus};
use crate::context::Reader;
use crate::engine::{One, Question, leaf, local, object};
use crate::entity::user;
use crate::error::Result;
use crate::page::{ListById, Page, PageArgs, page_count, total_count};

/// A page of users, as the schema shows it.
#[derive(Clone)]
pub struct UserConnection(Arc<Users>);

/// A page, the list that it is of, and what was asked for.
struct Users {
    status: Option<UserStatus>,
    list: ListById<user::Entity>,
    page: Page<Arc<user::Model>>,
}

/// A user in a list, as the schema shows it.
#[derive(Clone)]
pub struct UserEdge {
    cursor: String,
    node: User,
}

/// The users of the viewer's company, as they were made.
///
/// # Errors
/// INVALID or `BAD_CURSOR`, where the arguments are wrong; when the database fails.
pub async fn list(reader: &Reader, status: Option<UserStatus>, args: &PageArgs) -> Result<UserConnection> {
    let users = of_status(reader, status);
    let list = ListById::new("user", users, (user::Entity, user::Column::Id), args)?;
    let page = list.page(&reader.db).await?;
    Ok(UserConnection(Arc::new(Users { status, list, page })))
}

fn of_status(reader: &Reader, status: Option<UserStatus>) -> Select<user::Entity> {
    let users = reader.sight.users();
    match status {
        Some(status) => users.filter(user::Column::Status.eq(user::UserStatus::from(status))),
        None => users,
    }
}

object! {
    /// A page of users.
    UserConnection {
        /// The users of this page, each with its position.
        edges = local(|connection: &UserConnection| {
            let list = &connection.0.list;
            let rows = connection.0.page.rows.iter();
            rows.map(|row| UserEdge { cursor: list.cursor(row.id), node: User(row.clone()) }).collect::<Vec<_>>()
        });
        /// The users of this page.
        nodes = local(|connection: &UserConnection| {
            connection.0.page.rows.iter().cloned().map(User).collect::<Vec<_>>()
        });
        /// Where this page stands in the list.
        page_info = local(|connection: &UserConnection| {
            One(connection.0.page.info(|row| connection.0.list.cursor(row.id)))
        });
        /// All users that match, whatever the page. Runs a count only when it is selected.
        total_count = total_count::<_, UserTotal>(|connection: &UserConnection| connection.0.status);
        /// The page asked for, when paging by number.
        page_number = leaf(|connection: &UserConnection| connection.0.list.window.number);
        /// How many pages there are, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, UserTotal>(|connection: &UserConnection| connection.0.status, |connection| &connection.0.list.window);
    }
}

object! {
    /// A user in a list.
    UserEdge {
        /// The position of the user in this list: pass it as `after` or `before`.
        cursor = leaf(|edge: &UserEdge| edge.cursor.clone());
        /// The user.
        node = local(|edge: &UserEdge| One(edge.node.clone()));
    }
}

/// How many users the company has, all or of a status.
struct UserTotal;

impl Question for UserTotal {
    type Key = Option<UserStatus>;
    type Answer = u64;
    type Source = Reader;

    async fn ask(reader: &Reader, keys: &[Option<UserStatus>]) -> Result<HashMap<Option<UserStatus>, u64>> {
        let mut totals = HashMap::new();
        for &status in keys {
            totals.insert(status, of_status(reader, status).count(reader.db.read()).await?);
        }
        Ok(totals)
    }
}
