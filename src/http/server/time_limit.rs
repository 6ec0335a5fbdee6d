use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A timeout that can be restarted many times.
#[derive(Default)]
pub struct ResettableTimeout {
    sleep: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl ResettableTimeout {
    pub fn start(&mut self, after: Duration) {
        self.running = true;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(Instant::now() + after),
            None => self.sleep = Some(Box::pin(sleep(after))),
        }
    }

    pub fn stop(&mut self) {
        self.running = false;
    }

    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether the timeout has passed; if not, registers the task to be woken when it does.
    pub fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.running && self.sleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx) == Poll::Ready(()))
    }
}
