//! Checks that the search generates valid requests, as those that the server refuses as invalid show nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::candidate::{Candidate, How};
use super::generate::Generator;
use super::schema::Schema;
use crate::attack::FROM;
use crate::cases;
use crate::server::Server;
use crate::stage::Stage;
use crate::stored::Alphabet;
use crate::wire::{Wire, post};

const REQUESTS: usize = 40;
const SLOW: &str = "no answer yet";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_requests_are_valid() {
    let mut stage = Stage::set("search::made_up_requests_are_valid").await;
    let schema = Schema::read();
    let template = Arc::clone(&stage.template);
    let cast = &template.cast;
    let mut generator = Generator { schema: &schema, keys: &cast.keys, random: stage.run.random(4) };
    let how = How { alphabet: Alphabet::Words, length: 100, at_once: 1, reads: true };
    let mut candidates: Vec<_> = cases::all().iter().map(|case| Candidate::of(case, &schema, how.clone())).collect();
    for root in ["Query", "Mutation"] {
        let fields = generator.field(root, 0).into_iter().collect();
        candidates.push(Candidate { is_mutation: root == "Mutation", fields, how: how.clone() });
    }
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..REQUESTS {
        let changed = generator.changed(&candidates[number % candidates.len()]);
        let mut wire = Wire::connect(stage.server.address, FROM).await.unwrap();
        let request = post(&cast.attackers[number % cast.attackers.len()], &changed.body());
        // A slow request is valid, and must not delay the next one.
        let answer = timeout(Duration::from_millis(300), wire.ask(&request, 64 << 10)).await;
        let code = answer.map_or_else(|_| SLOW.to_owned(), |answer| answer.unwrap().code());
        assert!(!code.contains("GRAPHQL_"), "seed {}: {code}: {}", stage.run.seed, changed.body());
        if code == SLOW {
            stage.server = Server::start(stage.database.url(), &[]).await;
        }
        *codes.entry(code).or_default() += 1;
        let kept = number % candidates.len();
        candidates[kept] = changed;
    }
    stage.run.say(format_args!("{REQUESTS} requests: {codes:?}"));
    let good = codes.get("200").copied().unwrap_or(0) + codes.get(SLOW).copied().unwrap_or(0);
    assert!(good > REQUESTS / 4, "only {good} of {REQUESTS} were carried out: {codes:?}");
}
