//! Plans an operation: its nodes, and the wave in which each relation is loaded.

use std::any::TypeId;

use crate::bridge::Pos;
use crate::bridge::types::{OperationDefinition, OperationType, SelectionSet};

use super::arguments::{self, PlannedArguments};
use crate::declare::{FieldResolver, ObjectType, RelationField, Write};
use crate::introspection::Introspected;
use crate::response_error::Location;
use crate::selection::{CollectedField, PlanContext, collect};

/// The index of the root node.
pub const ROOT: usize = 0;

/// The plan of an operation. It depends on no variables except those that `@skip` and `@include` name.
pub struct Plan {
    pub nodes: Vec<SelectionNode>,
    pub relations: Vec<PlannedRelation>,
    /// Number of waves.
    pub waves: usize,
    /// Whether the root fields are executed one after the other.
    pub serial: bool,
    /// Estimated size in bytes.
    pub bytes: usize,
}

/// An object type and the fields selected on it, at one place of the document.
pub struct SelectionNode {
    pub object: &'static ObjectType,
    pub fields: Vec<PlannedField>,
    /// How many of the fields are relations.
    pub relation_count: usize,
}

/// A field of a node.
pub struct PlannedField {
    /// The response key as JSON, with quotes and colon, as written for each object.
    pub key: Box<str>,
    /// Position of the first of the merged fields.
    pos: Pos,
    /// Positions of the others.
    more: Vec<Pos>,
    pub kind: PlannedFieldKind,
}

impl PlannedField {
    /// The positions of all merged fields.
    pub fn places(&self) -> Vec<Location> {
        let place = |pos: &Pos| Location { line: pos.line, column: pos.column };
        std::iter::once(&self.pos).chain(&self.more).map(place).collect()
    }

    /// The response key. Names need no escapes, so it equals the JSON text between the quotes.
    pub fn name(&self) -> &str {
        self.key.get(1..self.key.len() - 2).unwrap_or_default()
    }
}

pub enum PlannedFieldKind {
    TypeName,
    Leaf(&'static Write),
    /// A relation, by its index in `relations`.
    Relation(usize),
    /// `__schema` or `__type`.
    Introspection(Box<Introspected>),
}

/// A relation of a node.
pub struct PlannedRelation {
    pub field: &'static dyn RelationField,
    pub arguments: PlannedArguments,
    pub nullable: bool,
    pub nullable_items: bool,
    /// The child nodes, one per possible object type.
    pub below: Vec<usize>,
    loader_id: Option<TypeId>,
    /// The wave in which it is loaded: at first the earliest possible one, then the one that [`Plan::of`] has chosen.
    wave: usize,
    /// Number of waves that this relation and everything below it need.
    height: usize,
}

impl PlannedRelation {
    /// The wave, from 1; 0 if nothing has to be loaded.
    pub fn wave(&self) -> usize {
        if self.loader_id.is_some() { self.wave } else { 0 }
    }

    fn own_waves(&self) -> usize {
        usize::from(self.loader_id.is_some())
    }
}

impl Plan {
    /// Plans a valid operation whose root is of this object type.
    pub fn of(root: &'static ObjectType, operation: &OperationDefinition, context: PlanContext<'_>) -> Self {
        let serial = operation.ty == OperationType::Mutation;
        let mut plan = Self { nodes: Vec::new(), relations: Vec::new(), waves: 0, serial, bytes: 0 };
        plan.add(context, root, &[&operation.selection_set.node]);
        let relations = plan.relations(ROOT);
        if serial {
            for relation in relations {
                plan.schedule(&[relation]);
            }
        } else {
            plan.schedule(&relations);
        }
        plan
    }

