//! Determines which type of record an ID names.

/// Operators that compare IDs; the field around them determines the type.
const OPERATORS: [&str; 7] = ["eq", "neq", "in", "notIn", "any", "all", "none"];
/// Fields with IDs that other systems assign: any text.
const FOREIGN: [&str; 4] = ["referenceId", "homeHouseId", "employeeId", "businessLocationId"];

/// The type of the records, `Node` if it may be any, `None` for IDs of other systems. `way` is the path of schema names
/// from the root field to the ID.
pub fn kind_of<'n>(way: &[&'n str]) -> Option<&'n str> {
    let field = way.first().copied().unwrap_or_default();
    let about = way.iter().rev().find(|name| !OPERATORS.contains(name)).copied().unwrap_or_default();
    match about {
        "customerId" | "customerIds" => Some("Customer"),
        "userId" | "userIds" | "assigneeIds" | "assignees" | "postedById" => Some("User"),
        "typeId" => Some("NoteType"),
        "noteId" | "noteIds" => Some("Note"),
        "id" | "ids" => Some(match field {
            "node" | "nodes" => "Node",
            // A filter selects notes, whatever record the list belongs to.
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
