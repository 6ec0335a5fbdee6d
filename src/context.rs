//! What an operation needs to know: who asks, of which database at what time, and what it has loaded already.

use std::sync::Arc;

use async_graphql::ContextBase;

use crate::auth::Viewer;
use crate::beside::Beside;
use crate::clock::Clock;
use crate::company::CompanyById;
use crate::customer::CustomerById;
use crate::db::{Db, Share};
use crate::entity::token::Scope;
use crate::entity::{Columns, Sight, Table};
use crate::error::Result;
use crate::loader::Loader;
use crate::meter::Meter;
use crate::note::{MessageById, NoteById};
use crate::note_type::NoteTypeById;
use crate::projection::{Mentioned, Projection};
use crate::quota::Quota;
use crate::search::Limits;
use crate::user::UserById;

/// What lives as long as the process.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub clock: Clock,
    pub limits: Limits,
    pub quota: Quota,
}

impl App {
    /// The same for one operation: its statements have the share of its token, and are told to its meter.
    #[must_use]
    pub fn scoped(&self, share: Share) -> Self {
        Self { db: self.db.scoped(share), ..self.clone() }
    }

    /// Gives the operation its viewer, its meter and the loaders that it shares with no other; `mentioned` is what its
    /// document mentions.
    pub fn prepare(
        &self,
        request: async_graphql::Request,
        mentioned: &Mentioned,
        viewer: Viewer,
        meter: &Arc<Meter>,
    ) -> async_graphql::Request {
        let reader = Reader {
            db: self.db.clone(),
            sight: viewer.sight(),
            mentioned: mentioned.clone(),
            limits: self.limits,
            meter: Arc::clone(meter),
            beside: Arc::default(),
        };
        let loaders = Loaders::new(&reader);
        request.data(self.clone()).data(viewer).data(reader).data(loaders).data(Arc::clone(meter))
    }
}

/// Where a viewer reads: what questions to the database are asked of.
#[derive(Clone)]
pub struct Reader {
    pub db: Db,
    pub sight: Sight,
    pub limits: Limits,
    /// Counts what the operation uses.
    pub meter: Arc<Meter>,
    pub beside: Arc<Beside>,
    mentioned: Mentioned,
}

impl Reader {
    /// The columns that this operation may show.
    pub fn columns<E: Table>(&self, projection: &Projection<E>) -> Columns<E> {
        projection.columns(&self.mentioned)
    }

    /// Whether the document mentions a field of this name.
    pub fn mentions(&self, field: &str) -> bool {
        self.mentioned.has(field)
    }
}

/// A loader for each way to name a record in a root field.
pub struct Loaders {
    pub company: Loader<CompanyById>,
    pub note_type: Loader<NoteTypeById>,
    pub note: Loader<NoteById>,
    pub message: Loader<MessageById>,
    pub customer: Loader<CustomerById>,
    pub user: Loader<UserById>,
}

impl Loaders {
    fn new(reader: &Reader) -> Self {
        Self {
            company: Loader::new(reader),
            note_type: Loader::new(reader),
            note: Loader::new(reader),
            message: Loader::new(reader),
            customer: Loader::new(reader),
            user: Loader::new(reader),
        }
    }
}

/// How resolvers reach what [`App::prepare`] gave the operation.
pub trait ContextExt<'a> {
    fn app(&self) -> &'a App;
    /// The viewer, once it is clear that the token has `scope`.
    ///
    /// # Errors
    /// FORBIDDEN without the scope.
    fn viewer(&self, scope: Scope) -> Result<&'a Viewer>;
    fn viewer_has(&self, scope: Scope) -> bool;
    fn reader(&self) -> &'a Reader;
    fn sight(&self) -> Sight;
    fn loaders(&self) -> &'a Loaders;
}

impl<'a, T> ContextExt<'a> for ContextBase<'a, T> {
    fn app(&self) -> &'a App {
        self.data_unchecked()
    }

    fn viewer(&self, scope: Scope) -> Result<&'a Viewer> {
        let viewer: &Viewer = self.data_unchecked();
        viewer.require(scope)?;
        Ok(viewer)
    }

    fn viewer_has(&self, scope: Scope) -> bool {
        self.data_unchecked::<Viewer>().has(scope)
    }

    fn reader(&self) -> &'a Reader {
        self.data_unchecked()
    }

    fn sight(&self) -> Sight {
        self.reader().sight
    }

    fn loaders(&self) -> &'a Loaders {
        self.data_unchecked()
    }
}
