//! The two runtimes of the server: one serves connections, the other executes operations.
//!
//! Executing operations must not delay what keeps the server alive. So the *front* runtime accepts connections, reads
//! requests, writes responses, answers health checks, and handles signals; nothing on it takes long, whatever a client
//! sends. Everything whose duration depends on what a client asks for is spawned as [`OperationRuntime`].

use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::scheduling::{PollScheduler, Principal};

/// Minimum number of threads. A client cannot keep a front thread busy, so a few threads serve many connections, but a
/// single one would stall whenever the system runs something else in its place.
const MIN_THREADS: usize = 2;
const MAX_FRONT_THREADS: usize = 8;

/// Both runtimes of a server.
pub struct Runtimes {
    front: Runtime,
    executing: Runtime,
    operations: OperationRuntime,
}

impl Runtimes {
    /// # Errors
    /// If the system cannot create threads.
    pub fn new() -> std::io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let threads = cores.max(MIN_THREADS);
        let executing = build("work", threads)?;
        let operations = OperationRuntime::with_handle(executing.handle().clone(), threads);
        // One thread more than may poll connections: see `ConnectionTurns`.
        let front = (cores / 2).clamp(MIN_THREADS, MAX_FRONT_THREADS) + 1;
        Ok(Self { front: build("front", front)?, executing, operations })
    }

    pub fn operations(&self) -> OperationRuntime {
        self.operations.clone()
    }

    /// Runs the future on the front runtime. Tasks that still run when it ends are abandoned: waiting for a stuck
    /// thread would keep the process from ending.
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

/// Spawns work on the runtime that executes operations and owns their database connections.
#[derive(Clone, Debug)]
pub struct OperationRuntime(Option<(Handle, PollScheduler)>);

impl OperationRuntime {
    /// Spawns on the caller's runtime, without scheduling.
    pub fn current() -> Self {
        Self(None)
    }

    /// Spawns on a runtime with this many threads, which principals share fairly.
    pub fn with_handle(runtime: Handle, threads: usize) -> Self {
        Self(Some((runtime, PollScheduler::on_threads(threads))))
    }

    /// Spawns a future that computes for `principal`; it is polled when the principal gets a permit.
    pub fn spawn_for<F>(&self, principal: Principal, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match &self.0 {
            Some((runtime, polls)) => {
                let polls = polls.clone();
                runtime.spawn(async move { polls.run(principal, future).await })
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

    /// Runs a synchronous closure on a blocking thread of its own.
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
