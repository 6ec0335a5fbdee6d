//! Documents for each root field. A name in angle brackets stands for a record of the company that a test uses;
//! `<mine>` is always a note of the viewer's own company, and `<unused>` a note type that no note has.

use notegraph::store::entity::token::Scope;

pub struct Case {
    pub field: &'static str,
    pub document: &'static str,
    /// The scope that the document needs.
    pub scope: Scope,
}

const fn case(field: &'static str, document: &'static str) -> Case {
    let scope = if document.as_bytes()[0] == b'm' { Scope::Write } else { Scope::Read };
    Case { field, document, scope }
}

const fn admin(field: &'static str, document: &'static str) -> Case {
    Case { field, document, scope: Scope::Admin }
}

/// The cases, ordered so that each change has something to do: the notes are deleted last.
pub const CASES: &[Case] = &[
    case("viewer", "{ viewer { user { username } company { name } scopes } }"),
    case("node", r#"{ node(id: "<company>") { __typename id ... on Company { name } } }"#),
    case("node", r#"{ node(id: "<customer>") { __typename id ... on Customer { fullName } } }"#),
    case("node", r#"{ node(id: "<user>") { __typename id ... on User { fullName } } }"#),
    case("node", r#"{ node(id: "<type>") { __typename id ... on NoteType { name } } }"#),
    case("node", r#"{ node(id: "<note>") { __typename id ... on Note { subject } } }"#),
    case("node", r#"{ node(id: "<assignment>") { __typename id ... on NoteAssignee { user { fullName } } } }"#),
    case("node", r#"{ node(id: "<message>") { __typename id ... on NoteMessage { message } } }"#),
    case(
        "nodes",
        r#"{ nodes(ids: ["<company>", "<customer>", "<user>", "<type>", "<note>", "<message>", "<assignment>"]) { __typename id } }"#,
    ),
    case("note", r#"{ note(id: "<note>") { id subject } }"#),
    case("customer", r#"{ customer(id: "<customer>") { id fullName notes { totalCount } } }"#),
    case("user", r#"{ user(id: "<user>") { id fullName createdNotes { totalCount } } }"#),
    case("noteTypes", "{ noteTypes { name } }"),
    case("customers", "{ customers { nodes { fullName } totalCount } }"),
    case("users", "{ users { nodes { fullName } totalCount } }"),
    case("notes", "{ notes { nodes { subject } totalCount } }"),
    case("notes", r#"{ notes(filter: { id: { eq: "<note>" } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { id: { in: ["<note>"] } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { id: { notIn: ["<note>"] } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { customerId: { eq: "<customer>" } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { customerId: { neq: "<customer>" } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { userId: { eq: "<user>" } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { typeId: { eq: "<type>" } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { assignees: { any: ["<user>"] } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { assignees: { all: ["<user>"] } }) { nodes { subject } totalCount } }"#),
    case("notes", r#"{ notes(filter: { assignees: { none: ["<user>"] } }) { nodes { subject } totalCount } }"#),
    case("noteEvents", "{ noteEvents(from: BEGINNING) { nodes { type note { subject } actor { fullName } } } }"),
    case("noteEvents", r#"{ noteEvents(from: BEGINNING, noteIds: ["<note>"]) { nodes { type noteId } } }"#),
    case("noteEvents", r#"{ noteEvents(from: BEGINNING, customerIds: ["<customer>"]) { nodes { type noteId } } }"#),
    case("noteCounts", "{ noteCounts(groupBy: USER) { key label count } }"),
    case("noteCounts", r#"{ noteCounts(groupBy: TYPE, filter: { customerId: { eq: "<customer>" } }) { key count } }"#),
    case("noteCounts", r#"{ noteCounts(groupBy: TAG, filter: { userId: { eq: "<user>" } }) { key count } }"#),
    case(
        "noteDeletePreview",
        r#"{ noteDeletePreview(ids: ["<note>"]) { totalCount items { typeName recordId action } } }"#,
    ),
    case(
        "noteCreate",
        r#"mutation { noteCreate(input: { customerId: "<customer>" })
            { note { subject customer { fullName } } noteEdge { cursor } userErrors { code message path params } } }"#,
    ),
    case(
        "noteCreate",
        r#"mutation { noteCreate(input: { typeId: "<type>" })
            { note { type { name } } noteEdge { cursor } userErrors { code message path params } } }"#,
    ),
    case(
        "noteCreate",
        r#"mutation { noteCreate(input: { assigneeIds: ["<user>"] })
            { note { assignees { user { fullName } } } userErrors { code message path params } } }"#,
    ),
    case(
        "notePatch",
        r#"mutation { notePatch(input: { id: "<note>", patch: { subject: "Changed" } })
            { note { subject } changedFields userErrors { code message path params } } }"#,
    ),
    case(
        "notePatch",
        r#"mutation { notePatch(input: { id: "<mine>", patch: { customerId: "<customer>" } })
            { note { customer { fullName } } changedFields userErrors { code message path params } } }"#,
    ),
    case(
        "notePatch",
        r#"mutation { notePatch(input: { id: "<mine>", patch: { typeId: "<type>" } })
            { note { type { name } } changedFields userErrors { code message path params } } }"#,
    ),
    case(
        "noteUnassign",
        r#"mutation { noteUnassign(input: { id: "<note>", userIds: ["<user>"] })
            { note { subject } removedUserIds notAssignedUserIds userErrors { code message path params } } }"#,
    ),
    case(
        "noteAssign",
        r#"mutation { noteAssign(input: { id: "<note>", userIds: ["<user>"] })
            { note { subject } added { userId } userErrors { code message path params } } }"#,
    ),
    case(
        "noteAssign",
        r#"mutation { noteAssign(input: { id: "<mine>", userIds: ["<user>"] })
            { note { subject } added { userId } userErrors { code message path params } } }"#,
    ),
    case(
        "noteUnassign",
        r#"mutation { noteUnassign(input: { id: "<mine>", userIds: ["<user>"] })
            { note { subject } removedUserIds notAssignedUserIds userErrors { code message path params } } }"#,
    ),
    case(
        "noteMessagePost",
        r#"mutation { noteMessagePost(input: { noteId: "<note>", message: "Hello" })
            { note { subject } message { message } messageEdge { cursor } userErrors { code message path params } } }"#,
    ),
    case(
        "notesPatch",
        r#"mutation { notesPatch(input: { ids: ["<note>"], patch: { subject: "Changed again" } })
            { results { noteId note { subject } userErrors { code message path } } changedCount userErrors { code message path params } } }"#,
    ),
    case(
        "notesPatch",
        r#"mutation { notesPatch(input: { ids: ["<mine>"], patch: { customerId: "<customer>", subject: "x" } })
            { results { note { customer { fullName } } } userErrors { code message path params } } }"#,
    ),
    case(
        "notesPatch",
        r#"mutation { notesPatch(input: { ids: ["<mine>"], patch: { typeId: "<type>", subject: "y" } })
            { results { note { type { name } } } userErrors { code message path params } } }"#,
    ),
    case(
        "notesUnassign",
        r#"mutation { notesUnassign(input: { ids: ["<note>"], userIds: ["<user>"] })
            { results { noteId note { subject } } changedCount userErrors { code message path params } } }"#,
    ),
    case(
        "notesAssign",
        r#"mutation { notesAssign(input: { ids: ["<note>"], userIds: ["<user>"] })
            { results { noteId note { subject } } changedCount userErrors { code message path params } } }"#,
    ),
    case(
        "notesAssign",
        r#"mutation { notesAssign(input: { ids: ["<mine>"], userIds: ["<user>"] })
            { results { note { assignees { user { fullName } } } } userErrors { code message path params } } }"#,
    ),
    case(
        "notesUnassign",
        r#"mutation { notesUnassign(input: { ids: ["<mine>"], userIds: ["<user>"] })
            { results { note { assignees { user { fullName } } } } userErrors { code message path params } } }"#,
    ),
    admin(
        "noteTypeCreate",
        r#"mutation { noteTypeCreate(name: "New") { noteType { name } userErrors { code message path params } } }"#,
    ),
    admin(
        "noteTypeRename",
        r#"mutation { noteTypeRename(id: "<type>", name: "Renamed")
            { noteType { id name } userErrors { code message path params } } }"#,
    ),
    admin(
        "customersUpsert",
        r#"mutation { customersUpsert(input: [{ id: "<customer>", externalKey: "k", flag: "new" }])
            { customers { id flag fullName } userErrors { code message path params } } }"#,
    ),
    admin(
        "usersUpsert",
        r#"mutation { usersUpsert(input: [{ id: "<user>", externalKey: "k", role: "new" }])
            { users { id role fullName } userErrors { code message path params } } }"#,
    ),
    admin(
        "noteTypeDelete",
        r#"mutation { noteTypeDelete(id: "<unused>") { noteType { id name } userErrors { code message path params } } }"#,
    ),
    case(
        "noteDelete",
        r#"mutation { noteDelete(input: { id: "<note>" })
            { deletedNoteId note { subject } report { totalCount items { recordId } } userErrors { code message path params } } }"#,
    ),
    case(
        "notesDelete",
        r#"mutation { notesDelete(input: { ids: ["<other>"] })
            { deletedNoteIds report { totalCount items { recordId } } results { noteId note { subject } }
              userErrors { code message path params } } }"#,
    ),
];

