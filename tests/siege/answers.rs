//! Responses that are larger than memory, and responses that nobody reads.

use tokio::time::sleep;

use crate::attack::{Attack, FROM};
use crate::cases;
use crate::run::{by_form, seconds};
use crate::stage::Stage;
use crate::stored::{self, Alphabet};
use crate::verdict::Bounds;
use crate::wire::post;

/// Maximum length of a text in a note.
const LONGEST: usize = 250_000;

/// Sets a stage on which the attackers' newest 100 notes have texts that take six times their length in JSON.
async fn with_long_texts(name: &'static str) -> Stage {
    let stage = Stage::set(name).await;
    let cast = &stage.template.cast;
    let length = stored::details(&stage.server, cast, Alphabet::Control, LONGEST).await;
    stage.run.say(format_args!("100 notes with {length} characters each"));
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aliases_of_long_texts() {
    let stage = with_long_texts("answers::aliases_of_long_texts").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let token = &stage.template.cast.reader;
    attack.repeat(FROM, &post(token, &cases::aliased_details(12).body()), 2);
    sleep(seconds(5, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread() {
    let stage = with_long_texts("answers::unread").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    // About 25 MB, which is below any limit on a single response.
    let query = "{ notes(first: 17) { nodes { details } } }";
    let body = serde_json::json!({ "query": query }).to_string();
    attack.unread(&[FROM], &post(&stage.template.cast.reader, &body), by_form(100, 200));
    sleep(seconds(7, 60)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_of_many_tokens() {
    let stage = with_long_texts("answers::unread_of_many_tokens").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let query = "{ notes(first: 17) { nodes { details } } }";
    let body = serde_json::json!({ "query": query }).to_string();
    for token in &stage.template.cast.attackers {
        attack.unread(&[FROM], &post(token, &body), by_form(5, 10));
    }
    sleep(seconds(7, 60)).await;
    stage.judge(siege, attack, &Bounds::MANY).await;
}
