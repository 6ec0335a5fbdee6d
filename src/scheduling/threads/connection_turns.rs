use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// A scheduler for polls of connections, in turns by address.
///
/// A runtime polls tasks in the order in which they become ready. Behind a thousand connections that send requests
/// without a pause, a health check would wait for a thousand responses. So each poll of a connection needs a turn, and
/// turns rotate among the addresses whose connections wait for one. This needs a thread more than there are turns:
/// while all turns are taken, that thread moves ready connections from the queue of the runtime to this one.
#[derive(Clone, Debug)]
pub struct ConnectionTurns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Maximum number of turns at the same time.
    turns: usize,
    /// Turns that were granted and not given back.
    taken: AtomicUsize,
    /// Number of waiters. Without any, turns are taken and given back without the lock.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiters: HashMap<IpAddr, VecDeque<Arc<Waiter>>>,
    /// The addresses with waiters, the next one first.
    addresses: VecDeque<IpAddr>,
}

#[derive(Debug, Default)]
struct Waiter {
    /// Whether it got a turn. Written while the queue is locked.
    is_granted: AtomicBool,
    task: AtomicWaker,
}

/// Permission for one poll. Dropping it grants the turn to the next waiter.
struct Turn<'a>(&'a Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
        self.0.grant();
    }
}

