//! Twenty concurrent attackers, each with another token, from few addresses and with all known cases.

use std::net::Ipv4Addr;

use tokio::time::sleep;

use crate::attack::Attack;
use crate::cases;
use crate::run::seconds;
use crate::stage::Stage;
use crate::stored::{self, Alphabet};
use crate::verdict::Bounds;
use crate::wire::post;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_attackers() {
    let stage = Stage::set("crowd::twenty_attackers").await;
    let cast = &stage.template.cast;
    stored::details(&stage.server, cast, Alphabet::Words, 20_000).await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    for (number, token) in (0..).zip(&cast.attackers) {
        let mut requests: Vec<_> = cases::all().iter().map(|case| post(token, &case.body())).collect();
        let length = requests.len();
        requests.rotate_left(usize::from(number) % length);
        attack.each(Ipv4Addr::new(127, 0, 69, 1 + number % 4), &requests, 5);
    }
    sleep(seconds(8, 60)).await;
    stage.judge(siege, attack, &Bounds::MANY).await;
}
