//! Scheduler tests with paused time.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::limits::{ContendedLimits, SchedulerLimits};
use super::scheduler::{AcquireError, Permit, Scheduler};
use crate::ids::{CompanyId, TokenId};
use crate::scheduling::principal::{Principal, TokenKey};
use crate::scheduling::work_class::WorkClass;

const TEN: SchedulerLimits = SchedulerLimits {
    ordinary: 10,
    reserved: 3,
    per_token: 5,
    contended: ContendedLimits::UNLIMITED,
    waiting: 1_000,
    wait: Duration::from_secs(10),
};

fn principal(company_id: i64, token_id: i64) -> Principal {
    Principal::Token(TokenKey::Token { company_id: CompanyId(company_id), token_id: TokenId(token_id) })
}

fn try_take(scheduler: &Scheduler, principal: Principal, class: WorkClass) -> Option<Permit> {
    pin!(scheduler.acquire(principal, class)).now_or_never().map(Result::unwrap)
}

/// Number of connections that a principal gets without waiting, for reads that take long.
fn free(scheduler: &Scheduler, principal: Principal) -> usize {
    std::iter::from_fn(|| try_take(scheduler, principal, WorkClass::LongRead)).collect::<Vec<_>>().len()
}

/// Requests `times` connections at once, and holds each for `held`.
fn ask(
    scheduler: &Scheduler,
    principal: Principal,
    times: usize,
    held: Duration,
) -> Vec<JoinHandle<Result<Instant, AcquireError>>> {
    let one = |_| {
        let scheduler = scheduler.clone();
        tokio::spawn(async move {
            let _permit = scheduler.acquire(principal, WorkClass::LongRead).await?;
            let granted = Instant::now();
            sleep(held).await;
            Ok(granted)
        })
    };
    (0..times).map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_may_use_all_connections_unless_others_wait() {
    let scheduler = Scheduler::new(TEN);
    let mut held: Vec<_> =
        (0..10).map(|_| try_take(&scheduler, principal(1, 1), WorkClass::LongRead).unwrap()).collect();
    assert!(try_take(&scheduler, principal(1, 1), WorkClass::LongRead).is_none());
    let mut more = pin!(scheduler.acquire(principal(1, 1), WorkClass::LongRead));
    let mut other = pin!(scheduler.acquire(principal(1, 2), WorkClass::LongRead));
    assert!(more.as_mut().now_or_never().is_none() && other.as_mut().now_or_never().is_none());
    held.pop();
    let _other = other.as_mut().now_or_never().unwrap();
    assert!(more.as_mut().now_or_never().is_none());
    held.pop();
    assert!(more.as_mut().now_or_never().is_some(), "nobody else waits any more");
}

/// The number of running statements is bounded for principals that use much while others are active, however many wait.
#[tokio::test(start_paused = true)]
async fn tokens_and_companies_are_limited_while_others_are_active() {
    let scheduler = Scheduler::new(SchedulerLimits { contended: ContendedLimits { token: 2, company: 3 }, ..TEN });
    let much = ask(&scheduler, principal(1, 1), 10, Duration::from_secs(1));
    sleep(Duration::from_millis(10)).await;
    assert_eq!(scheduler.taken(), 10, "nobody else is there");
    drop(try_take(&scheduler, principal(1, 2), WorkClass::Read));
    for granted in join_all(much).await {
        granted.unwrap().unwrap();
    }
    sleep(Duration::from_millis(900)).await;
    drop(try_take(&scheduler, principal(1, 2), WorkClass::Read));
    // The limit applies from the first connection on, although the principal has no recent use.
    let held = try_take(&scheduler, principal(1, 1), WorkClass::Read).into_iter().chain(try_take(
        &scheduler,
        principal(1, 1),
        WorkClass::Read,
    ));
    let held: Vec<_> = held.collect();
    assert_eq!(held.len(), 2);
    assert!(try_take(&scheduler, principal(1, 1), WorkClass::Read).is_none(), "one of the company is there");
    let other = try_take(&scheduler, principal(1, 2), WorkClass::Read);
    assert!(other.is_some());
    drop(try_take(&scheduler, principal(2, 3), WorkClass::Read));
    assert!(try_take(&scheduler, principal(1, 4), WorkClass::Read).is_none(), "so is another company");
    assert!(try_take(&scheduler, principal(1, 1), WorkClass::NestedRead).is_some(), "it makes others wait");
    sleep(Duration::from_millis(1_100)).await;
    assert!(try_take(&scheduler, principal(1, 1), WorkClass::Read).is_some(), "nobody else is there any more");
}

/// Earlier requests of one token do not delay another token.
#[tokio::test(start_paused = true)]
async fn light_users_do_not_queue_behind_heavy_ones() {
    let scheduler = Scheduler::new(TEN);
    let much = ask(&scheduler, principal(1, 1), 500, Duration::from_millis(100));
    sleep(Duration::from_millis(1)).await;
    for company in 1..=3 {
        let start = Instant::now();
        let little = ask(&scheduler, principal(company, 2), 5, Duration::from_millis(1));
        for granted in join_all(little).await {
            assert!(granted.unwrap().unwrap() - start <= Duration::from_millis(200));
        }
    }
    for granted in join_all(much).await {
        granted.unwrap().unwrap();
    }
    assert_eq!(free(&scheduler, principal(9, 9)), 10);
}

#[tokio::test(start_paused = true)]
async fn companies_get_equal_shares_divided_among_their_tokens() {
    let scheduler = Scheduler::new(SchedulerLimits { wait: Duration::from_hours(1), ..TEN });
    let running = Arc::new(AtomicUsize::new(0));
    let mut waits = Vec::new();
    // One company has one token, the other nine.
    for (company, token) in std::iter::once((1, 0)).chain((1..=9).map(|token| (2, token))) {
        for _ in 0..100 {
            let (scheduler, running) = (scheduler.clone(), Arc::clone(&running));
            waits.push(tokio::spawn(async move {
                let _permit = scheduler.acquire(principal(company, token), WorkClass::LongRead).await.unwrap();
                running.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(50)).await;
                (running.load(Ordering::Relaxed), company, token)
            }));
        }
    }
    let mut done = HashMap::new();
    for wait in waits {
        let (turn, company, token) = wait.await.unwrap();
        // Count only while all of them wait.
        if turn <= 180 {
            *done.entry((company, token)).or_insert(0) += 1;
        }
    }
    let of = |company| done.iter().filter(|(key, _)| key.0 == company).map(|(_, count)| count).sum::<i32>();
    assert!((80..=100).contains(&of(1)) && (80..=100).contains(&of(2)), "{done:?}");
    assert!((1..=9).all(|token| (7..=13).contains(&done[&(2, token)])), "{done:?}");
}

