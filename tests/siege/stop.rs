//! SIGTERM while the slowest requests attack the server. The case judges the exit; the attack goes on until then.

use std::time::Duration;

use tokio::time::sleep;

use crate::attack::{Attack, FROM};
use crate::cases;
use crate::stage::Stage;
use crate::stored::{self, Alphabet};
use crate::verdict::Bounds;
use crate::wire::post;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_attack() {
    let stage = Stage::set("stop::under_attack").await;
    let cast = &stage.template.cast;
    stored::details(&stage.server, cast, Alphabet::Words, 20_000).await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let post = |body: String| post(&cast.reader, &body);
    let requests = [cases::snippets(), cases::exclusions(), cases::counts()].map(|case| post(case.body()));
    attack.each(FROM, &requests, 24);
    attack.unread(&[FROM], &post(cases::aliased_details(1).body()), 24);
    attack.hold(&[FROM], b"POST /graphql HTTP/1.1\r\nHost: x\r\n", 100);
    sleep(Duration::from_secs(2)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}