/// A place in the queue. Dropping it gives up the place, or the turn that was granted meanwhile.
struct Waiting<'a> {
    shared: &'a Shared,
    address: IpAddr,
    waiter: Arc<Waiter>,
    /// Whether the turn was taken, so that there is nothing left to give up.
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut queue = self.shared.queue();
        if self.waiter.is_granted.load(Ordering::SeqCst) {
            drop(queue);
            drop(Turn(self.shared));
        } else if queue.remove(self.address, &self.waiter) {
            self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl<'a> Waiting<'a> {
    /// Takes the turn if it was granted.
    fn poll(mut self, cx: &Context<'_>) -> Result<Turn<'a>, Self> {
        self.waiter.task.register(cx.waker());
        if self.waiter.is_granted.load(Ordering::SeqCst) {
            self.is_over = true;
            Ok(Turn(self.shared))
        } else {
            Err(self)
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> bool {
        let more = |taken| (taken < self.turns).then_some(taken + 1);
        self.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }

    /// A turn, if one is free and nobody waits for it.
    fn try_begin(&self) -> Option<Turn<'_>> {
        (self.waiting.load(Ordering::SeqCst) == 0 && self.take()).then(|| Turn(self))
    }

    /// Enters the queue. The caller polls the place, as the turn may be granted at once.
    fn enter(&self, address: IpAddr) -> Waiting<'_> {
        let waiter = Arc::new(Waiter::default());
        let mut queue = self.queue();
        // Whoever gives a turn back after this finds the waiter; whoever did so before has left a turn for `grant`.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        queue.push(address, Arc::clone(&waiter));
        drop(queue);
        self.grant();
        Waiting { shared: self, address, waiter, is_over: false }
    }

    /// Grants free turns to those next in the queue.
    fn grant(&self) {
        while self.waiting.load(Ordering::SeqCst) > 0 {
            let mut queue = self.queue();
            if queue.addresses.is_empty() || !self.take() {
                return;
            }
            let Some(waiter) = queue.pop() else {
                self.taken.fetch_sub(1, Ordering::SeqCst);
                return;
            };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            waiter.is_granted.store(true, Ordering::SeqCst);
            drop(queue);
            waiter.task.wake();
        }
    }
}

impl Queue {
    fn push(&mut self, address: IpAddr, waiter: Arc<Waiter>) {
        let of_address = self.waiters.entry(address).or_default();
        if of_address.is_empty() {
            self.addresses.push_back(address);
        }
        of_address.push_back(waiter);
    }

    /// The first waiter of the next address, which then goes behind the others.
    fn pop(&mut self) -> Option<Arc<Waiter>> {
        let address = self.addresses.pop_front()?;
        let of_address = self.waiters.get_mut(&address)?;
        let waiter = of_address.pop_front();
        if of_address.is_empty() {
            self.waiters.remove(&address);
        } else {
            self.addresses.push_back(address);
        }
        waiter
    }

    /// Returns whether the waiter was there.
    fn remove(&mut self, address: IpAddr, waiter: &Arc<Waiter>) -> bool {
        let Some(of_address) = self.waiters.get_mut(&address) else { return false };
        let Some(place) = of_address.iter().position(|other| Arc::ptr_eq(other, waiter)) else { return false };
        of_address.remove(place);
        if of_address.is_empty() {
            self.waiters.remove(&address);
            self.addresses.retain(|other| *other != address);
        }
        true
    }
}

impl ConnectionTurns {
    /// At most `turns` polls at the same time.
    pub fn new(turns: usize) -> Self {
        let (taken, waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Shared { turns: turns.max(1), taken, waiting, queue: Mutex::default() }))
    }

    /// Polls the future whenever its address gets a turn.
    pub async fn run<F: Future>(&self, address: IpAddr, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting = None;
        poll_fn(|cx| {
            let turn = match waiting.take() {
                None => self.0.try_begin().ok_or_else(|| self.0.enter(address)).or_else(|place| place.poll(cx)),
                Some(place) => Waiting::poll(place, cx),
            };
            match turn {
                Ok(_turn) => future.as_mut().poll(cx),
                Err(place) => {
                    waiting = Some(place);
                    Poll::Pending
                }
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::*;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    /// The state after everything has ended.
    fn is_at_rest(turns: &ConnectionTurns) -> bool {
        let queue = turns.0.queue();
        turns.0.taken.load(Ordering::SeqCst) == 0
            && turns.0.waiting.load(Ordering::SeqCst) == 0
            && queue.waiters.is_empty()
            && queue.addresses.is_empty()
    }

    #[tokio::test]
    async fn turns_rotate_among_addresses() {
        let turns = ConnectionTurns::new(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = turns.0.try_begin().unwrap();
        let spawn = |last, name: &'static str| {
            let (turns, order) = (turns.clone(), Arc::clone(&order));
            tokio::spawn(async move { turns.run(address(last), async { order.lock().unwrap().push(name) }).await })
        };
        let mut tasks: Vec<_> = (0..100).map(|_| spawn(1, "one of many")).collect();
        yield_now().await;
        tasks.extend([spawn(2, "another"), spawn(3, "third"), spawn(2, "another, again")]);
        yield_now().await;
        assert!(order.lock().unwrap().is_empty(), "they wait");
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        let order = order.lock().unwrap();
        assert_eq!(order[..6], ["one of many", "another", "third", "one of many", "another, again", "one of many"]);
        assert_eq!(order.len(), 103);
        assert!(is_at_rest(&turns));
    }

    #[tokio::test]
    async fn a_dropped_task_gives_up_its_place_or_its_turn() {
        let turns = ConnectionTurns::new(1);
        let held = turns.0.try_begin().unwrap();
        let task = |last| Box::pin(turns.run(address(last), std::future::ready(())));
        let (mut waiting, mut granted, mut last) = (task(1), task(1), task(2));
        for task in [&mut waiting, &mut granted, &mut last] {
            assert!(task.now_or_never().is_none());
        }
        drop(waiting);
        drop(held);
        drop(granted);
        timeout(Duration::from_secs(10), last).await.unwrap();
        assert!(is_at_rest(&turns));
    }

    #[tokio::test]
    async fn a_panicking_poll_returns_its_turn() {
        let turns = ConnectionTurns::new(1);
        let of_task = turns.clone();
        let panics = tokio::spawn(async move { of_task.run(address(1), async { panic!("on purpose") }).await });
        assert!(panics.await.is_err());
        assert!(is_at_rest(&turns));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_turn_is_lost_and_none_is_granted_twice() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let turns = ConnectionTurns::new(2);
        let tasks = (0..200_u8).map(|number| {
            let turns = turns.clone();
            tokio::spawn(async move {
                let mut polls = 0;
                let work = poll_fn(|cx| {
                    assert!(RUNNING.fetch_add(1, Ordering::SeqCst) < 2);
                    std::thread::yield_now();
                    RUNNING.fetch_sub(1, Ordering::SeqCst);
                    polls += 1;
                    cx.waker().wake_by_ref();
                    if polls == 100 { Poll::Ready(()) } else { Poll::Pending }
                });
                let running = turns.run(address(number % 7), work);
                if number % 3 == 0 {
                    // Some give up while they wait.
                    let _ = timeout(Duration::from_micros(u64::from(number) * 20), running).await;
                } else {
                    running.await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            timeout(Duration::from_mins(1), task).await.unwrap().unwrap();
        }
        assert!(is_at_rest(&turns));
    }
}
