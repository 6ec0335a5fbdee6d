//! `Node`: records of any type, by their global IDs.

use breadth::{
    Abstract, AbstractType, AnyRow, Args, FieldDefinition, LoadState, Loader, Nullable, Object, relation_from_loaders,
};

use super::by_id::{ById, ByIds};
use crate::company::{Company, CompanyById};
use crate::customer::{Customer, CustomerById};
use crate::error::Error;
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::{GlobalIdTarget, parse_global_id};
use crate::note::{AssigneeById, EventByHandle, MessageById, Note, NoteById, NoteEvent, NoteMessage};
use crate::note_type::{NoteType, NoteTypeById};
use crate::store::entity::token::Scope;
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
                NoteEvent::object,
            ],
        }
    }
}

/// A requested record: its parsed ID, and the index of its result in the loader.
struct NodeRequest(GlobalIdTarget, usize);

impl NodeRequest {
    fn new(named: GlobalIdTarget, state: &mut LoadState) -> Self {
        let index = match named {
            GlobalIdTarget::Company(key) => state.queue::<CompanyById>().request(&key),
            GlobalIdTarget::Customer(key) => state.queue::<CustomerById>().request(&key),
            GlobalIdTarget::User(key) => state.queue::<UserById>().request(&key),
            GlobalIdTarget::NoteType(key) => state.queue::<NoteTypeById>().request(&key),
            GlobalIdTarget::Note(key) => state.queue::<NoteById>().request(&key),
            GlobalIdTarget::Message(key) => state.queue::<MessageById>().request(&key),
            GlobalIdTarget::Assignee(key) => state.queue::<AssigneeById>().request(&key),
            GlobalIdTarget::Event(key) => state.queue::<EventByHandle>().request(&key),
        };
        Self(named, index)
    }

    fn found(self, state: &mut LoadState) -> breadth::Result<Option<AnyRow<Node>>> {
        fn row<L: Loader, T: Object>(
            state: &mut LoadState,
            index: usize,
            found: impl Fn(L::Value) -> T,
        ) -> breadth::Result<Option<AnyRow<Node>>> {
            Ok(state.queue::<L>().result(index)?.map(|row| AnyRow::new(found(row))))
        }
        let Self(named, index) = self;
        match named {
            GlobalIdTarget::Company(_) => row::<CompanyById, _>(state, index, Company),
            GlobalIdTarget::Customer(_) => row::<CustomerById, _>(state, index, Customer),
            GlobalIdTarget::User(_) => row::<UserById, _>(state, index, User),
            GlobalIdTarget::NoteType(_) => row::<NoteTypeById, _>(state, index, NoteType),
            GlobalIdTarget::Note(_) => row::<NoteById, _>(state, index, Note),
            GlobalIdTarget::Message(_) => row::<MessageById, _>(state, index, NoteMessage),
            GlobalIdTarget::Assignee(_) => row::<AssigneeById, _>(state, index, NoteAssignee),
            GlobalIdTarget::Event(_) => row::<EventByHandle, _>(state, index, NoteEvent),
        }
    }
}

/// `Query.node`; `R` is the root.
pub fn node<R: 'static>() -> FieldDefinition {
    relation_from_loaders::<R, Args<ById>, NodeRequest, Option<AnyRow<Node>>>(
        |_, Args(by), ctx, state| {
            ctx.viewer(Scope::Read)?;
            Ok(NodeRequest::new(parse_global_id(&by.id)?, state))
        },
        NodeRequest::found,
    )
}

/// `Query.nodes`: one statement for each type among the IDs. A malformed ID is an error of its position alone; a load
/// that fails is an error of the field.
pub fn nodes<R: 'static>() -> FieldDefinition {
    type Requests = Vec<breadth::Result<NodeRequest>>;
    type Found = Vec<breadth::Result<Option<AnyRow<Node>>>>;
    relation_from_loaders::<R, Args<ByIds>, Requests, Nullable<Found>>(
        |_, Args(by), ctx, state| {
            ctx.viewer(Scope::Read)?;
            let count = by.ids.len();
            if count > MAX_NODES {
                return Err(
                    Error::Invalid(format!("`ids` has {count} values; at most {MAX_NODES} are allowed.")).into()
                );
            }
            let request = |id| -> breadth::Result<_> { Ok(NodeRequest::new(parse_global_id(id)?, state)) };
            Ok(by.ids.iter().map(request).collect())
        },
        |requests, state| {
            let found = |request: breadth::Result<NodeRequest>| match request {
                Ok(request) => request.found(state).map(Ok),
                Err(malformed) => Ok(Err(malformed)),
            };
            Ok(Nullable(requests.into_iter().map(found).collect::<breadth::Result<Found>>()?))
        },
    )
}
