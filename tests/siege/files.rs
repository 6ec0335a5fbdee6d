//! The files of the playground, which need no token.

use std::net::Ipv4Addr;

use tokio::time::sleep;

use crate::attack::{Attack, FROM};
use crate::run::seconds;
use crate::stage::Stage;
use crate::verdict::Bounds;
use crate::wire::Wire;

/// Finds the path of the largest file, following the references in the page and its scripts.
async fn largest(stage: &Stage) -> String {
    let mut wire = Wire::connect(stage.server.address, FROM).await.unwrap();
    let mut largest = (0, String::new());
    let mut paths = vec!["/".to_owned()];
    let mut number = 0;
    while let Some(path) = paths.get(number).cloned() {
        let answer = wire.ask(&get("GET", &path), usize::MAX).await.unwrap();
        if answer.status == 200 && answer.length > largest.0 {
            largest = (answer.length, path);
        }
        let text = String::from_utf8_lossy(&answer.body);
        let is_file = |part: &&str| matches!(part.rsplit_once('.'), Some((_, "js" | "css")));
        for part in text.split(['"', '\'', '`']).filter(is_file) {
            let name = part.rsplit('/').next().unwrap();
            let found = format!("/playground/assets/{name}");
            if !paths.contains(&found) && paths.len() < 100 {
                paths.push(found);
            }
        }
        number += 1;
    }
    stage.run.say(format_args!("{} has {} bytes", largest.1, largest.0));
    assert!(largest.0 > 100_000, "the playground has no large file: {paths:?}");
    largest.1
}

/// A request without `Accept-Encoding`, so that the file is sent uncompressed.
fn get(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread() {
    let stage = Stage::set("files::unread").await;
    let path = largest(&stage).await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let from: Vec<Ipv4Addr> = (1..4).map(|host| Ipv4Addr::new(127, 0, 67, host)).collect();
    attack.unread(&from, &get("GET", &path), 900);
    sleep(seconds(6, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_of_files() {
    let stage = Stage::set("files::heads_of_files").await;
    let path = largest(&stage).await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    attack.repeat(FROM, &get("HEAD", &path), 100);
    sleep(seconds(4, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}
