//! Executes a planned operation (GraphQL, section 6.2).

use std::sync::Arc;

use crate::bridge::Variables;

use super::meter::{ChangeCount, ExecutionMeter};
use super::progress::{MutationProgress, fill};
use super::response::Response;
use super::run::{RootField, Tree, run};
use super::write::Writer;
use super::written::{NullPropagated, WrittenResponse};
use crate::declare::CoercedArguments;
use crate::error::{Error, Result};
use crate::events::EventStream;
use crate::introspection::Introspection;
use crate::plan::{Plan, PlannedFieldKind, ROOT};
use crate::response_error::{CHANGED, PathSegment, ResponseError};
use crate::rows::RowList;
use crate::{Context, Data, document};

/// An operation to execute.
pub struct Executor<'o> {
    pub plan: &'o Arc<Plan>,
    /// The data that fields and loaders need.
    pub data: &'o Data,
    /// Valid variables, including defaults.
    pub variables: &'o Variables,
    /// The types that introspection tells.
    pub types: &'o document::Schema,
    /// Measures the operation and stops it when it exceeds a limit.
    pub meter: Option<&'o dyn ExecutionMeter>,
    /// Makes the root row.
    pub root: &'o (dyn Fn() -> Box<dyn RowList> + Sync),
}

impl Executor<'_> {
    /// Executes the root fields of a query together, wave by wave, and those of a mutation one after the other.
    pub async fn execute(&self) -> Response {
        if self.plan.serial { self.in_order().await } else { self.at_once().await }
    }

    /// Loads the rows below the root fields, or returns a failed tree if the operation exceeds a limit.
    async fn tree<'o>(&'o self, only: Option<RootField<'o>>) -> Tree {
        let ctx = Context::new(self.data);
        let tree = run(self.plan, (self.root)(), only, ctx, self.variables, self.meter).await;
        tree.unwrap_or_else(|error| self.failed(&error))
    }

    fn failed(&self, error: &Error) -> Tree {
        Tree::failed(self.plan, (self.root)(), error)
    }

    /// Writes with the meter. If the meter stops it, what was written is cut off and replaced by the meter's error.
    async fn write(
        &self,
        tree: &Tree,
        mut written: WrittenResponse,
        write: impl Fn(&mut Writer<'_>) -> Result<(), NullPropagated> + Send + Sync,
    ) -> (Result<(), NullPropagated>, WrittenResponse) {
        let (start, before, failed) = (written.out.written(), written.errors.len(), written.failed);
        let mut writer = self.writer(tree, written, self.meter);
        let mut result = Err(NullPropagated);
        let mut whole = || result = write(&mut writer).and_then(|()| writer.charge_written());
        match self.meter {
            Some(meter) => meter.write(&mut whole).await,
            None => whole(),
        }
        let stopped = writer.stopped;
        written = writer.written;
        let Some(error) = stopped else { return (result, written) };
        written.out.truncate(start);
        written.errors.truncate(before);
        written.failed = failed;
        let tree = self.failed(&error);
        let mut writer = self.writer(&tree, written, None);
        let result = write(&mut writer);
        (result, writer.written)
    }

    fn writer<'w>(
        &'w self,
        tree: &'w Tree,
        written: WrittenResponse,
        meter: Option<&'w dyn ExecutionMeter>,
    ) -> Writer<'w> {
        let (plan, ctx) = (self.plan, Context::new(self.data));
        let introspection = Introspection { types: self.types, variables: self.variables };
        Writer { plan, tree, ctx, meter, introspection, written, stopped: None, path: Vec::new() }
    }

    fn changes(&self) -> Option<ChangeCount> {
        self.meter.and_then(ExecutionMeter::changes)
    }

    async fn at_once(&self) -> Response {
        let tree = self.tree(None).await;
        let written =
            WrittenResponse { out: crate::Buffer::with_capacity(tree.size(self.plan)), ..WrittenResponse::default() };
        let (result, written) = self.write(&tree, written, |writer| writer.object(ROOT, 0)).await;
        Response::new(self.plan, result, written)
    }

    /// Parses the arguments of all root fields.
    ///
    /// # Errors
    /// An error for each field with invalid arguments.
    fn arguments(&self) -> Result<Vec<Option<CoercedArguments<'_>>>, Vec<ResponseError>> {
        let (mut all, mut errors) = (Vec::new(), Vec::new());
        for field in &self.plan.nodes[ROOT].fields {
            let PlannedFieldKind::Relation(relation) = field.kind else {
                all.push(None);
                continue;
            };
            let planned = &self.plan.relations[relation];
            match planned.arguments.given(planned.field, self.variables) {
                Ok(given) => all.push(Some(given)),
                Err(message) => {
                    let path = vec![PathSegment::Field(field.name().to_owned())];
                    errors.push(ResponseError::of_field(Error::new(message), field.places(), path));
                }
            }
        }
        if errors.is_empty() { Ok(all) } else { Err(errors) }
    }

    /// Executes root fields one after the other. A failing field that is not nullable is the last, as the response has
    /// no place for those after it (GraphQL, section 6.2.2). Arguments of all fields are checked before the first runs,
    /// as its changes could not be undone.
    async fn in_order(&self) -> Response {
        let arguments = match self.arguments() {
            Ok(arguments) => arguments,
            Err(errors) => return Response::refused(errors),
        };
        let own = MutationProgress::default();
        let progress = self.meter.and_then(ExecutionMeter::progress).unwrap_or(&own);
        progress.begin(self.plan);
        let mut written = WrittenResponse::default();
        written.out.push(b'{');
        for (position, given) in arguments.into_iter().enumerate() {
            if position > 0 {
                written.out.push(b',');
            }
            let (failed, changes) = (written.failed, self.changes());
            if let Err(interrupted) = progress.leave(position, written) {
                let (written, behind) = *interrupted;
                return fill(self.plan, position, None, &behind, written);
            }
            let tree = self.tree(Some(RootField { position, given })).await;
            // Somebody else has taken the progress and answered instead.
            let Some(resumed) = progress.resume() else { return Response::default() };
            let result;
            (result, written) = self.write(&tree, resumed, |writer| writer.field(ROOT, position, 0)).await;
            if written.failed > failed
                && let (Some(before), Some(after)) = (changes, self.changes())
                // The last error is that of the field.
                && let Some(error) = written.errors.last_mut()
            {
                error.set(CHANGED, after.since(before));
            }
            if result.is_err() {
                return Response::new(self.plan, result, written);
            }
        }
        written.out.push(b'}');
        Response::new(self.plan, Ok(()), written)
    }
}

/// Starts the events of a planned subscription.
///
/// # Errors
/// The arguments of the root field are invalid, or it fails to start.
pub async fn subscribe(plan: &Plan, data: &Data, variables: &Variables) -> Result<EventStream, ResponseError> {
    // Validation makes sure of the one field; its directives are refused there, too.
    let Some(field) = plan.nodes[ROOT].fields.first() else {
        return Err(ResponseError::new("The subscription selects no field."));
    };
    let failed =
        |error| ResponseError::of_field(error, field.places(), vec![PathSegment::Field(field.name().to_owned())]);
    let PlannedFieldKind::Relation(relation) = field.kind else {
        return Err(failed(Error::new("This field has no events.")));
    };
    let planned = &plan.relations[relation];
    let given = planned.arguments.given(planned.field, variables).map_err(|message| failed(Error::new(message)))?;
    match planned.field.subscribe(given, Context::new(data)) {
        Some(started) => started.await.map_err(failed),
        None => Err(failed(Error::new("This field has no events."))),
    }
}
