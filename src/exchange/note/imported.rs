use crate::exchange::assignee::ImportedAssignee;
use crate::exchange::message::ImportedMessage;
use crate::exchange::person::{CustomerRef, UserRef};
use crate::ids::{CompanyId, NoteTypeId};
use crate::json::object::RawObject;
use crate::store::entity::note;

/// A note as a record describes it, with everything nested in it; the row lacks what the database assigns: company,
/// type.
#[derive(Clone, Debug)]
pub struct ImportedNote {
    pub object: RawObject,
    pub row: note::Model,
    pub company_id: Option<CompanyId>,
    pub type_name: Option<String>,
    pub type_id: Option<NoteTypeId>,
    pub customer: Option<CustomerRef>,
    pub user: Option<UserRef>,
    pub updated_by: Option<UserRef>,
    pub assignees: Vec<ImportedAssignee>,
    pub messages: Vec<ImportedMessage>,
    pub warnings: Vec<String>,
    /// Whether the record is in the format of the notes REST API; exports then omit the keys that it does not have.
    pub sparse: bool,
}
