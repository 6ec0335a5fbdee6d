//! Requests that are charged little and take much.

use tokio::time::sleep;

use crate::attack::{Attack, FROM};
use crate::cases::{self, Case};
use crate::run::seconds;
use crate::stage::Stage;
use crate::stored::{self, Alphabet};
use crate::verdict::Bounds;
use crate::wire::post;

/// Half of a token's limit on concurrent requests.
const AT_ONCE: usize = 25;

/// A single token with the scope READ repeats the same request.
async fn besiege(name: &'static str, case: &Case, at_once: usize) {
    attack(Stage::set(name).await, case, at_once).await;
}

async fn attack(stage: Stage, case: &Case, at_once: usize) {
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    attack.repeat(FROM, &post(&stage.template.cast.reader, &case.body()), at_once);
    sleep(seconds(4, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snippets() {
    let stage = Stage::set("costs::snippets").await;
    let cast = &stage.template.cast;
    stored::details(&stage.server, cast, Alphabet::Words, 20_000).await;
    attack(stage, &cases::snippets(), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exclusions() {
    besiege("costs::exclusions", &cases::exclusions(), AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts() {
    besiege("costs::counts", &cases::counts(), AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters() {
    besiege("costs::filters", &cases::contains_of_customers(), AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_of_many() {
    besiege("costs::any_of_many", &cases::any_of_many(), AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relevance() {
    besiege("costs::relevance", &cases::relevance(), AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assignees() {
    let stage = Stage::set("costs::assignees").await;
    let each = stored::assignees(&stage.server, &stage.template.cast, 6).await;
    stage.run.say(format_args!("100 notes with {each} assignees each"));
    attack(stage, &cases::assignees(), 5).await;
}
