//! Writes the response in one pass into one buffer.
//!
//! An error belongs to a field; a null in a non-null place propagates to the nearest nullable parent (GraphQL, section
//! 6.4.4). What was already written of an object that becomes null is cut off again.

use crate::bridge::{PathSegment, ServerError, Value, to_server_error};
use crate::progress::tells_changes;

use super::Context;
use super::buffer::Buffer;
use super::declare::NoValue;
use super::link::Slot;
use super::plan::{Plan, Planned, Step as Linked, What};
use super::run::Tree;
use crate::error::{Error, Result};
use crate::meter::Meter;

/// Maximum number of errors that a response keeps. A hostile document can have hundreds of thousands of failing fields.
pub const MOST_ERRORS: usize = 1_000;

/// The object cannot be written because of a null; the error is already recorded.
#[derive(Clone, Copy)]
pub struct Nulled;

/// A step of the path to the current value. It borrows names: few responses have errors, and only these copy them.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

pub struct Writer<'a> {
    pub plan: &'a Plan,
    pub tree: &'a Tree,
    pub ctx: Context<'a>,
    pub meter: Option<&'a dyn Meter>,
    /// The values of introspection fields.
    pub introspected: &'a [Value],
    pub written: Written,
    /// Why writing stopped: the operation exceeded a limit.
    pub stopped: Option<Error>,
    /// Path from the root to the current value.
    pub path: Vec<Step<'a>>,
}

/// What was written so far.
#[derive(Default)]
pub struct Written {
    pub out: Buffer,
    /// Bytes that the meter already knows of.
    pub held: usize,
    pub errors: Vec<ServerError>,
    /// Number of root fields that errors made null.
    pub failed: usize,
}

impl<'a> Writer<'a> {
    /// Writes a row of a scope.
    ///
    /// # Errors
    /// A null has propagated to the object, or writing stopped.
    pub fn object(&mut self, scope: usize, index: usize) -> Result<(), Nulled> {
        let plan: &'a Plan = self.plan;
        let fields = &plan.scopes[scope].fields;
        self.go_on(|meter| meter.write_values(fields.len() as u64))?;
        self.written.out.push(b'{');
        for position in 0..fields.len() {
            if position > 0 {
                self.written.out.push(b',');
            }
            self.field(scope, position, index)?;
        }
        self.written.out.push(b'}');
        Ok(())
    }

    /// Writes a field of a row, including its key.
    ///
    /// # Errors
    /// A null is not allowed in the field's place, or writing stopped.
    pub fn field(&mut self, scope: usize, position: usize, index: usize) -> Result<(), Nulled> {
        let (plan, tree): (&'a Plan, &'a Tree) = (self.plan, self.tree);
        let planned = &plan.scopes[scope];
        let field = &planned.fields[position];
        let out = &mut self.written.out;
        out.extend(field.key.as_bytes());
        match &field.what {
            What::TypeName => {
                out.push(b'"');
                out.extend(planned.object.name.as_bytes());
                out.push(b'"');
            }
            What::Leaf(write) => {
                let Some(rows) = &tree.rows[scope] else { return Err(Nulled) };
                if let Err(none) = write(rows.get(index), self.ctx, out.last()) {
                    self.no_value(field, none)?;
                }
            }
            What::Schema(place) => {
                // Writing to a Vec does not fail.
                let _ = serde_json::to_writer(out.last(), &self.introspected[*place]);
            }
            What::Link(step) => self.link(field, &plan.links[*step], &tree.slots[*step][index])?,
        }
        if self.written.out.is_due() {
            self.written.out.complete();
            self.hold()?;
        }
        Ok(())
    }

    fn no_value(&mut self, field: &'a Planned, NoValue { error, nullable }: NoValue) -> Result<(), Nulled> {
        let start = self.written.out.written();
        self.written.failed += usize::from(self.path.is_empty());
        self.path.push(Step::Field(field.name()));
        self.fail(error, field);
        self.path.pop();
        self.or_null(Err(Nulled), nullable, start)
    }

    fn link(&mut self, field: &'a Planned, step: &'a Linked, slot: &'a Slot) -> Result<(), Nulled> {
        let start = self.written.out.written();
        self.path.push(Step::Field(field.name()));
        let written = self.slot(step, slot, field);
        self.path.pop();
        self.written.failed += usize::from(self.path.is_empty() && written.is_err());
        self.or_null(written, step.nullable, start)
    }

    /// Replaces a failed value by null, if the place is nullable.
    fn or_null(&mut self, written: Result<(), Nulled>, nullable: bool, start: usize) -> Result<(), Nulled> {
        if written.is_err() {
            if self.stopped.is_some() || !nullable {
                return Err(Nulled);
            }
            self.written.out.truncate(start);
            self.written.out.extend(b"null");
        }
        Ok(())
    }

    fn slot(&mut self, step: &'a Linked, slot: &'a Slot, field: &'a Planned) -> Result<(), Nulled> {
        match slot {
            Slot::Null => self.written.out.extend(b"null"),
            Slot::Json(json) => self.written.out.extend(json),
            Slot::One(target, row) => self.object(step.below[*target], *row)?,
            Slot::Many(first, end) => {
                let scope = step.below[0];
                self.list(end - first, false, |writer, index| writer.object(scope, first + index))?;
            }
            Slot::Each(slots) => {
                self.list(slots.len(), step.nullable_items, |writer, index| writer.slot(step, &slots[index], field))?;
            }
            Slot::Failed(error) => {
                self.fail(error.clone(), field);
                return Err(Nulled);
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        len: usize,
        nullable: bool,
        write: impl Fn(&mut Self, usize) -> Result<(), Nulled>,
    ) -> Result<(), Nulled> {
        self.written.out.push(b'[');
        for index in 0..len {
            if index > 0 {
                self.written.out.push(b',');
            }
            let start = self.written.out.written();
            self.path.push(Step::Index(index));
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
    pub fn hold(&mut self) -> Result<(), Nulled> {
        let more = self.written.out.written().saturating_sub(self.written.held);
        self.written.held += more;
        self.go_on(|meter| {
            meter.check()?;
            meter.hold_answer(more as u64)
        })
    }

    fn go_on(&mut self, permits: impl FnOnce(&dyn Meter) -> Result<()>) -> Result<(), Nulled> {
        let Some(Err(error)) = self.meter.map(permits) else { return Ok(()) };
        self.stopped = Some(error);
        Err(Nulled)
    }

    fn fail(&mut self, error: Error, field: &Planned) {
        let path = self.path.iter().map(|step| match step {
            Step::Field(name) => PathSegment::Field((*name).to_owned()),
            Step::Index(index) => PathSegment::Index(*index),
        });
        let error = to_server_error(error, field.places(), path.collect());
        // The last error is always present, as it is the one that made an object null. Errors that say what a root
        // field has changed are kept.
        let errors = &mut self.written.errors;
        if errors.len() >= MOST_ERRORS && errors.last().is_some_and(|last| !tells_changes(last)) {
            errors.pop();
        }
        errors.push(error);
    }
}
