use std::sync::Arc;

use breadth::{Loader, NonNull, field, inline, object};
use hashbrown::HashMap;
use sea_orm::{ColumnTrait, QueryFilter};

use super::object::{User, UserStatus};
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::pagination::{
    FilteredRecords, ListById, Page, PageArgs, Total, page_count, total_count, total_count_precision,
};
use crate::people::PeopleSearch;
use crate::store::entity::user;

/// The GraphQL object of a page of users.
#[derive(Clone)]
pub struct UserConnection(Arc<Users>);

/// A page, the list that it belongs to, and the arguments of the list.
struct Users {
    asked: UserListFilter,
    list: ListById<user::Entity>,
    page: Page<Arc<user::Model>>,
}

/// The arguments that select users.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct UserListFilter {
    status: Option<UserStatus>,
    search: Option<PeopleSearch>,
}

/// The GraphQL object of a user in a list.
#[derive(Clone)]
pub struct UserEdge {
    cursor: String,
    node: User,
}

/// Lists the users of the viewer's company in the order of their IDs: all, or those with the status and found by the
/// search.
///
/// # Errors
/// INVALID or `BAD_CURSOR` if the arguments are wrong; when the database fails.
pub async fn list(
    reader: &DataSource,
    search: Option<&str>,
    status: Option<UserStatus>,
    args: &PageArgs,
) -> Result<UserConnection> {
    let asked = UserListFilter { status, search: PeopleSearch::new(search)? };
    let list = ListById::new("user", found(reader, &asked), (user::Entity, user::Column::Id), args)?;
    let page = list.page(reader.columns(), &reader.db).await?;
    Ok(UserConnection(Arc::new(Users { asked, list, page })))
}

fn found(reader: &DataSource, asked: &UserListFilter) -> FilteredRecords<user::Entity> {
    let mut users = reader.access.users();
    if let Some(status) = asked.status {
        users = users.filter(user::Column::Status.eq(user::UserStatus::from(status)));
    }
    match &asked.search {
        Some(search) => search.finds(users, reader.access),
        None => FilteredRecords { select: users, condition: None },
    }
}

object! {
    /// A page of users.
    UserConnection {
        /// The users of this page, each with its cursor.
        edges = inline(|connection: &UserConnection| {
            let list = &connection.0.list;
            let rows = connection.0.page.rows.iter();
            rows.map(|row| UserEdge { cursor: list.cursor(row.id), node: User(row.clone()) }).collect::<Vec<_>>()
        });
        /// The users of this page.
        nodes = inline(|connection: &UserConnection| {
            connection.0.page.rows.iter().cloned().map(User).collect::<Vec<_>>()
        });
        /// The position of this page in the list.
        page_info = inline(|connection: &UserConnection| {
            NonNull(connection.0.page.info(|row| connection.0.list.cursor(row.id)))
        });
        /// The number of users that match, on all pages together. Runs a count only when it is selected.
        total_count = total_count::<_, UserTotal>(|connection: &UserConnection| connection.0.asked.clone());
        /// Whether `totalCount` is exact. AT_LEAST if counting stopped at its limit.
        total_count_precision = total_count_precision::<_, UserTotal>(|connection: &UserConnection| connection.0.asked.clone());
        /// The number of this page, when paging by number.
        page_number = field(|connection: &UserConnection| connection.0.list.request.number);
        /// The number of pages, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, UserTotal>(|connection: &UserConnection| connection.0.asked.clone(), |connection| &connection.0.list.request);
    }
}

object! {
    /// A user in a list.
    UserEdge {
        /// The cursor of this edge: pass it as `after` or `before`.
        cursor = field(|edge: &UserEdge| edge.cursor.clone());
        /// The user.
        node = inline(|edge: &UserEdge| NonNull(edge.node.clone()));
    }
}

/// The number of users of the company, all or those that the arguments select.
struct UserTotal;

impl Loader for UserTotal {
    type Key = UserListFilter;
    type Value = Total;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[UserListFilter]) -> Result<HashMap<UserListFilter, Total>> {
        let mut totals = HashMap::new();
        for asked in keys {
            totals.insert(asked.clone(), found(reader, asked).count(&reader.db).await?);
        }
        Ok(totals)
    }
}