/// Reserved connections are for tokens with little recent use, one for each, and only for short statements.
#[tokio::test(start_paused = true)]
async fn reserved_connections_serve_light_users() {
    let scheduler = Scheduler::new(TEN);
    let held: Vec<_> = (0..10).map(|_| try_take(&scheduler, principal(1, 1), WorkClass::Read).unwrap()).collect();
    assert!(held.iter().all(|permit| !permit.is_reserved()));
    let small = try_take(&scheduler, principal(1, 2), WorkClass::Read).unwrap();
    assert!(small.is_reserved());
    assert!(try_take(&scheduler, principal(1, 2), WorkClass::Read).is_none(), "one for each token");
    assert!(try_take(&scheduler, principal(1, 3), WorkClass::LongRead).is_none(), "not for long");
    sleep(Duration::from_secs(1)).await;
    drop(small);
    assert!(try_take(&scheduler, principal(1, 2), WorkClass::Read).is_none(), "it has used a second of late");
    sleep(Duration::from_secs(10)).await;
    assert!(try_take(&scheduler, principal(1, 2), WorkClass::Read).is_some());
    drop(held);
    assert_eq!(free(&scheduler, principal(9, 9)), 10);
}

/// Transactions that hold all they may, each with a read of its own, do not deadlock.
#[tokio::test(start_paused = true)]
async fn transactions_leave_a_connection_to_their_reads() {
    for limits in
        [TEN, SchedulerLimits { ordinary: 1, reserved: 3, per_token: 1, ..TEN }, SchedulerLimits { reserved: 0, ..TEN }]
    {
        let scheduler = Scheduler::new(limits);
        let change = |n| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move {
                let _transaction = scheduler.acquire(principal(n % 3, n), WorkClass::Transaction).await?;
                sleep(Duration::from_millis(1)).await;
                for _ in 0..3 {
                    let _read = scheduler.acquire(principal(n % 3, n), WorkClass::NestedRead).await?;
                    sleep(Duration::from_millis(1)).await;
                }
                Ok::<_, AcquireError>(())
            })
        };
        for changed in join_all((0..100).map(change)).await {
            assert_eq!(changed.unwrap(), Ok(()), "{limits:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn waiters_are_refused_after_a_timeout_and_above_a_limit() {
    let scheduler = Scheduler::new(SchedulerLimits { waiting: 3, ..TEN });
    let held: Vec<_> = (0..10).map(|_| try_take(&scheduler, principal(1, 1), WorkClass::LongRead).unwrap()).collect();
    let start = Instant::now();
    let outcomes = join_all(ask(&scheduler, principal(1, 1), 5, Duration::ZERO)).await;
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == Err(AcquireError)));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    let beyond = {
        let _waiting = ask(&scheduler, principal(1, 1), 3, Duration::ZERO);
        sleep(Duration::from_millis(1)).await;
        timeout(Duration::ZERO, scheduler.acquire(principal(1, 1), WorkClass::LongRead)).await
    };
    assert_eq!(beyond.map(Result::err), Ok(Some(AcquireError)));
    drop(held);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(free(&scheduler, principal(1, 1)), 10);
}

