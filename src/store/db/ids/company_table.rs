use crate::ids::{CustomerId, MessageId, NoteId, NoteTypeId, RecordId, TokenId, UserId};

/// A table whose ids are counted by company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompanyTable {
    Customer,
    User,
    NoteType,
    Note,
    Message,
    Token,
}

impl CompanyTable {
    /// The name of its counter in `company_counter`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::User => "user",
            Self::NoteType => "note_type",
            Self::Note => "note",
            Self::Message => "message",
            Self::Token => "token",
        }
    }
}

/// An ID that is counted by company.
pub trait CountedId: RecordId {
    /// The table whose counter it comes from.
    const TABLE: CompanyTable;
}

impl CountedId for CustomerId {
    const TABLE: CompanyTable = CompanyTable::Customer;
}

impl CountedId for UserId {
    const TABLE: CompanyTable = CompanyTable::User;
}

impl CountedId for NoteTypeId {
    const TABLE: CompanyTable = CompanyTable::NoteType;
}

impl CountedId for NoteId {
    const TABLE: CompanyTable = CompanyTable::Note;
}

impl CountedId for MessageId {
    const TABLE: CompanyTable = CompanyTable::Message;
}

impl CountedId for TokenId {
    const TABLE: CompanyTable = CompanyTable::Token;
}
