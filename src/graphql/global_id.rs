//! Global ids such as `Note:42`, which identify a record across all types, as Relay's Node interface requires. If the
//! type is clear from the argument, the bare key `42` works as well. An assignment has two keys: `NoteAssignee:42:7`
//! assigns the user 7 to the note 42.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breadth::{LeafValue, Registry};

use crate::error::{Error, Result};
use crate::ids::{CompanyId, CustomerId, MessageId, NoteId, NoteTypeId, RecordId, UserId};
use crate::text::quote::quote;

/// The types with global ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    Company,
    Customer,
    User,
    NoteType,
    Note,
    NoteMessage,
}

impl NodeKind {
    /// The kind with this id prefix.
    pub fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == prefix)
    }

    const ALL: [Self; 6] = [Self::Company, Self::Customer, Self::User, Self::NoteType, Self::Note, Self::NoteMessage];

    /// The name of the type in the schema, which is also the prefix of its ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Company => "Company",
            Self::Customer => "Customer",
            Self::User => "User",
            Self::NoteType => "NoteType",
            Self::Note => "Note",
            Self::NoteMessage => "NoteMessage",
        }
    }
}

/// The ID of a record that has a global ID.
pub trait NodeId: RecordId {
    const KIND: NodeKind;

    /// The global ID, such as `Note:42`.
    fn global_id(self) -> ID {
        ID(format!("{}:{self}", Self::KIND.name()))
    }

    /// Parses an id of this kind, given in full (`Note:42`) or bare (`42`).
    ///
    /// # Errors
    /// A message for the client, if the id is invalid or of another kind.
    fn parse(id: &str) -> std::result::Result<Self, String> {
        let name = Self::KIND.name();
        let key = match id.split_once(':') {
            None => key(id),
            Some((prefix, bare)) if prefix == name => key(bare),
            Some(_) => None,
        };
        key.ok_or_else(|| format!("{} is not the ID of a {name}, such as \"{name}:42\".", quote(id)))
    }

    /// Like [`Self::parse`], for an argument of a query.
    ///
    /// # Errors
    /// INVALID, if the id is invalid or of another kind.
    fn parse_arg(id: &ID) -> Result<Self> {
        Self::parse(id).map_err(Error::Invalid)
    }
}

impl NodeId for CompanyId {
    const KIND: NodeKind = NodeKind::Company;
}

impl NodeId for CustomerId {
    const KIND: NodeKind = NodeKind::Customer;
}

impl NodeId for UserId {
    const KIND: NodeKind = NodeKind::User;
}

impl NodeId for NoteTypeId {
    const KIND: NodeKind = NodeKind::NoteType;
}

impl NodeId for NoteId {
    const KIND: NodeKind = NodeKind::Note;
}

impl NodeId for MessageId {
    const KIND: NodeKind = NodeKind::NoteMessage;
}

/// A global id in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalId<I>(pub I);

impl<I: NodeId> LeafValue for GlobalId<I> {
    fn register(registry: &mut Registry) -> String {
        <ID as LeafValue>::register(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(I::KIND.name().as_bytes());
        out.push(b':');
        // Writing to a Vec does not fail.
        let _ = serde_json::to_writer(&mut *out, &self.0);
        out.push(b'"');
    }
}

/// The keys of an assignment, whose global id is `NoteAssignee:42:7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssigneeKey {
    pub note_id: NoteId,
    pub user_id: UserId,
}

impl AssigneeKey {
    /// The name of the type in the schema, which is also the prefix of its ids.
    const NAME: &str = "NoteAssignee";

    pub fn id(self) -> ID {
        ID(format!("{}:{}:{}", Self::NAME, self.note_id, self.user_id))
    }

    /// Parses the keys after the prefix.
    fn parse(keys: &str) -> Option<Self> {
        let (note, user) = keys.split_once(':')?;
        Some(Self { note_id: key(note)?, user_id: key(user)? })
    }
}

