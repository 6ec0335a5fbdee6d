//! What an operation needs to know: who asks, and of which database at what time.

use async_graphql::Context;

use crate::auth::Viewer;
use crate::clock::Clock;
use crate::db::Db;
use crate::entity::Sight;
use crate::entity::token::Scope;
use crate::error::Result;

/// What lives as long as the process.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub clock: Clock,
}

impl App {
    /// Gives the operation its viewer and the loaders that it shares with no other.
    pub fn prepare(&self, request: async_graphql::Request, viewer: Viewer) -> async_graphql::Request {
        request.data(self.clone()).data(viewer)
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
    fn sight(&self) -> Sight;
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

    fn sight(&self) -> Sight {
        self.data_unchecked::<Viewer>().sight()
    }
}
