//! What an operation needs to know: who asks, of which database at what time, and what it has loaded already.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Context;

use crate::auth::Viewer;
use crate::clock::Clock;
use crate::company::CompanyById;
use crate::customer::CustomerById;
use crate::db::Db;
use crate::entity::Sight;
use crate::entity::token::Scope;
use crate::error::Result;
use crate::loader::Loader;
use crate::note::{AssigneesOf, MessageById, MessagesOf, NoteById, NotesCount, NotesOf};
use crate::note_type::NoteTypeById;
use crate::user::UserById;

/// What lives as long as the process.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub clock: Clock,
}

impl App {
    /// Gives the operation its viewer and the loaders that it shares with no other.
    pub fn prepare(&self, request: async_graphql::Request, viewer: Viewer) -> async_graphql::Request {
        let loaders = Mutex::new(Arc::new(Loaders::new(&self.db, viewer.sight())));
        request.data(self.clone()).data(viewer).data(loaders)
    }
}

/// A loader for each relation and each way to name a record.
pub struct Loaders {
    pub company: Loader<CompanyById>,
    pub note_type: Loader<NoteTypeById>,
    pub note: Loader<NoteById>,
    pub note_customer: Loader<CustomerById>,
    pub note_author: Loader<UserById>,
    pub note_updated_by: Loader<UserById>,
    pub assignees: Loader<AssigneesOf>,
    pub assignee_user: Loader<UserById>,
    pub assigned_by: Loader<UserById>,
    pub messages: Loader<MessagesOf>,
    pub message: Loader<MessageById>,
    pub message_note: Loader<NoteById>,
    pub message_author: Loader<UserById>,
    pub notes_of: Loader<NotesOf>,
    pub notes_count: Loader<NotesCount>,
    pub customer: Loader<CustomerById>,
    pub user: Loader<UserById>,
}

impl Loaders {
    fn new(db: &Db, sight: Sight) -> Self {
        Self {
            company: Loader::new(db, sight),
            note_type: Loader::new(db, sight),
            note: Loader::new(db, sight),
            note_customer: Loader::new(db, sight),
            note_author: Loader::new(db, sight),
            note_updated_by: Loader::new(db, sight),
            assignees: Loader::new(db, sight),
            assignee_user: Loader::new(db, sight),
            assigned_by: Loader::new(db, sight),
            messages: Loader::new(db, sight),
            message: Loader::new(db, sight),
            message_note: Loader::new(db, sight),
            message_author: Loader::new(db, sight),
            notes_of: Loader::new(db, sight),
            notes_count: Loader::new(db, sight),
            customer: Loader::new(db, sight),
            user: Loader::new(db, sight),
        }
    }
}

/// How resolvers reach what [`App::prepare`] gave the operation.
pub trait ContextExt {
    fn app(&self) -> &App;
    /// The viewer, once it is clear that the token has `scope`.
    ///
    /// # Errors
    /// FORBIDDEN without the scope.
    fn viewer(&self, scope: Scope) -> Result<&Viewer>;
    fn viewer_has(&self, scope: Scope) -> bool;
    fn sight(&self) -> Sight;
    fn loaders(&self) -> Arc<Loaders>;
    /// Forgets what was loaded: after a change, the rest of the operation sees the change.
    fn forget_loaded(&self);
}

impl ContextExt for Context<'_> {
    fn app(&self) -> &App {
        self.data_unchecked()
    }

    fn viewer(&self, scope: Scope) -> Result<&Viewer> {
        let viewer: &Viewer = self.data_unchecked();
        viewer.require(scope)?;
        Ok(viewer)
    }

    fn viewer_has(&self, scope: Scope) -> bool {
        self.data_unchecked::<Viewer>().has(scope)
    }

    fn sight(&self) -> Sight {
        self.data_unchecked::<Viewer>().sight()
    }

    fn loaders(&self) -> Arc<Loaders> {
        Arc::clone(&current(self))
    }

    fn forget_loaded(&self) {
        *current(self) = Arc::new(Loaders::new(&self.app().db, self.sight()));
    }
}

fn current<'a>(context: &'a Context<'_>) -> MutexGuard<'a, Arc<Loaders>> {
    let loaders: &Mutex<Arc<Loaders>> = context.data_unchecked();
    loaders.lock().unwrap_or_else(PoisonError::into_inner)
}