impl LeafValue for AssigneeKey {
    fn register(registry: &mut Registry) -> String {
        <ID as LeafValue>::register(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.id().write(out);
    }
}

/// The record that a global id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalIdTarget {
    Company(CompanyId),
    Customer(CustomerId),
    User(UserId),
    NoteType(NoteTypeId),
    Note(NoteId),
    Message(MessageId),
    Assignee(AssigneeKey),
    Event(EventHandle),
}

/// Names an event in its global ID, such as `NoteEvent:0FqC2mJ3lN1x8vYdQ5rT7w`. It is a number that is hidden, as the
/// events of all companies are numbered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventHandle(pub [[u8; 8]; 2]);

impl EventHandle {
    /// The name of the type in the schema, which is also the prefix of its ids.
    const NAME: &str = "NoteEvent";

    pub fn id(self) -> ID {
        ID(format!("{}:{}", Self::NAME, URL_SAFE_NO_PAD.encode(self.0.as_flattened())))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut handle = [[0; 8]; 2];
        let bytes = (text.len() == 22).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        handle.as_flattened_mut().copy_from_slice(&bytes);
        Some(Self(handle))
    }
}

impl LeafValue for EventHandle {
    fn register(registry: &mut Registry) -> String {
        <ID as LeafValue>::register(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.id().write(out);
    }
}

/// Parses a global id, given in full.
///
/// # Errors
/// INVALID, if it is not a global id.
pub fn parse_global_id(id: &ID) -> Result<GlobalIdTarget> {
    id.split_once(':')
        .and_then(|(prefix, rest)| {
            if prefix == AssigneeKey::NAME {
                return AssigneeKey::parse(rest).map(GlobalIdTarget::Assignee);
            }
            if prefix == EventHandle::NAME {
                return EventHandle::parse(rest).map(GlobalIdTarget::Event);
            }
            Some(match NodeKind::from_prefix(prefix)? {
                NodeKind::Company => GlobalIdTarget::Company(key(rest)?),
                NodeKind::Customer => GlobalIdTarget::Customer(key(rest)?),
                NodeKind::User => GlobalIdTarget::User(key(rest)?),
                NodeKind::NoteType => GlobalIdTarget::NoteType(key(rest)?),
                NodeKind::Note => GlobalIdTarget::Note(key(rest)?),
                NodeKind::NoteMessage => GlobalIdTarget::Message(key(rest)?),
            })
        })
        .ok_or_else(|| Error::Invalid(format!("{} is not a global ID, such as \"Note:42\".", quote(id))))
}

/// Parses a key. Each has a single spelling: decimal, without a sign or leading zeros.
fn key<I: RecordId>(text: &str) -> Option<I> {
    text.parse().ok().filter(|key: &i64| *key > 0 && key.to_string() == text).map(I::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_bare_ids_name_the_same_record() {
        assert_eq!(NoteId::parse("42"), Ok(NoteId(42)));
        assert_eq!(NoteId::parse("Note:42"), Ok(NoteId(42)));
        assert_eq!(NoteId::parse("9223372036854775807"), Ok(NoteId(i64::MAX)));
    }

    #[test]
    fn an_id_has_one_spelling() {
        for id in ["Customer:42", "note:42", "042", "+42", "-42", "0", " 42", "42 ", "", "Note:", "9223372036854775808"]
        {
            assert!(NoteId::parse(id).is_err(), "{id:?} was taken");
        }
    }

    #[test]
    fn the_id_of_an_assignment_has_note_and_user() {
        let assignee = AssigneeKey { note_id: NoteId(42), user_id: UserId(7) };
        assert_eq!(assignee.id().as_str(), "NoteAssignee:42:7");
        assert!(matches!(parse_global_id(&assignee.id()), Ok(GlobalIdTarget::Assignee(found)) if found == assignee));
        for id in ["NoteAssignee:42", "NoteAssignee:42:07", "NoteAssignee:42:7:1", "NoteAssignee:0:7", "Note:42:7"] {
            assert!(parse_global_id(&ID(id.to_owned())).is_err(), "{id:?} was taken");
        }
    }
}
