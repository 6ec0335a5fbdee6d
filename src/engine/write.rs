//! Writing the answer, in one pass into one buffer.
//!
//! An error belongs to a place; a null where none may stand climbs to the next place where one may (GraphQL,
//! section 6.4.4). What was written of the object that becomes null is cut off again.

use async_graphql::{PathSegment, ServerError};

use super::Context;
use super::buffer::Buffer;
use super::link::Slot;
use super::plan::{Plan, What};
use super::run::Tree;
use crate::error::{Error, Result};
use crate::meter::Meter;

/// How many errors an operation keeps. A hostile document can have hundreds of thousands of fields that fail.
pub const MOST_ERRORS: usize = 1_000;

/// The object that was to be written cannot be there: its error is among the errors.
#[derive(Clone, Copy)]
pub struct Nothing;

/// A step of the path to what is being written. Few answers have errors: names are copied for these alone.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

pub struct Writer<'a, 'c> {
    pub plan: &'a Plan,
    pub tree: &'a Tree,
    pub ctx: &'a Context<'c>,
    pub meter: Option<&'a Meter>,
    pub out: Buffer,
    /// Bytes of it that the meter knows of.
    pub held: usize,
    /// Why writing stopped: the operation passed a limit.
    pub stopped: Option<Error>,
    /// Where the field is that the library executes.
    pub root: Vec<PathSegment>,
    /// From there on.
    pub path: Vec<Step<'a>>,
    pub errors: Vec<ServerError>,
}

impl<'a> Writer<'a, '_> {
    /// Writes a row of a scope.
    ///
    /// # Errors
    /// Where a null has climbed to the object, or writing stopped.
    pub fn object(&mut self, scope: usize, index: usize) -> Result<(), Nothing> {
        let (plan, tree): (&'a Plan, &'a Tree) = (self.plan, self.tree);
        let Some(rows) = &tree.rows[scope] else { return Err(Nothing) };
        let row = rows.get(index);
        let planned = &plan.scopes[scope];
        self.go_on(|meter| meter.write_values(planned.fields.len() as u64))?;
        self.out.push(b'{');
        for (position, field) in planned.fields.iter().enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            self.out.extend(&field.key);
            match &field.what {
                What::TypeName => {
                    self.out.push(b'"');
                    self.out.extend(planned.object.name.as_bytes());
                    self.out.push(b'"');
                }
                What::Leaf(write) => write(row, self.ctx, self.out.last()),
                What::Link(step) => {
                    let start = self.out.written();
                    self.path.push(Step::Field(&field.name));
                    let written = self.slot(*step, index, field.pos);
                    self.path.pop();
                    if written.is_err() {
                        if self.stopped.is_some() || !self.plan.links[*step].nullable {
                            return Err(Nothing);
                        }
                        self.out.truncate(start);
                        self.out.extend(b"null");
                    }
                }
            }
            if self.out.is_due() {
                self.out.complete();
                self.hold()?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    fn slot(&mut self, step: usize, index: usize, pos: async_graphql::Pos) -> Result<(), Nothing> {
        let tree = self.tree;
        let below = self.plan.links[step].below;
        match (&tree.slots[step][index], below) {
            (Slot::Json(json), _) => self.out.extend(json),
            (Slot::One(row), Some(scope)) => self.object(scope, *row)?,
            (Slot::Many(first, end), Some(scope)) => {
                self.out.push(b'[');
                for row in *first..*end {
                    if row > *first {
                        self.out.push(b',');
                    }
                    self.path.push(Step::Index(row - first));
                    let written = self.object(scope, row);
                    self.path.pop();
                    written?;
                }
                self.out.push(b']');
            }
            (Slot::Failed(error), _) => {
                self.fail(error.clone(), pos);
                return Err(Nothing);
            }
            _ => self.out.extend(b"null"),
        }
        Ok(())
    }

    /// Tells the meter of the bytes that were written since it was told last.
    ///
    /// # Errors
    /// Where the answer has become too long.
    pub fn hold(&mut self) -> Result<(), Nothing> {
        let more = self.out.written().saturating_sub(self.held);
        self.held += more;
        self.go_on(|meter| {
            meter.check()?;
            meter.hold_answer(more as u64)
        })
    }

    fn go_on(&mut self, permits: impl FnOnce(&Meter) -> Result<()>) -> Result<(), Nothing> {
        let Some(Err(error)) = self.meter.map(permits) else { return Ok(()) };
        self.stopped = Some(error);
        Err(Nothing)
    }

    fn fail(&mut self, error: Error, pos: async_graphql::Pos) {
        let mut error = async_graphql::Error::from(error).into_server_error(pos);
        let path = self.path.iter().map(|step| match step {
            Step::Field(name) => PathSegment::Field((*name).to_owned()),
            Step::Index(index) => PathSegment::Index(*index),
        });
        error.path = self.root.iter().cloned().chain(path).collect();
        // The last one is always there: it is the one that made an object null.
        self.errors.truncate(MOST_ERRORS - 1);
        self.errors.push(error);
    }
}
