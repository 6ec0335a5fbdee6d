//! Context of an operation: its viewer, the database, the clock, and its meter.

use std::sync::Arc;

use crate::auth::Viewer;
use crate::clock::Clock;
use crate::db::{Db, Share};
use crate::engine::{Context, Data};
use crate::entity::token::Scope;
use crate::entity::{Columns, Sight, Table};
use crate::error::Result;
use crate::meter::Meter;
use crate::projection::{Mentioned, Projection};
use crate::quota::Quota;
use crate::search::Limits;

/// State of the process.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub clock: Clock,
    pub limits: Limits,
    pub quota: Quota,
}

impl App {
    /// Returns the state for one operation: its statements are scheduled by its token, and reported to its meter.
    #[must_use]
    pub fn scoped(&self, share: Share) -> Self {
        Self { db: self.db.scoped(share), ..self.clone() }
    }

    /// Returns the data that resolvers of an operation use: its viewer, its meter and its reader. `mentioned` holds the
    /// names that the document selects.
    pub fn data(&self, mentioned: &Mentioned, viewer: Viewer, meter: &Arc<Meter>) -> Data {
        let reader = Reader {
            db: self.db.clone(),
            sight: viewer.sight(),
            mentioned: mentioned.clone(),
            limits: self.limits,
            meter: Arc::clone(meter),
        };
        Data::default().with(self.clone()).with(viewer).with(reader).with(Arc::clone(meter))
    }
}

/// Database access for one viewer, which every `Question` is asked of.
#[derive(Clone)]
pub struct Reader {
    pub db: Db,
    pub sight: Sight,
    pub limits: Limits,
    /// Measures what the operation uses.
    pub meter: Arc<Meter>,
    mentioned: Mentioned,
}

impl Reader {
    /// The columns that this operation may need.
    pub fn columns<E: Table>(&self, projection: &Projection<E>) -> Columns<E> {
        projection.columns(&self.mentioned)
    }

    /// Whether the document mentions a field of this name.
    pub fn mentions(&self, field: &str) -> bool {
        self.mentioned.has(field)
    }
}

/// Access for resolvers to what [`App::data`] provides.
pub trait ContextExt<'a> {
    fn app(&self) -> &'a App;
    /// Returns the viewer, after checking that the token has `scope`.
    ///
    /// # Errors
    /// FORBIDDEN without the scope.
    fn viewer(&self, scope: Scope) -> Result<&'a Viewer>;
    fn viewer_has(&self, scope: Scope) -> bool;
    fn reader(&self) -> &'a Reader;
    fn sight(&self) -> Sight;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn app(&self) -> &'a App {
        self.data()
    }

    fn viewer(&self, scope: Scope) -> Result<&'a Viewer> {
        let viewer: &Viewer = self.data();
        viewer.require(scope)?;
        Ok(viewer)
    }

    fn viewer_has(&self, scope: Scope) -> bool {
        self.data::<Viewer>().has(scope)
    }

    fn reader(&self) -> &'a Reader {
        self.data()
    }

    fn sight(&self) -> Sight {
        self.reader().sight
    }
}
