//! Records the statements that a server runs.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use sea_orm::Statement;

type Sink = Mutex<Vec<Statement>>;

/// The listeners to the statements of one database.
#[derive(Clone, Default)]
pub struct Recorder {
    listeners: Arc<Mutex<Vec<Weak<Sink>>>>,
}

impl Recorder {
    pub fn hear(&self, statement: &Statement) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| {
            let Some(sink) = listener.upgrade() else { return false };
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
            true
        });
    }

    pub fn listen(&self) -> Recording {
        let recording = Recording::default();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&recording.sink));
        recording
    }
}

/// The statements that were run since it was created, in order, without `BEGIN` and `COMMIT`.
#[derive(Default)]
pub struct Recording {
    sink: Arc<Sink>,
}

impl Recording {
    pub fn statements(&self) -> Vec<Statement> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The statements without the lookup of the token, with which every request begins.
    pub fn of_operation(&self) -> Vec<Statement> {
        self.statements().into_iter().filter(|statement| !statement.sql.contains(r#"FROM "token""#)).collect()
    }

    pub fn sql(&self) -> Vec<String> {
        self.of_operation().into_iter().map(|statement| statement.sql).collect()
    }

    /// Number of statements of the operation, without the lookup of the token.
    pub fn count(&self) -> usize {
        self.of_operation().len()
    }
}
