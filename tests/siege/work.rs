//! The five requests of the bench, as the victims send them.

use serde_json::{Value, json};
use testkit::Random;

use crate::template::Keys;

/// A kind of request, named as in `bench/harness/work.mjs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    WholeNote,
    NewestNotes,
    NotesOfCustomer,
    Create,
    Patch,
}

pub const ALL: [Work; 5] = [Work::NewestNotes, Work::WholeNote, Work::NotesOfCustomer, Work::Create, Work::Patch];

const WHOLE_NOTE: &str = "query Whole($id: ID!) { note(id: $id) {
    id version subject details status priority confidential showOnOverview reminder tags referenceType referenceId
    messageCount createdOn updatedOn closedOn type { id name } company { id name }
    customer { id fullName companyName companyTitle email locale vip isMember mobile { full } birthdate createdOn }
    user { id fullName email username } updatedBy { id fullName }
    assignees { createdOn user { id fullName email } assignedBy { id fullName } }
    messages(first: 100) { nodes {
        id message createdOn attachment { url filename contentType size } postedBy { id fullName } } } } }";
const NEWEST_NOTES: &str = "query Newest { notes(first: 50, filter: { status: { eq: OPEN } }) { nodes {
    id subject details status priority tags createdOn updatedOn
    customer { id fullName companyName } user { id fullName } assignees { user { id fullName } }
    messages(first: 10) { nodes { id message createdOn postedBy { id fullName } } } } } }";
const NOTES_OF_CUSTOMER: &str = "query OfCustomer($id: ID!) {
    notes(first: 20, filter: { customerId: { eq: $id } }) { nodes {
        id version subject details status priority confidential showOnOverview reminder tags referenceType referenceId
        messageCount createdOn updatedOn closedOn } } }";
const CREATE: &str = "mutation Create($input: NoteCreateInput!) { noteCreate(input: $input) {
    note { id version subject details status tags createdOn updatedOn type { id name }
        customer { id fullName companyName } user { id fullName } assignees { user { id fullName } }
        messages(first: 10) { nodes { id message createdOn postedBy { id fullName } } } }
    userErrors { message } } }";
const PATCH: &str = "mutation Patch($input: NotePatchInput!) { notePatch(input: $input) {
    note { id version subject priority updatedOn } changedFields userErrors { message } } }";

impl Work {
    /// The body of a request for existing records.
    pub fn body(self, keys: &Keys, random: &mut Random) -> String {
        let (document, variables) = match self {
            Self::WholeNote => (WHOLE_NOTE, json!({ "id": random.pick(&keys.notes) })),
            Self::NewestNotes => (NEWEST_NOTES, json!({})),
            Self::NotesOfCustomer => (NOTES_OF_CUSTOMER, json!({ "id": random.pick(&keys.customers) })),
            Self::Create => (CREATE, json!({ "input": create(keys, random) })),
            Self::Patch => {
                let subject = format!("Patched in request {}", random.below(1 << 30));
                let patch = json!({ "subject": subject, "priority": random.chance(50) });
                (PATCH, json!({ "input": { "id": random.pick(&keys.notes), "patch": patch } }))
            }
        };
        json!({ "query": document, "variables": variables }).to_string()
    }
}

fn create(keys: &Keys, random: &mut Random) -> Value {
    let first = random.pick(&keys.users).clone();
    let second = keys.users.iter().find(|user| **user != first);
    json!({
        "customerId": random.pick(&keys.customers),
        "typeId": random.pick(&keys.types),
        "subject": format!("Call back about order {}", random.below(1 << 30)),
        "details": "The customer asks when the second parcel comes; the first one is there, and complete.",
        "tags": ["call back", "parcel"],
        "assigneeIds": [&first, second.unwrap_or(&first)],
    })
}
