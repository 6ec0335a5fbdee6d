//! Plans an operation: its scopes, and the wave in which each relation is loaded.

use std::any::TypeId;

use crate::bridge::Pos;
use crate::bridge::types::{OperationDefinition, OperationType, SelectionSet};

use super::arguments::{self, Planned as Arguments};
use super::declare::{Kind, ObjectType, Write};
use super::link::Link;
use super::selection::{Mention, Source, collect};
use crate::document::Introspected;

/// The index of the root scope.
pub const ROOT: usize = 0;

/// The plan of an operation. It depends on no variables except those that `@skip` and `@include` name.
pub struct Plan {
    pub scopes: Vec<Scope>,
    pub links: Vec<Step>,
    /// Number of waves.
    pub rounds: usize,
    /// Whether the root fields are executed one after the other.
    pub serial: bool,
    /// Fields `__schema` and `__type`.
    pub introspected: Vec<Introspected>,
    /// Estimated size in bytes.
    pub bytes: usize,
}

/// An object type and the fields selected on it, at one place of the document.
pub struct Scope {
    pub object: &'static ObjectType,
    pub fields: Vec<Planned>,
    /// How many of the fields are relations.
    pub links: usize,
}

/// A field of a scope.
pub struct Planned {
    /// The response key as JSON, with quotes and colon, as written for each object.
    pub key: Box<str>,
    /// Position of the first of the merged fields.
    pos: Pos,
    /// Positions of the others.
    more: Vec<Pos>,
    pub what: What,
}

impl Planned {
    /// The positions of all merged fields.
    pub fn places(&self) -> Vec<Pos> {
        std::iter::once(self.pos).chain(self.more.iter().copied()).collect()
    }

    /// The response key. Names need no escapes, so it equals the JSON text between the quotes.
    pub fn name(&self) -> &str {
        self.key.get(1..self.key.len() - 2).unwrap_or_default()
    }
}

pub enum What {
    TypeName,
    Leaf(&'static Write),
    /// A relation, by its index in `links`.
    Link(usize),
    /// `__schema` or `__type`, by its index in `introspected`.
    Schema(usize),
}

/// A relation of a scope.
pub struct Step {
    pub link: &'static dyn Link,
    pub arguments: Arguments,
    pub nullable: bool,
    pub nullable_items: bool,
    /// The child scopes, one per possible object type.
    pub below: Vec<usize>,
    question: Option<TypeId>,
    /// The wave in which it is loaded: at first the earliest possible one, then the one that [`Plan::of`] has chosen.
    round: usize,
    /// Number of waves that this relation and everything below it need.
    height: usize,
}

impl Step {
    /// The wave, from 1; 0 if nothing has to be loaded.
    pub fn round(&self) -> usize {
        if self.question.is_some() { self.round } else { 0 }
    }

    fn own_rounds(&self) -> usize {
        usize::from(self.question.is_some())
    }
}

impl Plan {
    /// Plans a valid operation whose root is of this object type.
    pub fn of(root: &'static ObjectType, operation: &OperationDefinition, source: Source<'_>) -> Self {
        let serial = operation.ty == OperationType::Mutation;
        let mut plan =
            Self { scopes: Vec::new(), links: Vec::new(), rounds: 0, serial, introspected: Vec::new(), bytes: 0 };
        plan.add(source, root, &[&operation.selection_set.node]);
        let steps = plan.steps(ROOT);
        if serial {
            for step in steps {
                plan.schedule(&[step]);
            }
        } else {
            plan.schedule(&steps);
        }
        plan
    }

