use std::sync::mpsc::Receiver;

use cpu_time::ThreadTime;

use super::*;
use crate::ids::{CompanyId, TokenId};
use crate::scheduling::TokenKey;

#[test]
fn the_number_of_remembered_principals_is_bounded() {
    let mut last = HashMap::new();
    for turn in 1..=5_000 {
        remember(&mut last, turn, turn);
        assert!(last.len() <= MOST_REMEMBERED, "{}", last.len());
    }
    assert_eq!(last.get(&5_000), Some(&5_000));
}

fn principal(company_id: i64, token_id: i64) -> Principal {
    Principal::Token(TokenKey::Token { company_id: CompanyId(company_id), token_id: TokenId(token_id) })
}

/// A state with one waiter for each tuple of id, company and token.
struct Waits {
    state: State,
    granted: Vec<(u64, Receiver<()>)>,
}

impl Waits {
    fn of(of: &[(u64, i64, i64)], is_first: bool) -> Self {
        let mut waits = Self { state: State::default(), granted: Vec::new() };
        for (id, company, token) in of {
            let (wake, granted) = sync_channel(1);
            let waiter = Waiter { principal: principal(*company, *token), is_first, lasts: Some(LEFT) };
            waits.state.waiting.push(*id, waiter, Wake::Thread(wake));
            waits.granted.push((*id, granted));
        }
        waits
    }

    /// The id that gets the next turn.
    fn next(&mut self, scheduler: &CpuScheduler) -> Option<u64> {
        self.state.next(&scheduler.0, Instant::now())?.wake();
        self.granted.iter().find(|(_, granted)| granted.try_recv().is_ok()).map(|(id, _)| *id)
    }
}

#[test]
fn turns_alternate_by_company_and_then_by_token() {
    let mut waits = Waits::of(&[(1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 3), (5, 2, 3)], false);
    let scheduler = CpuScheduler::on(2);
    let mut order = Vec::new();
    while let Some(id) = waits.next(&scheduler) {
        assert_eq!(waits.next(&scheduler), None, "one at a time");
        order.push(id);
        waits.state.running.clear();
    }
    assert_eq!(order, [1, 4, 3, 5, 2]);
    assert!(waits.state.waiting.is_empty());
}

#[test]
fn statements_of_one_company_hold_few_connections() {
    let mut waits = Waits::of(&[(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 4)], true);
    let scheduler = CpuScheduler::on(2);
    let next = |waits: &mut Waits| {
        waits.state.running.clear();
        waits.next(&scheduler)
    };
    assert_eq!([next(&mut waits), next(&mut waits), next(&mut waits)], [Some(1), Some(4), Some(2)]);
    assert_eq!(next(&mut waits), None, "two of the company have begun");
    waits.state.begun.retain(|(id, _)| *id != 1);
    assert_eq!(next(&mut waits), Some(3));
}

#[test]
fn a_company_that_starts_more_work_gets_half_of_the_turns() {
    let mut waits = Waits::of(&[(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 2, 3)], true);
    let scheduler = CpuScheduler::on(8);
    waits.state.running = (5..=6).map(|id| Running { id, company: Some(CompanyId(1)), ends: None }).collect();
    assert_eq!([waits.next(&scheduler), waits.next(&scheduler), waits.next(&scheduler)], [Some(3), Some(4), None]);
    waits.state.running.remove(0);
    assert_eq!(waits.next(&scheduler), Some(1));
}

/// Finding the next waiter does not search all waiters of a principal.
#[test]
fn the_next_turn_is_found_without_a_scan() {
    let mut queue = Queue::default();
    let waiter = Waiter { principal: principal(1, 1), is_first: false, lasts: None };
    let places: Vec<_> = (0..100_000)
        .map(|id| {
            let (wake, _) = sync_channel(1);
            queue.push(id, waiter, Wake::Thread(wake))
        })
        .collect();
    let start = ThreadTime::now();
    // Half of the waiters get their turns; the others give up, starting from the last.
    for (id, place) in places.iter().take(50_000).enumerate() {
        assert_eq!(queue.pop(|_| true, |_| 0, |_| 0).map(|(next, ..)| next), Some(id as u64));
        queue.remove(*place);
    }
    places.iter().skip(50_000).rev().for_each(|place| queue.remove(*place));
    assert!(queue.is_empty());
    // CPU time: a search of all waiters for each would take minutes.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn an_abandoned_turn_ends_and_blocks_no_waiter() {
    let scheduler = CpuScheduler::on(2);
    let (one, other) = (scheduler.unstarted(), scheduler.unstarted());
    scheduler.reacquire(&one, principal(1, 1), || true);
    assert!(scheduler.reacquire(&other, principal(1, 1), || true) <= LEFT + LEFT, "it was left");
    scheduler.reacquire(&one, principal(1, 1), || false);
    assert!(scheduler.state().waiting.is_empty());
    drop((one, other));
    assert!(scheduler.state().begun.is_empty() && scheduler.state().running.is_empty());
}

#[tokio::test]
async fn tasks_and_threads_wait_for_each_other() {
    let scheduler = CpuScheduler::on(2);
    let turn = scheduler.acquire(principal(1, 1)).await;
    let of_thread = std::thread::spawn({
        let scheduler = scheduler.clone();
        move || scheduler.reacquire(&scheduler.unstarted(), principal(1, 2), || true)
    });
    // Longer than a statement's turn would last.
    tokio::time::sleep(2 * LEFT).await;
    assert!(!of_thread.is_finished());
    drop(turn);
    assert!(of_thread.join().unwrap() >= LEFT);
    drop(scheduler.acquire_first(principal(1, 3), || true).await);
    // A waiter that has given up blocks nobody.
    let _turn = scheduler.acquire(principal(1, 3)).await;
    assert!(timeout(LOOK, scheduler.acquire(principal(1, 4))).await.is_err());
    drop(scheduler.acquire_first(principal(1, 4), || false).await);
    assert!(scheduler.state().waiting.is_empty());
}
