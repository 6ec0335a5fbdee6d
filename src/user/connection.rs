use std::sync::Arc;

use hashbrown::HashMap;
use sea_orm::{ColumnTrait, QueryFilter};

use super::load::COLUMNS;
use super::object::{User, UserStatus};
use crate::context::Reader;
use crate::engine::{One, Question, leaf, local, object};
use crate::entity::user;
use crate::error::Result;
use crate::page::{Found, ListById, Page, PageArgs, Total, page_count, total_count, total_count_precision};
use crate::people::PeopleSearch;

/// A page of users, as the schema shows it.
#[derive(Clone)]
pub struct UserConnection(Arc<Users>);

/// A page, the list that it is of, and what was asked for.
struct Users {
    asked: Asked,
    list: ListById<user::Entity>,
    page: Page<Arc<user::Model>>,
}

/// Which users.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    status: Option<UserStatus>,
    search: Option<PeopleSearch>,
}

/// A user in a list, as the schema shows it.
#[derive(Clone)]
pub struct UserEdge {
    cursor: String,
    node: User,
}

/// The users of the viewer's company, of a status and that the search finds, or all, as they were made.
///
/// # Errors
/// INVALID or `BAD_CURSOR`, where the arguments are wrong; when the database fails.
pub async fn list(
    reader: &Reader,
    search: Option<&str>,
    status: Option<UserStatus>,
    args: &PageArgs,
) -> Result<UserConnection> {
    let asked = Asked { status, search: PeopleSearch::new(search)? };
    let list = ListById::new("user", found(reader, &asked), (user::Entity, user::Column::Id), args)?;
    let page = list.page(reader.columns(&COLUMNS), &reader.db).await?;
    Ok(UserConnection(Arc::new(Users { asked, list, page })))
}

fn found(reader: &Reader, asked: &Asked) -> Found<user::Entity> {
    let mut users = reader.sight.users();
    if let Some(status) = asked.status {
        users = users.filter(user::Column::Status.eq(user::UserStatus::from(status)));
    }
    match &asked.search {
        Some(search) => search.finds(users, reader.sight),
        None => Found { people: users, condition: None },
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
        total_count = total_count::<_, UserTotal>(|connection: &UserConnection| connection.0.asked.clone());
        /// Whether all of these were counted. AT_LEAST where counting stopped at its bound.
        total_count_precision = total_count_precision::<_, UserTotal>(|connection: &UserConnection| connection.0.asked.clone());
        /// The page asked for, when paging by number.
        page_number = leaf(|connection: &UserConnection| connection.0.list.window.number);
        /// How many pages there are, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, UserTotal>(|connection: &UserConnection| connection.0.asked.clone(), |connection| &connection.0.list.window);
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

/// How many users the company has, all or those that are asked for.
struct UserTotal;

impl Question for UserTotal {
    type Key = Asked;
    type Answer = Total;
    type Source = Reader;
    type Error = crate::error::Error;

    async fn ask(reader: &Reader, keys: &[Asked]) -> Result<HashMap<Asked, Total>> {
        let mut totals = HashMap::new();
        for asked in keys {
            totals.insert(asked.clone(), found(reader, asked).count(&reader.db).await?);
        }
        Ok(totals)
    }
}
