//! Writes the response in one pass into one buffer.
//!
//! An error belongs to a field; a null in a non-null place propagates to the nearest nullable parent (GraphQL, section
//! 6.4.4). If an object becomes null, the part that was already written is removed again.

use crate::introspection::Introspection;

use super::meter::ExecutionMeter;
use super::run::Tree;
use super::written::{NullPropagated, WrittenResponse};
use crate::Context;
use crate::declare::FieldError;
use crate::error::{Error, Result};
use crate::plan::{Plan, PlannedField, PlannedFieldKind, PlannedRelation};
use crate::response_error::{PathSegment, ResponseError, tells_changes};
use crate::rows::FieldValue;

/// Maximum number of errors that a response keeps. A hostile document can have hundreds of thousands of failing fields.
pub const MAX_ERRORS: usize = 1_000;

/// A step of the path to the current value. It borrows names: few responses have errors, and only these copy them.
#[derive(Clone, Copy)]
pub enum PathStep<'a> {
    Field(&'a str),
    Index(usize),
}

pub struct Writer<'a> {
    pub plan: &'a Plan,
    pub tree: &'a Tree,
    pub ctx: Context<'a>,
    pub meter: Option<&'a dyn ExecutionMeter>,
    pub introspection: Introspection<'a>,
    pub written: WrittenResponse,
    /// Why writing stopped: the operation exceeded a limit.
    pub stopped: Option<Error>,
    /// Path from the root to the current value.
    pub path: Vec<PathStep<'a>>,
}

impl<'a> Writer<'a> {
    /// Writes a row of a node.
    ///
    /// # Errors
    /// A null has propagated to the object, or writing stopped.
    pub fn object(&mut self, node: usize, index: usize) -> Result<(), NullPropagated> {
        let plan: &'a Plan = self.plan;
        let fields = &plan.nodes[node].fields;
        self.go_on(|meter| meter.write_values(fields.len() as u64))?;
        self.written.out.push(b'{');
        for position in 0..fields.len() {
            if position > 0 {
                self.written.out.push(b',');
            }
            self.field(node, position, index)?;
        }
        self.written.out.push(b'}');
        Ok(())
    }

    /// Writes a field of a row, including its key.
    ///
    /// # Errors
    /// A null is not allowed in the field's place, or writing stopped.
    pub fn field(&mut self, node: usize, position: usize, index: usize) -> Result<(), NullPropagated> {
        let (plan, tree): (&'a Plan, &'a Tree) = (self.plan, self.tree);
        let planned = &plan.nodes[node];
        let field = &planned.fields[position];
        let out = &mut self.written.out;
        out.extend(field.key.as_bytes());
        match &field.kind {
            PlannedFieldKind::TypeName => {
                out.push(b'"');
                out.extend(planned.object.name.as_bytes());
                out.push(b'"');
            }
            PlannedFieldKind::Leaf(write) => {
                let Some(rows) = &tree.rows[node] else { return Err(NullPropagated) };
                if let Err(none) = write(rows.get(index), self.ctx, out.last()) {
                    self.field_error(field, none)?;
                }
            }
            PlannedFieldKind::Introspection(asked) => self.introspection.write(asked, out.last()),
            PlannedFieldKind::Relation(relation) => {
                self.relation(field, &plan.relations[*relation], &tree.values[*relation][index])?;
            }
        }
        if self.written.out.is_due() {
            self.written.out.complete();
            self.charge_written()?;
        }
        Ok(())
    }

    fn field_error(
        &mut self,
        field: &'a PlannedField,
        FieldError { error, nullable }: FieldError,
    ) -> Result<(), NullPropagated> {
        let start = self.written.out.written();
        self.written.failed += usize::from(self.path.is_empty());
        self.path.push(PathStep::Field(field.name()));
        self.fail(error, field);
        self.path.pop();
        self.or_null(Err(NullPropagated), nullable, start)
    }

    fn relation(
        &mut self,
        field: &'a PlannedField,
        relation: &'a PlannedRelation,
        value: &'a FieldValue,
    ) -> Result<(), NullPropagated> {
        let start = self.written.out.written();
        self.path.push(PathStep::Field(field.name()));
        let written = self.value(relation, value, field);
        self.path.pop();
        self.written.failed += usize::from(self.path.is_empty() && written.is_err());
        self.or_null(written, relation.nullable, start)
    }

    /// Replaces a failed value by null, if the place is nullable.
    fn or_null(
        &mut self,
        written: Result<(), NullPropagated>,
        nullable: bool,
        start: usize,
    ) -> Result<(), NullPropagated> {
        if written.is_err() {
            if self.stopped.is_some() || !nullable {
                return Err(NullPropagated);
            }
            self.written.out.truncate(start);
            self.written.out.extend(b"null");
        }
        Ok(())
    }

    fn value(
        &mut self,
        relation: &'a PlannedRelation,
        value: &'a FieldValue,
        field: &'a PlannedField,
    ) -> Result<(), NullPropagated> {
        match value {
            FieldValue::Null => self.written.out.extend(b"null"),
            FieldValue::Json(json) => self.written.out.extend(json),
            FieldValue::Object(target, row) => self.object(relation.below[*target], *row)?,
            FieldValue::Many(first, end) => {
                let node = relation.below[0];
                self.list(end - first, false, |writer, index| writer.object(node, first + index))?;
            }
            FieldValue::Each(values) => {
                self.list(values.len(), relation.nullable_items, |writer, index| {
                    writer.value(relation, &values[index], field)
                })?;
            }
            FieldValue::Failed(error) => {
                self.fail(error.clone(), field);
                return Err(NullPropagated);
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        len: usize,
        nullable: bool,
        write: impl Fn(&mut Self, usize) -> Result<(), NullPropagated>,
    ) -> Result<(), NullPropagated> {
        self.written.out.push(b'[');
        for index in 0..len {
            if index > 0 {
                self.written.out.push(b',');
            }
            let start = self.written.out.written();
            self.path.push(PathStep::Index(index));
            let written = write(self, index);
            self.path.pop();
            self.or_null(written, nullable, start)?;
        }
        self.written.out.push(b']');
        Ok(())
    }

    /// Reports the bytes written since the last call to the meter.
    ///
    /// # Errors
    /// The operation exceeds a limit.
    pub fn charge_written(&mut self) -> Result<(), NullPropagated> {
        let more = self.written.out.written().saturating_sub(self.written.charged);
        self.written.charged += more;
        self.go_on(|meter| {
            meter.check()?;
            meter.reserve_response(more as u64)
        })
    }

    fn go_on(&mut self, permits: impl FnOnce(&dyn ExecutionMeter) -> Result<()>) -> Result<(), NullPropagated> {
        let Some(Err(error)) = self.meter.map(permits) else { return Ok(()) };
        self.stopped = Some(error);
        Err(NullPropagated)
    }

    fn fail(&mut self, error: Error, field: &PlannedField) {
        let path = self.path.iter().map(|step| match step {
            PathStep::Field(name) => PathSegment::Field((*name).to_owned()),
            PathStep::Index(index) => PathSegment::Index(*index),
        });
        let error = ResponseError::of_field(error, field.places(), path.collect());
        // The last error is always present, as it is the one that made an object null. Errors that say what a root
        // field has changed are kept.
        let errors = &mut self.written.errors;
        if errors.len() >= MAX_ERRORS && errors.last().is_some_and(|last| !tells_changes(last)) {
            errors.pop();
        }
        errors.push(error);
    }
}