    /// Adds the node of a selection and returns its index.
    fn add<'a>(&mut self, context: PlanContext<'a>, object: &'static ObjectType, sets: &[&'a SelectionSet]) -> usize {
        let collected = collect(context, sets, object.name);
        let node = self.nodes.len();
        self.nodes.push(SelectionNode { object, fields: Vec::new(), relation_count: 0 });
        self.bytes += size_of::<SelectionNode>();
        let mut fields = Vec::with_capacity(collected.len());
        for (key, collected) in collected {
            let kind = self.field(context, object, &collected);
            let key = format!("\"{key}\":").into_boxed_str();
            self.bytes += size_of::<PlannedField>() + key.len() + size_of_val(&*collected.more);
            fields.push(PlannedField { key, pos: collected.field.pos, more: collected.more, kind });
        }
        self.nodes[node].relation_count =
            fields.iter().filter(|field| matches!(field.kind, PlannedFieldKind::Relation(_))).count();
        self.nodes[node].fields = fields;
        node
    }

    fn field<'a>(
        &mut self,
        context: PlanContext<'a>,
        object: &'static ObjectType,
        collected: &CollectedField<'a>,
    ) -> PlannedFieldKind {
        let name = collected.field.node.name.node.as_str();
        match name {
            "__typename" => return PlannedFieldKind::TypeName,
            "__schema" | "__type" if context.types.is_query(object.name) => {
                let asked = Introspected::new(context, collected);
                self.bytes += asked.bytes();
                return PlannedFieldKind::Introspection(Box::new(asked));
            }
            _ => {}
        }
        let field = object.field(name);
        let field = field.unwrap_or_else(|| unreachable!("a valid document asks {} for no {name}", object.name));
        match &field.def.resolver {
            FieldResolver::Leaf(write) => PlannedFieldKind::Leaf(write.as_ref()),
            FieldResolver::Relation(field) => {
                let targets = field.targets().into_iter();
                let below = targets.map(|target| self.add(context, target, &collected.sets)).collect();
                self.bytes += size_of::<PlannedRelation>() + arguments::bytes(&collected.field.node);
                self.relations.push(PlannedRelation {
                    field: field.as_ref(),
                    arguments: PlannedArguments::new(field.as_ref(), &collected.field.node),
                    nullable: field.nullable(),
                    nullable_items: field.nullable_items(),
                    below,
                    loader_id: field.loader_id(),
                    wave: 0,
                    height: 0,
                });
                PlannedFieldKind::Relation(self.relations.len() - 1)
            }
        }
    }

    /// Assigns waves to relations and everything below them: as early as possible, except that a relation waits for
    /// others with the same loader if that adds no wave.
    fn schedule(&mut self, roots: &[usize]) {
        let waves = roots.iter().map(|relation| self.height(*relation)).max().unwrap_or_default();
        self.waves = self.waves.max(waves);
        let mut earliest = Vec::new();
        for &root in roots {
            self.earliest(root, 0, &mut earliest);
        }
        for &root in roots {
            self.wait(root, 0, waves, &earliest);
        }
    }

    fn relations(&self, node: usize) -> Vec<usize> {
        let fields = self.nodes[node].fields.iter();
        fields
            .filter_map(
                |field| if let PlannedFieldKind::Relation(relation) = field.kind { Some(relation) } else { None },
            )
            .collect()
    }

    /// The relations in the child nodes of a relation.
    fn below(&self, relation: usize) -> Vec<usize> {
        self.relations[relation].below.iter().flat_map(|node| self.relations(*node)).collect()
    }

    fn height(&mut self, relation: usize) -> usize {
        let below = self.below(relation).into_iter().map(|below| self.height(below)).max().unwrap_or_default();
        self.relations[relation].height = below + self.relations[relation].own_waves();
        self.relations[relation].height
    }

    fn earliest(&mut self, relation: usize, after: usize, earliest: &mut Vec<(TypeId, usize)>) {
        let wave = after + self.relations[relation].own_waves();
        self.relations[relation].wave = wave;
        earliest.extend(self.relations[relation].loader_id.map(|loader_id| (loader_id, wave)));
        for below in self.below(relation) {
            self.earliest(below, wave, earliest);
        }
    }

    fn wait(&mut self, relation: usize, after: usize, waves: usize, earliest: &[(TypeId, usize)]) {
        let mut wave = after;
        if let Some(loader_id) = self.relations[relation].loader_id {
            let latest = waves + 1 - self.relations[relation].height;
            let others = earliest.iter().filter(|other| other.0 == loader_id && other.1 <= latest);
            wave = others.map(|other| other.1).fold(after + 1, usize::max);
        }
        self.relations[relation].wave = wave;
        for below in self.below(relation) {
            self.wait(below, wave, waves, earliest);
        }
    }
}
