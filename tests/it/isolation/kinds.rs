//! Which records an ID names.

/// What compares with IDs; the field around it says with which.
const OPERATORS: [&str; 7] = ["eq", "neq", "in", "notIn", "any", "all", "none"];
/// What other systems know something by: any text.
const FOREIGN: [&str; 4] = ["referenceId", "homeHouseId", "employeeId", "businessLocationId"];

/// The type of the records, `Node` where it may be any; `None` for IDs of other systems. `way` leads from the root field
/// to the ID, by the names of the schema.
pub fn kind_of<'n>(way: &[&'n str]) -> Option<&'n str> {
    let field = way.first().copied().unwrap_or_default();
    let about = way.iter().rev().find(|name| !OPERATORS.contains(name)).copied().unwrap_or_default();
    match about {
        "customerId" => Some("Customer"),
        "userId" | "userIds" | "assigneeIds" | "assignees" | "postedById" => Some("User"),
        "typeId" => Some("NoteType"),
        "noteId" => Some("Note"),
        "id" | "ids" => Some(match field {
            "node" | "nodes" => "Node",
            // A filter looks at notes, whoever's they are.
            _ if way.contains(&"filter") => "Note",
            _ if field.starts_with("noteType") => "NoteType",
            _ if field.starts_with("customer") => "Customer",
            _ if field.starts_with("user") => "User",
            _ => "Note",
        }),
        other => {
            assert!(FOREIGN.contains(&other), "say what the ID {} names", way.join("."));
            None
        }
    }
}
