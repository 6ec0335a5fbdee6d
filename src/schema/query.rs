//! What can be asked.

use std::sync::Arc;

use async_graphql::{ID, InputObject};

use super::node;
use crate::context::ContextExt;
use crate::customer::{self, Customer, CustomerById};
use crate::engine::{Args, Def, Nullable, Object, Question, ask, local_in, object, resolve};
use crate::entity::token::Scope;
use crate::id::Kind;
use crate::note::{self, Note, NoteById, NoteConnection, NoteFilter, NoteGroupKey, NoteListArgs};
use crate::note_type;
use crate::page::PageArgs;
use crate::user::{self, User, UserById, UserStatus, Viewer};

/// The root of what can be asked.
#[derive(Default)]
pub struct Query;

object! {
    /// What can be asked. Every field takes the READ scope; what belongs to another company, or may not be seen, answers
    /// exactly as what never existed. A field that fails is null, with an error of its own; the others are answered all the
    /// same.
    Query {
        /// Any record, by its global ID.
        node = node::node().about("id", "A global ID, such as \"Note:42\".");
        /// Any records, by their global IDs: in the order asked, null where there is none.
        nodes = node::nodes().about("ids", "Global IDs, at most 100.");
        /// Who asks.
        viewer = local_in(|_: &Query, (), ctx| Ok(Some(Viewer(Arc::new(ctx.viewer(Scope::Read)?.clone())))));
        /// A note.
        note = by_id::<NoteById, _>(Kind::Note, Note).about("id", "\"Note:42\" or \"42\".");
        /// Notes, newest first. Walk by cursor (`first`/`after`, `last`/`before`), or jump with `page` (from 1, of size
        /// `first`); not both. 1 to 100 a page, 20 when absent; by number the first 10,000 notes can be reached.
        notes = resolve(|_: &Query, Args(args): Args<NoteListArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Some(NoteConnection::all(ctx.reader(), args).await?))
            })
        })
        .about("search", SEARCH);
        /// How many notes there are of each value, the largest count first, at most 1,000; with the same filter and the same
        /// visibility as `notes`. Of more notes than one statement looks at, the newest are counted.
        note_counts = resolve(|_: &Query, Args(args): Args<CountArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                let CountArgs { group_by, filter, search } = args;
                Ok(Nullable(note::counts(ctx.reader(), group_by, filter.as_ref(), search.as_deref()).await?))
            })
        });
        /// All note types of the company, by name.
        note_types = resolve(|_: &Query, (), ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Nullable(note_type::all(ctx.reader()).await?))
            })
        });
        /// What deleting these notes would remove and cut off. Changes nothing; notes that are not there are left out.
        note_delete_preview = resolve(|_: &Query, Args(args): Args<ByIds>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                Ok(Some(note::preview(&ctx, &args.ids).await?))
            })
        })
        .about("ids", "Notes, at most 100.");
        /// A customer.
        customer = by_id::<CustomerById, _>(Kind::Customer, Customer).about("id", "\"Customer:42\" or \"42\".");
        /// Customers, in the order of their IDs; paged as `notes` are.
        customers = resolve(|_: &Query, Args(args): Args<CustomersArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                let CustomersArgs { search, first, after, last, before, page } = args;
                let page = PageArgs { first, after, last, before, page };
                Ok(Some(customer::list(ctx.reader(), search.as_deref(), &page).await?))
            })
        })
        .about("search", SEARCH_CUSTOMERS);
        /// A user.
        user = by_id::<UserById, _>(Kind::User, User).about("id", "\"User:42\" or \"42\".");
        /// Users, in the order of their IDs; paged as `notes` are.
        users = resolve(|_: &Query, Args(args): Args<UsersArgs>, ctx| {
            Box::pin(async move {
                ctx.viewer(Scope::Read)?;
                let UsersArgs { search, status, first, after, last, before, page } = args;
                let page = PageArgs { first, after, last, before, page };
                Ok(Some(user::list(ctx.reader(), search.as_deref(), status, &page).await?))
            })
        })
        .about("search", SEARCH_USERS);
    }
}

/// What is told of the argument `search` of `Query.notes`.
const SEARCH: &str = "Only notes that hold these words, in their subject, details or messages, whatever the case, the accents and the \
    width of letters. All have to be there, each in any of these texts. `\"...\"` is words that follow each other \
    in one text; `-word` and `-\"...\"` may be in none. The last word may be the beginning of one. A part of a word \
    that runs on without blanks, as in Chinese, is found as well. Blank, it sets no condition; without any letter \
    or digit it finds nothing; with exclusions alone, it finds all notes but these. At most 100 words; of each text \
    the first 10,000 words are searched (or so many characters, where they run on without blanks), of each word its \
    first 64 bytes, of the places of a word in a text the first 255 for phrases.";

/// What is told of the argument `search` of `Query.customers`.
const SEARCH_CUSTOMERS: &str = "Only those who have, for each of these words, one that begins with it, among their names, their e-mail \
    address and the name of the company that they work for; case and accents make no difference. Digits are \
    looked for in telephone numbers, too, with or without the country's code. At most 20 words.";

/// What is told of the argument `search` of `Query.users`.
const SEARCH_USERS: &str = "Only those who have, for each of these words, one that begins with it, among their names, their e-mail \
    address and the name that they sign in with; case and accents make no difference. Digits are looked for in \
    telephone numbers, too, with or without the country's code. At most 20 words.";

/// The one argument of a field that finds a record.
#[derive(InputObject)]
pub struct ById {
    pub id: ID,
}

/// The one argument of a field that finds records.
#[derive(InputObject)]
pub struct ByIds {
    pub ids: Vec<ID>,
}

/// The arguments of `Query.noteCounts`.
#[derive(InputObject)]
struct CountArgs {
    /// What to count by.
    group_by: NoteGroupKey,
    /// Which notes.
    filter: Option<NoteFilter>,
    /// Only notes that hold these words, as in `notes`.
    search: Option<String>,
}

/// The arguments of `Query.customers`.
#[derive(InputObject)]
struct CustomersArgs {
    search: Option<String>,
    /// The size of the page, from its start: 1 to 100, 20 when absent.
    first: Option<i32>,
    /// Only what follows this cursor.
    after: Option<String>,
    /// The size of the page, from its end: 1 to 100.
    last: Option<i32>,
    /// Only what precedes this cursor.
    before: Option<String>,
    /// The page by its number, from 1, of size `first`; not together with a cursor.
    page: Option<i32>,
}

/// The arguments of `Query.users`.
#[derive(InputObject)]
struct UsersArgs {
    search: Option<String>,
    /// Only those who may act, or may not.
    status: Option<UserStatus>,
    /// The size of the page, from its start: 1 to 100, 20 when absent.
    first: Option<i32>,
    /// Only what follows this cursor.
    after: Option<String>,
    /// The size of the page, from its end: 1 to 100.
    last: Option<i32>,
    /// Only what precedes this cursor.
    before: Option<String>,
    /// The page by its number, from 1, of size `first`; not together with a cursor.
    page: Option<i32>,
}

/// A record by its ID, in full or bare.
fn by_id<Q, T>(kind: Kind, found: impl Fn(Q::Answer) -> T + Send + Sync + 'static) -> Def
where
    Q: Question<Key = i64>,
    T: Object,
{
    ask::<Query, Args<ById>, Q, (), Option<T>>(
        move |_, Args(by), ctx| {
            ctx.viewer(Scope::Read)?;
            Ok((Some(kind.key(&by.id)?), ()))
        },
        move |(), answer| Ok(answer.map(&found)),
    )
}