/// Dropping a future that waits, or one that has its connection, never loses a connection.
#[tokio::test(start_paused = true)]
async fn cancelled_waiters_lose_no_connection() {
    let scheduler = Scheduler::new(TEN);
    let mut waits = Vec::new();
    for n in 0..2_000_u64 {
        let scheduler = scheduler.clone();
        let class = [WorkClass::Read, WorkClass::LongRead, WorkClass::NestedRead, WorkClass::Transaction]
            [usize::try_from(n % 4).unwrap()];
        waits.push(tokio::spawn(async move {
            // A pseudo-random number determines how long each request waits, and holds its connection.
            let chance = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            sleep(Duration::from_micros(chance % 7_000)).await;
            let work = async {
                let _permit = scheduler
                    .acquire(principal(i64::try_from(n % 5).unwrap(), i64::try_from(n % 11).unwrap()), class)
                    .await;
                sleep(Duration::from_micros(chance % 1_300)).await;
            };
            let _ = timeout(Duration::from_micros(chance % 900), work).await;
        }));
    }
    join_all(waits).await;
    // Drop a future that was granted a connection but was not polled since.
    let held: Vec<_> = (0..10).map(|_| try_take(&scheduler, principal(1, 1), WorkClass::LongRead).unwrap()).collect();
    let mut granted = Box::pin(scheduler.acquire(principal(2, 2), WorkClass::LongRead));
    assert!(granted.as_mut().now_or_never().is_none());
    drop(held);
    drop(granted);
    assert_eq!(free(&scheduler, principal(9, 9)), 10);
}

/// `SQLite` has one connection for writes: a company that writes much does not block another one.
#[tokio::test(start_paused = true)]
async fn one_connection_is_used_in_turns() {
    let one = SchedulerLimits { ordinary: 1, reserved: 0, per_token: 1, contended: ContendedLimits::UNLIMITED, ..TEN };
    let scheduler = Scheduler::new(one);
    let much = ask(&scheduler, principal(1, 1), 30, Duration::from_millis(300));
    sleep(Duration::from_millis(1)).await;
    for _ in 0..5 {
        let start = Instant::now();
        for granted in join_all(ask(&scheduler, principal(2, 1), 1, Duration::from_millis(5))).await {
            assert!(granted.unwrap().unwrap() - start <= Duration::from_millis(300), "behind one of them alone");
        }
    }
    for granted in join_all(much).await {
        granted.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn heavy_users_are_not_starved() {
    let one = SchedulerLimits { ordinary: 1, reserved: 0, per_token: 1, contended: ContendedLimits::UNLIMITED, ..TEN };
    let scheduler = Scheduler::new(one);
    for granted in join_all(ask(&scheduler, principal(1, 1), 1, Duration::from_secs(30))).await {
        granted.unwrap().unwrap();
    }
    // New principals arrive all the time, and request twice the capacity.
    let others = tokio::spawn({
        let scheduler = scheduler.clone();
        async move {
            let mut asked = Vec::new();
            for n in 2..400 {
                asked.extend(ask(&scheduler, principal(n, n), 1, Duration::from_millis(100)));
                sleep(Duration::from_millis(50)).await;
            }
            join_all(asked).await
        }
    });
    sleep(Duration::from_secs(1)).await;
    for granted in join_all(ask(&scheduler, principal(1, 1), 1, Duration::ZERO)).await {
        granted.unwrap().unwrap();
    }
    assert!(others.await.unwrap().iter().any(|granted| granted.as_ref().unwrap().is_err()), "there was enough");
}

#[tokio::test(start_paused = true)]
async fn idle_owners_are_forgotten() {
    let scheduler = Scheduler::new(TEN);
    for n in 0..10_000 {
        drop(try_take(&scheduler, principal(n, n), WorkClass::Read).unwrap());
    }
    assert!(scheduler.remembered() <= 128, "{}", scheduler.remembered());
}
