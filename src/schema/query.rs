//! The root type `Query`.

use std::sync::Arc;

use async_graphql::InputObject;
use breadth::{Args, FieldDefinition, Loader, Nullable, Object, inline_with, object, relation_with_args, resolve};

use super::by_id::{ById, ByIds};
use super::node;
use crate::customer::{self, Customer, CustomerById};
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::graphql::pagination::PageArgs;
use crate::note::{self, Note, NoteById, NoteConnection, NoteEventsArgs, NoteFilter, NoteGroupKey, NoteListArgs};
use crate::note_type;
use crate::store::entity::token::Scope;
use crate::user::{self, User, UserById, UserStatus, Viewer};

/// The root of all queries.
#[derive(Default)]
pub struct Query;

object! {
    /// Queries. Every field needs the READ scope. Records of another company, and records that the viewer may not see,
    /// are treated exactly like records that do not exist. A field that fails is null, with an error of its own; the
    /// other fields are still answered.
    Query {
        /// Finds a record of any type by its global ID.
        node = node::node::<Query>().describe_argument("id", "A global ID, such as \"Note:42\".");
        /// Finds records of any type by their global IDs: in the order of the IDs, null for an ID without a record, and
        /// null with an error of its own for a text that is not a global ID.
        nodes = node::nodes::<Query>().describe_argument("ids", "Global IDs, at most 100.");
        /// The authenticated user, with the user's company and scopes.
        viewer = inline_with(|_: &Query, (), ctx| Ok(Some(Viewer(Arc::new(ctx.viewer(Scope::Read)?.clone())))));
        /// Finds a note by its ID.
        note = by_id::<NoteById, _>(Note).describe_argument("id", "\"Note:42\" or \"42\".");
        /// Lists notes, newest first by default. Page by cursor (`first`/`after`, `last`/`before`) or by number
        /// (`page`, from 1, with `first` as the page size), not both. A page holds 1 to 100 notes, 20 by default;
        /// paging by number reaches the first 10,000 notes.
        notes = resolve(|_: &Query, Args(args): Args<NoteListArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Some(NoteConnection::all(ctx.data_source(), args).await?))
            })
        })
        .describe_argument("search", SEARCH);
        /// Counts notes by the values of a field, the largest count first, at most 1,000 values; with the same filter
        /// and the same visibility as `notes`. If there are more notes than one statement examines, only the newest are
        /// counted.
        note_counts = resolve(|_: &Query, Args(args): Args<CountArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                let CountArgs { group_by, filter, search } = args;
                Ok(Nullable(note::counts(ctx.data_source(), group_by, filter.as_ref(), search.as_deref()).await?))
            })
        });
        /// Reads the feed: every change of the notes that the viewer may see, oldest first. It starts after the cursor
        /// `after`, else where `from` says. To follow the changes, pass `pageInfo.endCursor` as `after` of the next
        /// request, at once if `hasNextPage`, else a little later: each event comes once, whatever is written meanwhile.
        /// A page holds 1 to 100 events, 20 by default; it may hold fewer, even none, and have a next page, since the
        /// server examines 2,000 events for it at most.
        note_events = resolve(|_: &Query, Args(args): Args<NoteEventsArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Some(note::feed(ctx.data_source(), args).await?))
            })
        });
        /// Lists all note types of the company, by name.
        note_types = resolve(|_: &Query, (), ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Nullable(note_type::all(ctx.data_source()).await?))
            })
        });
        /// Reports the records that deleting these notes would remove or detach. Changes nothing; skips notes that do
        /// not exist.
        note_delete_preview = resolve(|_: &Query, Args(args): Args<ByIds>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Some(note::preview(&ctx, &args.ids).await?))
            })
        })
        .describe_argument("ids", "Notes, at most 100.");
        /// Finds a customer by its ID.
        customer = by_id::<CustomerById, _>(Customer).describe_argument("id", "\"Customer:42\" or \"42\".");
        /// Lists customers, in the order of their IDs, with the same paging as `notes`.
        customers = resolve(|_: &Query, Args(args): Args<CustomersArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                let CustomersArgs { search, first, after, last, before, page } = args;
                let page = PageArgs { first, after, last, before, page };
                Ok(Some(customer::list(ctx.data_source(), search.as_deref(), &page).await?))
            })
        })
        .describe_argument("search", SEARCH_CUSTOMERS);
        /// Finds a user by its ID.
        user = by_id::<UserById, _>(User).describe_argument("id", "\"User:42\" or \"42\".");
        /// Lists users, in the order of their IDs, with the same paging as `notes`.
        users = resolve(|_: &Query, Args(args): Args<UsersArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                let UsersArgs { search, status, first, after, last, before, page } = args;
                let page = PageArgs { first, after, last, before, page };
                Ok(Some(user::list(ctx.data_source(), search.as_deref(), status, &page).await?))
            })
        })
        .describe_argument("search", SEARCH_USERS);
    }
}