    /// Adds the scope of a selection and returns its index.
    fn add<'a>(&mut self, source: Source<'a>, object: &'static ObjectType, sets: &[&'a SelectionSet]) -> usize {
        let mentions = collect(source, sets, object.name);
        let scope = self.scopes.len();
        self.scopes.push(Scope { object, fields: Vec::new(), links: 0 });
        self.bytes += size_of::<Scope>();
        let mut fields = Vec::with_capacity(mentions.len());
        for (key, mention) in mentions {
            let what = self.field(source, object, &mention);
            let key = format!("\"{key}\":").into_boxed_str();
            self.bytes += size_of::<Planned>() + key.len() + size_of_val(&*mention.more);
            fields.push(Planned { key, pos: mention.field.pos, more: mention.more, what });
        }
        self.scopes[scope].links = fields.iter().filter(|field| matches!(field.what, What::Link(_))).count();
        self.scopes[scope].fields = fields;
        scope
    }

    fn field<'a>(&mut self, source: Source<'a>, object: &'static ObjectType, mention: &Mention<'a>) -> What {
        let name = mention.field.node.name.node.as_str();
        match name {
            "__typename" => return What::TypeName,
            "__schema" | "__type" if source.types.is_query(object.name) => {
                let asked = Introspected::new(&mention.field.node, &mention.sets);
                self.bytes += asked.bytes();
                self.introspected.push(asked);
                return What::Schema(self.introspected.len() - 1);
            }
            _ => {}
        }
        let field = object.field(name);
        let field = field.unwrap_or_else(|| unreachable!("a valid document asks {} for no {name}", object.name));
        match &field.def.kind {
            Kind::Leaf(write) => What::Leaf(write.as_ref()),
            Kind::Link(link) => {
                let targets = link.targets().into_iter();
                let below = targets.map(|target| self.add(source, target, &mention.sets)).collect();
                self.bytes += size_of::<Step>() + arguments::bytes(&mention.field.node);
                self.links.push(Step {
                    link: link.as_ref(),
                    arguments: Arguments::new(link.as_ref(), &mention.field.node),
                    nullable: link.nullable(),
                    nullable_items: link.nullable_items(),
                    below,
                    question: link.question(),
                    round: 0,
                    height: 0,
                });
                What::Link(self.links.len() - 1)
            }
        }
    }

    /// Assigns waves to relations and everything below them: as early as possible, except that a relation waits for
    /// others with the same loader if that adds no wave.
    fn schedule(&mut self, roots: &[usize]) {
        let rounds = roots.iter().map(|step| self.height(*step)).max().unwrap_or_default();
        self.rounds = self.rounds.max(rounds);
        let mut earliest = Vec::new();
        for &root in roots {
            self.earliest(root, 0, &mut earliest);
        }
        for &root in roots {
            self.wait(root, 0, rounds, &earliest);
        }
    }

    fn steps(&self, scope: usize) -> Vec<usize> {
        let fields = self.scopes[scope].fields.iter();
        fields.filter_map(|field| if let What::Link(step) = field.what { Some(step) } else { None }).collect()
    }

    /// The relations in the child scopes of a relation.
    fn below(&self, step: usize) -> Vec<usize> {
        self.links[step].below.iter().flat_map(|scope| self.steps(*scope)).collect()
    }

    fn height(&mut self, step: usize) -> usize {
        let below = self.below(step).into_iter().map(|below| self.height(below)).max().unwrap_or_default();
        self.links[step].height = below + self.links[step].own_rounds();
        self.links[step].height
    }

    fn earliest(&mut self, step: usize, after: usize, earliest: &mut Vec<(TypeId, usize)>) {
        let round = after + self.links[step].own_rounds();
        self.links[step].round = round;
        earliest.extend(self.links[step].question.map(|question| (question, round)));
        for below in self.below(step) {
            self.earliest(below, round, earliest);
        }
    }

    fn wait(&mut self, step: usize, after: usize, rounds: usize, earliest: &[(TypeId, usize)]) {
        let mut round = after;
        if let Some(question) = self.links[step].question {
            let latest = rounds + 1 - self.links[step].height;
            let others = earliest.iter().filter(|other| other.0 == question && other.1 <= latest);
            round = others.map(|other| other.1).fold(after + 1, usize::max);
        }
        self.links[step].round = round;
        for below in self.below(step) {
            self.wait(below, round, rounds, earliest);
        }
    }
}
