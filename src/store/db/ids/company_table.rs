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