/// The description of the argument `search` of `Query.notes`.
const SEARCH: &str = "Only notes that contain all of these words in their subject, details or messages; case, accents and letter \
    width make no difference. `\"...\"` searches for a phrase, `-word` and `-\"...\"` exclude a word or a phrase, and the \
    last word matches as a prefix, too. At most 100 words.";

/// The description of the argument `search` of `Query.customers`.
const SEARCH_CUSTOMERS: &str = "Only customers for whom each of these words is a prefix of a word in their names, their e-mail address or the \
    name of the company that they work for; case and accents make no difference. Digits match telephone numbers, too, \
    with or without the country code. At most 20 words.";

/// The description of the argument `search` of `Query.users`.
const SEARCH_USERS: &str = "Only users for whom each of these words is a prefix of a word in their names, their e-mail address or their \
    username; case and accents make no difference. Digits match telephone numbers, too, with or without the country \
    code. At most 20 words.";

/// The arguments of `Query.noteCounts`.
#[derive(InputObject)]
struct CountArgs {
    /// The field to count by.
    group_by: NoteGroupKey,
    /// The conditions that the notes must match.
    filter: Option<NoteFilter>,
    /// Only notes that contain these words; see `notes`.
    search: Option<String>,
}

/// The arguments of `Query.customers`.
#[derive(InputObject)]
struct CustomersArgs {
    search: Option<String>,
    /// The page size when paging forwards: 1 to 100, 20 when absent.
    first: Option<i32>,
    /// Only records after this cursor.
    after: Option<String>,
    /// The page size when paging backwards: 1 to 100.
    last: Option<i32>,
    /// Only records before this cursor.
    before: Option<String>,
    /// The number of the page, from 1, with `first` as the page size; cannot be combined with a cursor.
    page: Option<i32>,
}

/// The arguments of `Query.users`.
#[derive(InputObject)]
struct UsersArgs {
    search: Option<String>,
    /// Only users with this status.
    status: Option<UserStatus>,
    /// The page size when paging forwards: 1 to 100, 20 when absent.
    first: Option<i32>,
    /// Only records after this cursor.
    after: Option<String>,
    /// The page size when paging backwards: 1 to 100.
    last: Option<i32>,
    /// Only records before this cursor.
    before: Option<String>,
    /// The number of the page, from 1, with `first` as the page size; cannot be combined with a cursor.
    page: Option<i32>,
}

/// A field that finds a record by its ID, global or bare.
fn by_id<L, T>(found: impl Fn(L::Value) -> T + Send + Sync + 'static) -> FieldDefinition
where
    L: Loader<Key: NodeId>,
    T: Object,
{
    relation_with_args::<Query, Args<ById>, L, (), Option<T>>(
        move |_, Args(by), ctx| {
            ctx.viewer(Scope::Read)?;
            Ok((Some(L::Key::parse_arg(&by.id)?), ()))
        },
        move |(), answer| Ok(answer.map(&found)),
    )
}
