use notegraph::graphql::global_id::{NodeId, NodeKind};
use notegraph::ids::{CompanyId, CustomerId, MessageId, NoteId, NoteTypeId, UserId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::texts::{number, text};
use super::{Asked, blames_the_client, fuzz};

const KINDS: [NodeKind; 6] =
    [NodeKind::Company, NodeKind::Customer, NodeKind::User, NodeKind::NoteType, NodeKind::Note, NodeKind::NoteMessage];

fn id() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(KINDS.map(NodeKind::name).to_vec());
    prop_oneof![
        4 => (kind.clone(), number()).prop_map(|(kind, key)| json!(format!("{kind}:{key}"))),
        2 => (kind, text()).prop_map(|(kind, key)| json!(format!("{kind}:{key}"))),
        2 => text().prop_map(Value::String),
        1 => (number(), number()).prop_map(|(note, user)| json!(format!("NoteAssignee:{note}:{user}"))),
        1 => number(),
    ]
}

const DOCUMENT: &str = "query($id: ID!) {
    node(id: $id) { id } nodes(ids: [$id, $id]) { id } note(id: $id) { id } customer(id: $id) { id } user(id: $id) { id }
    notes(filter: { or: [{ id: { eq: $id } }, { customerId: { in: [$id] } }, { referenceId: { eq: $id } }] }) { totalCount }
}";

/// An ID that is read from this text is written as an ID that is read as the same.
fn comes_back<I: NodeId>(text: &str) -> Result<(), String> {
    match I::parse(text) {
        Ok(id) if I::parse(&id.global_id()) != Ok(id) => Err(format!("{} does not come back", id.global_id().0)),
        _ => Ok(()),
    }
}

/// Each ID names a record, or is refused as invalid.
#[test]
fn any_id_is_answered() {
    let asked = Asked::start();
    fuzz("ids", 300, &id(), |id| {
        let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        comes_back::<CompanyId>(&text)?;
        comes_back::<CustomerId>(&text)?;
        comes_back::<UserId>(&text)?;
        comes_back::<NoteTypeId>(&text)?;
        comes_back::<NoteId>(&text)?;
        comes_back::<MessageId>(&text)?;
        blames_the_client(&asked.ask(DOCUMENT, json!({ "id": id })), &["INVALID", "GRAPHQL_VALIDATION_FAILED"])
    });
}
