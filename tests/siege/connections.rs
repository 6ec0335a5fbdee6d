//! Attacks without a token.

use std::net::Ipv4Addr;

use tokio::time::sleep;

use crate::attack::{Attack, FROM};
use crate::process;
use crate::run::{by_form, seconds};
use crate::stage::Stage;
use crate::verdict::Bounds;
use crate::wire::post;

/// Loopback addresses in different networks.
fn addresses(count: u8) -> Vec<Ipv4Addr> {
    (1..=count).map(|host| Ipv4Addr::new(127, host, 68, 1)).collect()
}

/// An unfinished request head of about `length` bytes.
fn unfinished_head(length: usize) -> Vec<u8> {
    let mut head = b"POST /graphql HTTP/1.1\r\nHost: x\r\n".to_vec();
    let mut number = 0;
    while head.len() < length {
        head.extend_from_slice(format!("X-{number}: {}\r\n", "a".repeat(1_000)).as_bytes());
        number += 1;
    }
    head
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_heads() {
    let stage = Stage::set("connections::unfinished_heads").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    // Heads above the limit of most servers, and below it.
    attack.hold(&addresses(3), &unfinished_head(90_000), 450);
    attack.hold(&addresses(3), &unfinished_head(15_000), 450);
    sleep(seconds(6, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand() {
    let connections = 5_000;
    let files = process::open_files();
    assert!(
        files > connections + 500,
        "{connections} connections need more open files than {files}: `ulimit -n 10000`"
    );
    let stage = Stage::set("connections::five_thousand").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let from = addresses(20);
    // One part sends nothing, one sends an unfinished head, and one is always refused.
    attack.hold(&from, b"", 2_000);
    attack.hold(&from, b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ", 1_900);
    let unknown = post("ng_1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "{\"query\":\"{ viewer { scopes } }\"}");
    let nowhere = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    let ready = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    for from in from {
        attack.each(from, &[unknown.clone(), nowhere.clone(), ready.clone()], 55);
    }
    sleep(seconds(6, 60)).await;
    stage.judge(siege, attack, &Bounds::MANY).await;
}

/// Endless bodies of requests that are refused at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lingering() {
    let stage = Stage::set("connections::lingering").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let head = |request: &str, lines: &str| {
        let json = "Content-Type: application/json";
        format!("{request} HTTP/1.1\r\nHost: x\r\n{json}\r\n{lines}\r\n\r\n").into_bytes()
    };
    let (length, chunked) = ("Content-Length: 1000000000", "Transfer-Encoding: chunked\r\n\r\n3b9aca00");
    let unknown = "Authorization: Bearer ng_1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let heads = [
        head("POST /nowhere", length),
        head("POST /nowhere", chunked),
        head("POST /graphql", &format!("{unknown}\r\n{length}")),
        head("PUT /graphql", length),
    ];
    attack.pour(&addresses(3), &heads, by_form(150, 450));
    sleep(seconds(6, 60)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_one_address() {
    let stage = Stage::set("connections::flood_of_one_address").await;
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    let nowhere = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    let ready = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    attack.each(FROM, &[nowhere, ready], by_form(40, 100));
    sleep(seconds(5, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}
