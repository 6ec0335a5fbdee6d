//! Changes of many notes at once, which let the database grow and occupy the writer.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout_at};

use crate::attack::{Attack, FROM};
use crate::run::{by_form, seconds};
use crate::stage::Stage;
use crate::stored::{Alphabet, send};
use crate::template::door;
use crate::verdict::Bounds;
use crate::wire::post;

const PATCH: &str = "mutation($input: NotesPatchInput!) { notesPatch(input: $input) { changedCount } }";

fn patch(stage: &Stage, length: usize, number: usize) -> Value {
    let details = format!("{number} {}", Alphabet::Vocabulary.text(length));
    json!({ "input": { "ids": stage.template.cast.keys.notes, "patch": { "details": details } } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers() {
    let stage = Stage::set("writes::writers").await;
    let token = &stage.template.cast.attackers[0];
    let requests: Vec<_> = (0..40)
        .map(|number| post(token, &json!({ "query": PATCH, "variables": patch(&stage, 60_000, number) }).to_string()))
        .collect();
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    attack.each(FROM, &requests, 40);
    sleep(seconds(5, 40)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

/// Maximum growth of the event log as a multiple of the bytes sent: events store only the beginning of a long text.
const GROWTH: i64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn growth() {
    let stage = Stage::set("writes::growth").await;
    let (batches, length) = (by_form(10, 84), 60_000);
    let before = event_bytes(&stage).await;
    let siege = stage.begin().await;
    let (mut sent, mut accepted) = (0, 0);
    // A used-up budget ends the attack, too.
    let until = tokio::time::Instant::now() + seconds(10, 60);
    while sent < batches {
        let token = &stage.template.cast.attackers[0];
        let Ok(told) = timeout_at(until, send(&stage.server, token, PATCH, patch(&stage, length, sent))).await else {
            break;
        };
        sent += 1;
        accepted += usize::from(told.is_ok());
    }
    let grown = event_bytes(&stage).await - before;
    let bytes = i64::try_from(sent.max(1) * length).unwrap();
    let kilobytes = (bytes >> 10, grown >> 10);
    stage.run.say(format_args!("{accepted} of {sent} batches: {} KB made {} KB of events", kilobytes.0, kilobytes.1));
    let attack = Attack::on(stage.server.address);
    stage.judge(siege, attack, &Bounds::ONE).await;
    assert!(grown < bytes * GROWTH, "{bytes} bytes that were sent made {grown} bytes of events");
}

/// The size of the event log in bytes.
async fn event_bytes(stage: &Stage) -> i64 {
    let sql = if stage.database.url().starts_with("sqlite") {
        "SELECT sum(length(CAST(changes AS BLOB))) AS bytes FROM event"
    } else {
        "SELECT sum(octet_length(changes::text))::bigint AS bytes FROM event"
    };
    let door = door(stage.database.url()).await;
    let row = door.query_one_raw(Statement::from_string(door.get_database_backend(), sql)).await.unwrap().unwrap();
    let bytes = row.try_get::<Option<i64>>("", "bytes").unwrap().unwrap_or(0);
    door.close().await.unwrap();
    bytes
}
