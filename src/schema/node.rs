//! Records of any type, by their global IDs.

use super::query::{ById, ByIds, Query};
use crate::company::{Company, CompanyById};
use crate::context::ContextExt;
use crate::customer::{Customer, CustomerById};
use crate::engine::{self, Abstract, AbstractType, AnyRow, Args, Def, Object, Store, gather};
use crate::entity::token::Scope;
use crate::error::{Error, Result};
use crate::id::{Kind, parse_global};
use crate::note::{MessageById, Note, NoteById, NoteMessage};
use crate::note_type::{NoteType, NoteTypeById};
use crate::user::{User, UserById};

/// The most records that one field takes.
const MAX_NODES: usize = 100;

/// A record of any type.
pub struct Node;

impl Abstract for Node {
    fn kind() -> &'static AbstractType {
        &AbstractType {
            name: "Node",
            description: "A record that can be fetched again by its global ID.",
            fields: &[(
                "id",
                "ID!",
                "Names the record among all records: unique, stable, to be treated as opaque. Arguments of a known type also \
                 take the bare key, \"42\".",
            )],
            objects: &[
                Company::object,
                Customer::object,
                User::object,
                NoteType::object,
                Note::object,
                NoteMessage::object,
            ],
        }
    }
}

/// A record that is sought: its kind, and where the answer to its key will be.
struct Sought(Kind, usize);

impl Sought {
    fn new((kind, key): (Kind, i64), store: &mut Store) -> Self {
        let place = match kind {
            Kind::Company => store.asked::<CompanyById>().want(&key),
            Kind::Customer => store.asked::<CustomerById>().want(&key),
            Kind::User => store.asked::<UserById>().want(&key),
            Kind::NoteType => store.asked::<NoteTypeById>().want(&key),
            Kind::Note => store.asked::<NoteById>().want(&key),
            Kind::NoteMessage => store.asked::<MessageById>().want(&key),
        };
        Self(kind, place)
    }

    fn found(self, store: &mut Store) -> engine::Result<Option<AnyRow<Node>>> {
        let Self(kind, place) = self;
        Ok(match kind {
            Kind::Company => store.asked::<CompanyById>().answer(place)?.map(|row| AnyRow::new(Company(row))),
            Kind::Customer => store.asked::<CustomerById>().answer(place)?.map(|row| AnyRow::new(Customer(row))),
            Kind::User => store.asked::<UserById>().answer(place)?.map(|row| AnyRow::new(User(row))),
            Kind::NoteType => store.asked::<NoteTypeById>().answer(place)?.map(|row| AnyRow::new(NoteType(row))),
            Kind::Note => store.asked::<NoteById>().answer(place)?.map(|row| AnyRow::new(Note(row))),
            Kind::NoteMessage => store.asked::<MessageById>().answer(place)?.map(|row| AnyRow::new(NoteMessage(row))),
        })
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
    gather::<Query, Args<ByIds>, Vec<Sought>, Vec<Option<AnyRow<Node>>>>(
        |_, Args(by), ctx, store| {
            ctx.viewer(Scope::Read)?;
            let count = by.ids.len();
            if count > MAX_NODES {
                return Err(Error::Invalid(format!("`ids` has {count} values; at most {MAX_NODES} are taken.")).into());
            }
            let keys = by.ids.iter().map(parse_global).collect::<Result<Vec<_>>>()?;
            Ok(keys.into_iter().map(|key| Sought::new(key, store)).collect())
        },
        |sought, store| sought.into_iter().map(|one| one.found(store)).collect(),
    )
}
