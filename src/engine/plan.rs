//! Which scopes a selection has, and in which round each link is followed.

use std::any::TypeId;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::SelectionSet;
use async_graphql::{Pos, Value};

use super::Context;
use super::declare::{Kind, ObjectType, Row, Write};
use super::link::Link;
use super::selection::{Asked, collect, input};

/// The whole selection of one or more objects.
#[derive(Default)]
pub struct Plan {
    pub scopes: Vec<Scope>,
    pub links: Vec<Step>,
    /// How many rounds of questions there are.
    pub rounds: usize,
}

/// An object type and the fields that are asked of it, at one place of the document.
pub struct Scope {
    pub object: &'static ObjectType,
    pub fields: Vec<Planned>,
}

/// A field of a scope.
pub struct Planned {
    /// The response key, for error paths.
    pub name: String,
    /// The response key as JSON, with its colon.
    pub key: Vec<u8>,
    pub pos: Pos,
    pub what: What,
}

pub enum What {
    TypeName,
    Leaf(&'static Write),
    /// By its place among the links.
    Link(usize),
}

/// A link of a scope.
pub struct Step {
    pub link: &'static dyn Link,
    /// What the arguments are, or what is wrong with them.
    pub arguments: Result<Box<Row>, String>,
    pub nullable: bool,
    /// The scope below, if it leads to objects.
    pub below: Option<usize>,
    /// The first round that this link can be followed in, and the last that does not make the whole longer.
    round: usize,
    /// Rounds below and including this one.
    height: usize,
}

impl Step {
    /// From 1; 0 where nothing is asked.
    pub fn round(&self) -> usize {
        if self.link.question().is_some() { self.round } else { 0 }
    }
}

impl Plan {
    /// Adds the selection of an object; the place of its scope.
    pub fn add<'a>(&mut self, ctx: &Context<'a>, object: &'static ObjectType, sets: &[&'a SelectionSet]) -> usize {
        let asked = collect(ctx, sets, |condition| object.is(condition));
        let scope = self.scopes.len();
        self.scopes.push(Scope { object, fields: Vec::new() });
        let mut fields = Vec::with_capacity(asked.len());
        for (key, asked) in asked {
            if let Some(what) = self.field(ctx, object, &asked) {
                let mut json = Vec::with_capacity(key.len() + 3);
                super::leaf::write_text(key, &mut json);
                json.push(b':');
                fields.push(Planned { name: key.to_owned(), key: json, pos: asked.field.pos, what });
            }
        }
        self.scopes[scope].fields = fields;
        scope
    }

    fn field<'a>(&mut self, ctx: &Context<'a>, object: &'static ObjectType, asked: &Asked<'a>) -> Option<What> {
        let name = asked.field.node.name.node.as_str();
        if name == "__typename" {
            return Some(What::TypeName);
        }
        // Validation has refused fields that are not there.
        let field = object.field(name)?;
        match &field.def.kind {
            Kind::Leaf(write) => Some(What::Leaf(write.as_ref())),
            Kind::Link(link) => {
                let arguments = asked.field.node.arguments.iter();
                let given: IndexMap<_, _> =
                    arguments.filter_map(|(name, value)| Some((name.node.clone(), input(ctx, &value.node)?))).collect();
                let below = link.target().map(|target| self.add(ctx, target, &asked.sets));
                self.links.push(Step {
                    link: link.as_ref(),
                    arguments: link.arguments(Value::Object(given)),
                    nullable: link.nullable(),
                    below,
                    round: 0,
                    height: 0,
                });
                Some(What::Link(self.links.len() - 1))
            }
        }
    }

    /// Decides the rounds: as early as possible, but a link waits for others that ask the same question where that
    /// does not make the whole longer.
    pub fn schedule(&mut self, roots: &[usize]) {
        for &root in roots {
            self.rounds = self.rounds.max(self.height(root));
        }
        for &root in roots {
            self.earliest(root, 0);
        }
        let earliest: Vec<(Option<TypeId>, usize)> =
            self.links.iter().map(|step| (step.link.question(), step.round)).collect();
        for &root in roots {
            self.wait(root, 0, &earliest);
        }
    }

    fn steps(&self, scope: usize) -> Vec<usize> {
        let fields = self.scopes[scope].fields.iter();
        fields.filter_map(|field| if let What::Link(step) = field.what { Some(step) } else { None }).collect()
    }

    fn height(&mut self, scope: usize) -> usize {
        let mut highest = 0;
        for step in self.steps(scope) {
            let below = self.links[step].below.map_or(0, |scope| self.height(scope));
            let own = usize::from(self.links[step].link.question().is_some());
            self.links[step].height = below + own;
            highest = highest.max(below + own);
        }
        highest
    }

    fn earliest(&mut self, scope: usize, after: usize) {
        for step in self.steps(scope) {
            let own = usize::from(self.links[step].link.question().is_some());
            self.links[step].round = after + own;
            if let Some(below) = self.links[step].below {
                self.earliest(below, after + own);
            }
        }
    }

    fn wait(&mut self, scope: usize, after: usize, earliest: &[(Option<TypeId>, usize)]) {
        for step in self.steps(scope) {
            let question = self.links[step].link.question();
            let mut round = after;
            if question.is_some() {
                let latest = self.rounds + 1 - self.links[step].height;
                let others = earliest.iter().filter(|other| other.0 == question && other.1 <= latest);
                round = others.map(|other| other.1).fold(after + 1, usize::max);
            }
            self.links[step].round = round;
            if let Some(below) = self.links[step].below {
                self.wait(below, round, earliest);
            }
        }
    }
}