/// Every place of an ID: its type, a document with `<bad>` for an invalid one, and in a change the path of the user
/// error.
pub const PLACES: &[(&str, &str, &[&str])] = &[
    ("Note", r#"{ note(id: "<bad>") { id } }"#, &[]),
    ("Note", r#"{ noteDeletePreview(ids: ["<mine>", "<bad>"]) { totalCount } }"#, &[]),
    ("Note", r#"{ notes(filter: { id: { eq: "<bad>" } }) { totalCount } }"#, &[]),
    ("Note", r#"{ notes(filter: { id: { neq: "<bad>" } }) { totalCount } }"#, &[]),
    ("Note", r#"{ notes(filter: { id: { in: ["<bad>"] } }) { totalCount } }"#, &[]),
    ("Note", r#"{ notes(filter: { id: { notIn: ["<bad>"] } }) { totalCount } }"#, &[]),
    ("Customer", r#"{ customer(id: "<bad>") { id } }"#, &[]),
    ("Customer", r#"{ notes(filter: { customerId: { eq: "<bad>" } }) { totalCount } }"#, &[]),
    ("User", r#"{ user(id: "<bad>") { id } }"#, &[]),
    ("User", r#"{ notes(filter: { userId: { eq: "<bad>" } }) { totalCount } }"#, &[]),
    ("User", r#"{ notes(filter: { assignees: { any: ["<bad>"] } }) { totalCount } }"#, &[]),
    ("User", r#"{ notes(filter: { assignees: { all: ["<bad>"] } }) { totalCount } }"#, &[]),
    ("User", r#"{ notes(filter: { assignees: { none: ["<bad>"] } }) { totalCount } }"#, &[]),
    ("NoteType", r#"{ notes(filter: { typeId: { eq: "<bad>" } }) { totalCount } }"#, &[]),
    ("any", r#"{ node(id: "<bad>") { id } }"#, &[]),
    ("any", r#"{ nodes(ids: ["<bad>"]) { id } }"#, &[]),
    (
        "Note",
        r#"mutation { change: notePatch(input: { id: "<bad>", patch: { subject: "x" } }) { note { id } userErrors { code path } } }"#,
        &["input", "id"],
    ),
    (
        "Note",
        r#"mutation { change: noteAssign(input: { id: "<bad>", userIds: [] }) { note { id } userErrors { code path } } }"#,
        &["input", "id"],
    ),
    (
        "Note",
        r#"mutation { change: noteUnassign(input: { id: "<bad>", userIds: [] }) { note { id } userErrors { code path } } }"#,
        &["input", "id"],
    ),
    (
        "Note",
        r#"mutation { change: noteMessagePost(input: { noteId: "<bad>", message: "x" }) { note { id } userErrors { code path } } }"#,
        &["input", "noteId"],
    ),
    (
        "Note",
        r#"mutation { change: noteDelete(input: { id: "<bad>" }) { note { id } userErrors { code path } } }"#,
        &["input", "id"],
    ),
    (
        "Note",
        r#"mutation { change: notesPatch(input: { ids: ["<mine>", "<bad>"], patch: { subject: "x" } }) { userErrors { code path } } }"#,
        &["input", "ids", "1"],
    ),
    (
        "Note",
        r#"mutation { change: notesAssign(input: { ids: ["<mine>", "<bad>"], userIds: [] }) { userErrors { code path } } }"#,
        &["input", "ids", "1"],
    ),
    (
        "Note",
        r#"mutation { change: notesUnassign(input: { ids: ["<mine>", "<bad>"], userIds: [] }) { userErrors { code path } } }"#,
        &["input", "ids", "1"],
    ),
    (
        "Note",
        r#"mutation { change: notesDelete(input: { ids: ["<mine>", "<bad>"] }) { userErrors { code path } } }"#,
        &["input", "ids", "1"],
    ),
    (
        "User",
        r#"mutation { change: notesAssign(input: { ids: ["<mine>"], userIds: ["1", "<bad>"] }) { userErrors { code path } } }"#,
        &["input", "userIds", "1"],
    ),
    (
        "User",
        r#"mutation { change: notesUnassign(input: { ids: ["<mine>"], userIds: ["1", "<bad>"] }) { userErrors { code path } } }"#,
        &["input", "userIds", "1"],
    ),
    (
        "NoteType",
        r#"mutation { change: notesPatch(input: { ids: ["<mine>"], patch: { typeId: "<bad>" } }) { userErrors { code path } } }"#,
        &["input", "patch", "typeId"],
    ),
    (
        "NoteType",
        r#"mutation { change: noteTypeRename(id: "<bad>", name: "x") { userErrors { code path } } }"#,
        &["id"],
    ),
    (
        "Customer",
        r#"mutation { change: customersUpsert(input: [{ id: "<bad>", externalKey: "k", firstName: "x" }]) { userErrors { code path } } }"#,
        &["input", "0", "id"],
    ),
    (
        "User",
        r#"mutation { change: usersUpsert(input: [{ id: "<bad>", externalKey: "k", username: "x" }]) { userErrors { code path } } }"#,
        &["input", "0", "id"],
    ),
    ("NoteType", r#"mutation { change: noteTypeDelete(id: "<bad>") { userErrors { code path } } }"#, &["id"]),
    (
        "User",
        r#"mutation { change: noteAssign(input: { id: "<mine>", userIds: ["1", "<bad>"] }) { note { id } userErrors { code path } } }"#,
        &["input", "userIds", "1"],
    ),
    (
        "User",
        r#"mutation { change: noteUnassign(input: { id: "<mine>", userIds: ["1", "<bad>"] }) { note { id } userErrors { code path } } }"#,
        &["input", "userIds", "1"],
    ),
    (
        "Customer",
        r#"mutation { change: notePatch(input: { id: "<mine>", patch: { customerId: "<bad>" } }) { note { id } userErrors { code path } } }"#,
        &["input", "patch", "customerId"],
    ),
    (
        "NoteType",
        r#"mutation { change: notePatch(input: { id: "<mine>", patch: { typeId: "<bad>" } }) { note { id } userErrors { code path } } }"#,
        &["input", "patch", "typeId"],
    ),
    (
        "Customer",
        r#"mutation { change: noteCreate(input: { customerId: "<bad>" }) { note { id } userErrors { code path } } }"#,
        &["input", "customerId"],
    ),
    (
        "NoteType",
        r#"mutation { change: noteCreate(input: { typeId: "<bad>" }) { note { id } userErrors { code path } } }"#,
        &["input", "typeId"],
    ),
    (
        "User",
        r#"mutation { change: noteCreate(input: { assigneeIds: ["1", "<bad>"] }) { note { id } userErrors { code path } } }"#,
        &["input", "assigneeIds", "1"],
    ),
];
