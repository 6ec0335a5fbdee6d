//! Writing the answer, in one pass into one buffer.
//!
//! An error belongs to a place; a null where none may stand climbs to the next place where one may (GraphQL,
//! section 6.4.4). What was written of the object that becomes null is cut off again.

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

/// How many errors an operation keeps. A hostile document can have hundreds of thousands of fields that fail.
pub const MOST_ERRORS: usize = 1_000;

/// The object that was to be written cannot be there: its error is among the errors.
#[derive(Clone, Copy)]
pub struct Nulled;

/// A step of the path to what is being written. Few answers have errors: names are copied for these alone.
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
    /// Answers of the introspection.
    pub introspected: &'a [Value],
    pub written: Written,
    /// Why writing stopped: the operation passed a limit.
    pub stopped: Option<Error>,
    /// From the root.
    pub path: Vec<Step<'a>>,
}

/// Everything that was written so far.
#[derive(Default)]
pub struct Written {
    pub out: Buffer,
    /// Bytes of it that the meter knows of.
    pub held: usize,
    pub errors: Vec<ServerError>,
    /// Fields of the root that errors made null.
    pub failed: usize,
}

impl<'a> Writer<'a> {
    /// Writes a row of a scope.
    ///
    /// # Errors
    /// A null has climbed to the object, or writing stopped.
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

    /// Writes a field of a row, with its name.
    ///
    /// # Errors
    /// Null may not stand in the field's place, or writing stopped.
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

    /// Replaces a value that failed by null, if null may stand there.
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

    /// Tells the meter of the bytes that were written since it was told last.
    ///
    /// # Errors
    /// The answer has become too long.
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
        // The last one is always there: it is the one that made an object null. Those that tell what a root field has changed stay.
        let errors = &mut self.written.errors;
        if errors.len() >= MOST_ERRORS && errors.last().is_some_and(|last| !tells_changes(last)) {
            errors.pop();
        }
        errors.push(error);
    }
}
