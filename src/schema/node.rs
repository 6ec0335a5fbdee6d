//! `Node`: records of any type, by their global IDs.

use super::query::{ById, ByIds, Query};
use crate::company::{Company, CompanyById};
use crate::context::ContextExt;
use crate::customer::{Customer, CustomerById};
use crate::engine::{self, Abstract, AbstractType, AnyRow, Args, Def, Nullable, Object, Question, Store, gather};
use crate::entity::token::Scope;
use crate::error::{Error, Result};
use crate::id::{Kind, Named, parse_global};
use crate::note::{AssigneeById, MessageById, Note, NoteById, NoteMessage};
use crate::note_type::{NoteType, NoteTypeById};
use crate::user::{NoteAssignee, User, UserById};

/// Maximum number of IDs in one field.
const MAX_NODES: usize = 100;

/// A record of any type.
pub struct Node;

impl Abstract for Node {
    fn kind() -> &'static AbstractType {
        &AbstractType {
            name: "Node",
            description: "A record that can be refetched by its global ID.",
            fields: &[(
                "id",
                "ID!",
                "The global ID of the record: unique, stable, to be treated as opaque. Arguments of a known type also take \
                 the bare key, \"42\".",
            )],
            objects: &[
                Company::object,
                Customer::object,
                User::object,
                NoteType::object,
                Note::object,
                NoteMessage::object,
                NoteAssignee::object,
            ],
        }
    }
}

/// A requested record: its parsed ID, and the index of its result in the loader.
struct Sought(Named, usize);

impl Sought {
    fn new(named: Named, store: &mut Store) -> Self {
        let place = match named {
            Named::Record(Kind::Company, key) => store.asked::<CompanyById>().want(&key),
            Named::Record(Kind::Customer, key) => store.asked::<CustomerById>().want(&key),
            Named::Record(Kind::User, key) => store.asked::<UserById>().want(&key),
            Named::Record(Kind::NoteType, key) => store.asked::<NoteTypeById>().want(&key),
            Named::Record(Kind::Note, key) => store.asked::<NoteById>().want(&key),
            Named::Record(Kind::NoteMessage, key) => store.asked::<MessageById>().want(&key),
            Named::Assignee(key) => store.asked::<AssigneeById>().want(&key),
        };
        Self(named, place)
    }

    fn found(self, store: &mut Store) -> engine::Result<Option<AnyRow<Node>>> {
        fn row<Q: Question, T: Object>(
            store: &mut Store,
            place: usize,
            found: impl Fn(Q::Answer) -> T,
        ) -> engine::Result<Option<AnyRow<Node>>> {
            Ok(store.asked::<Q>().answer(place)?.map(|row| AnyRow::new(found(row))))
        }
        let Self(named, place) = self;
        match named {
            Named::Record(Kind::Company, _) => row::<CompanyById, _>(store, place, Company),
            Named::Record(Kind::Customer, _) => row::<CustomerById, _>(store, place, Customer),
            Named::Record(Kind::User, _) => row::<UserById, _>(store, place, User),
            Named::Record(Kind::NoteType, _) => row::<NoteTypeById, _>(store, place, NoteType),
            Named::Record(Kind::Note, _) => row::<NoteById, _>(store, place, Note),
            Named::Record(Kind::NoteMessage, _) => row::<MessageById, _>(store, place, NoteMessage),
            Named::Assignee(_) => row::<AssigneeById, _>(store, place, NoteAssignee),
        }
    }
}

/// `Query.node`.
pub fn node() -> Def {
    gather::<Query, Args<ById>, Sought, Option<AnyRow<Node>>>(
        |_, Args(by), ctx, store| {
            ctx.viewer(Scope::Read)?;
            Ok(Sought::new(parse_global(&by.id)?, store))
        },
        Sought::found,
    )
}

/// `Query.nodes`: one statement for each type among the IDs.
pub fn nodes() -> Def {
    gather::<Query, Args<ByIds>, Vec<Sought>, Nullable<Vec<Option<AnyRow<Node>>>>>(
        |_, Args(by), ctx, store| {
            ctx.viewer(Scope::Read)?;
            let count = by.ids.len();
            if count > MAX_NODES {
                return Err(Error::Invalid(format!("`ids` has {count} values; at most {MAX_NODES} are taken.")).into());
            }
            let keys = by.ids.iter().map(parse_global).collect::<Result<Vec<_>>>()?;
            Ok(keys.into_iter().map(|key| Sought::new(key, store)).collect())
        },
        |sought, store| Ok(Nullable(sought.into_iter().map(|one| one.found(store)).collect::<engine::Result<_>>()?)),
    )
}
