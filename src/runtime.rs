//! The threads of the server: some serve connections, others execute operations.
//!
//! What keeps a server alive must not wait for what it executes. So the *front* accepts connections, reads requests, writes
//! answers, tells whether the server is alive and ready, and hears signals; nothing on it takes long, whatever a client
//! sends. Everything whose time depends on what a client asks for is spawned as [`Work`].

use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::fair::{Owner, Polls};

/// A client cannot keep a thread of the front busy, so few serve many connections; one alone would wait for whatever the
/// system does in its place.
const MIN_THREADS: usize = 2;
const MAX_FRONT_THREADS: usize = 8;

/// Both runtimes of a server.
pub struct Runtimes {
    front: Runtime,
    executing: Runtime,
    work: Work,
}

impl Runtimes {
    /// # Errors
    /// When the system gives no threads.
    pub fn new() -> std::io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let threads = cores.max(MIN_THREADS);
        let executing = build("work", threads)?;
        let work = Work::on(executing.handle().clone(), threads);
        Ok(Self { front: build("front", (cores / 2).clamp(MIN_THREADS, MAX_FRONT_THREADS))?, executing, work })
    }

    pub fn work(&self) -> Work {
        self.work.clone()
    }

    /// Runs the future on the front. Tasks that still run when it ends are left behind: no thread is waited for, as one
    /// that is stuck would hold the end of the process.
    pub fn run<T>(self, main: impl Future<Output = T>) -> T {
        let result = self.front.block_on(main);
        self.executing.shutdown_background();
        self.front.shutdown_background();
        result
    }
}

fn build(name: &str, threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build()
}

/// Where operations are executed, and where their connections to the database live.
#[derive(Clone, Debug)]
pub struct Work(Option<(Handle, Polls)>);

impl Work {
    /// On the runtime of whoever spawns, without turns.
    pub fn here() -> Self {
        Self(None)
    }

    /// On a runtime of so many threads, of which everybody gets a share.
    pub fn on(runtime: Handle, threads: usize) -> Self {
        Self(Some((runtime, Polls::on_threads(threads))))
    }

    /// Spawns what computes for somebody, when it is his turn.
    pub fn spawn_for<F>(&self, owner: Owner, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match &self.0 {
            Some((runtime, polls)) => {
                let polls = polls.clone();
                runtime.spawn(async move { polls.run(owner, future).await })
            }
            None => tokio::spawn(future),
        }
    }

    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match &self.0 {
            Some((runtime, _)) => runtime.spawn(future),
            None => tokio::spawn(future),
        }
    }

    /// Runs what never waits on a thread that nothing else is on.
    pub fn spawn_blocking<T, F>(&self, run: F) -> JoinHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        match &self.0 {
            Some((runtime, _)) => runtime.spawn_blocking(run),
            None => tokio::task::spawn_blocking(run),
        }
    }
}
