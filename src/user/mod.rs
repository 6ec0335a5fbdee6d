//! Users, who write notes and are assigned to them.

mod assignee;
mod connection;
mod load;
mod object;
mod upsert;
mod viewer;

pub use assignee::NoteAssignee;
pub use connection::{UserConnection, list};
pub use load::UserById;
pub use object::{User, UserStatus};
pub use upsert::{UserInput, UsersUpsertPayload, upsert};
pub use viewer::Viewer;
