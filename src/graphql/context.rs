//! Context of an operation: its viewer, the database, the clock, and its meter.

use std::sync::Arc;

use breadth::{Context, Data};
use sea_orm::Statement;
use sea_orm::sea_query::SelectStatement;

use crate::auth::Viewer;
use crate::clock::Clock;
use crate::error::Result;
use crate::graphql::ListLimits;
use crate::meter::Meter;
use crate::quota::Quota;
use crate::store::db::{Db, OperationContext};
use crate::store::entity::token::Scope;
use crate::store::selected_columns::{ObjectTable, SelectedNames};
use crate::store::statement_template::TemplateName;
use crate::store::{AccessScope, ColumnSet, PendingWords};

/// State of the process.
#[derive(Clone)]
pub struct AppState {
    pub db: Db,
    pub clock: Clock,
    pub limits: ListLimits,
    pub quota: Quota,
    pub pending_words: PendingWords,
}

impl AppState {
    /// Returns the state for one operation: its statements are scheduled by its token, and reported to its meter.
    #[must_use]
    pub fn for_operation(&self, operation: OperationContext) -> Self {
        Self { db: self.db.for_operation(operation), ..self.clone() }
    }

    /// Returns the data that resolvers of an operation use: its viewer, its meter and its reader. `selected` holds the
    /// names that the document selects.
    pub fn data(&self, selected: &SelectedNames, viewer: Viewer, meter: &Arc<Meter>) -> Data {
        let reader = DataSource {
            db: self.db.clone(),
            access: viewer.access(),
            selected: selected.clone(),
            limits: self.limits,
            meter: Arc::clone(meter),
        };
        Data::default().with(self.clone()).with(viewer).with(reader).with(Arc::clone(meter))
    }
}

/// The ID of the last event that a client of a subscription has received: `Last-Event-ID` of server-sent events.
#[derive(Clone, Debug)]
pub struct LastEventId(pub String);

/// Database access for one viewer, which every loader uses.
#[derive(Clone)]
pub struct DataSource {
    pub db: Db,
    pub access: AccessScope,
    pub limits: ListLimits,
    /// Measures what the operation uses.
    pub meter: Arc<Meter>,
    selected: SelectedNames,
}

impl DataSource {
    /// The columns that this operation may need.
    pub fn columns<E: ObjectTable>(&self) -> ColumnSet<E> {
        E::field_columns().columns(&self.selected)
    }

    /// The statement of a loader, which `build` builds from what the viewer may see, and from keys; its text is kept with
    /// the document.
    pub fn statement<K: Copy + Into<i64>>(
        &self,
        name: TemplateName,
        keys: &[K],
        build: impl Fn(AccessScope, &[i64]) -> SelectStatement,
    ) -> Statement {
        let keys: Vec<i64> = keys.iter().map(|key| (*key).into()).collect();
        self.selected.templates().statement(name, self.db.dialect(), self.access, &keys, build)
    }

    /// Whether the document mentions a field of this name.
    pub fn mentions(&self, field: &str) -> bool {
        self.selected.has(field)
    }
}

/// Access for resolvers to what [`AppState::data`] provides.
pub trait ContextExt<'a> {
    fn app(&self) -> &'a AppState;
    /// Returns the viewer, after checking that the token has `scope`.
    ///
    /// # Errors
    /// FORBIDDEN without the scope.
    fn viewer(&self, scope: Scope) -> Result<&'a Viewer>;
    fn viewer_has(&self, scope: Scope) -> bool;
    fn data_source(&self) -> &'a DataSource;
    fn access(&self) -> AccessScope;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn app(&self) -> &'a AppState {
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

    fn data_source(&self) -> &'a DataSource {
        self.data()
    }

    fn access(&self) -> AccessScope {
        self.data_source().access
    }
}
