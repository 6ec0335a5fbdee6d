//! Where async-graphql hands over, and takes back.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{Name, OutputType, PathSegment, Positioned, QueryPathSegment, ServerError, ServerResult, Value};
use async_graphql_value::RAW_VALUE_TOKEN;

use super::Context;
use super::buffer::{Buffer, Pieces};
use super::declare::{Arguments, Object, ObjectType, meta_field};
use super::leaf::write_text;
use super::link::Rows;
use super::plan::Plan;
use super::run::run;
use super::selection::collect;
use super::write::{MOST_ERRORS, Nothing, Step, Writer};
use crate::error::Error;
use crate::fair::aside;
use crate::meter::Meter;

/// A row of some object type: what a field of an interface type holds.
#[derive(Clone)]
pub struct AnyRow {
    object: &'static ObjectType,
    row: Arc<dyn Rows>,
}

impl AnyRow {
    pub fn new<T: Object>(row: T) -> Self {
        Self { object: T::object(), row: Arc::new(vec![row]) }
    }
}

impl AnyRow {
    /// Resolves what the field asks of this row's type.
    ///
    /// # Errors
    /// Where a null has climbed to the row itself; further errors are left with the operation.
    pub async fn resolve(&self, ctx: &Context<'_>) -> ServerResult<Value> {
        let rows = Mixed(vec![Arc::clone(&self.row)]);
        resolve_one(self.object, Box::new(rows), ctx).await
    }
}

/// Resolves the whole selection of one object.
///
/// # Errors
/// Where a null has climbed to the object itself; further errors are left with the operation.
pub async fn resolve<T: Object>(row: &T, ctx: &Context<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
    resolve_one(T::object(), Box::new(vec![row.clone()]), ctx).await
}

async fn resolve_one(object: &'static ObjectType, row: Box<dyn Rows>, ctx: &Context<'_>) -> ServerResult<Value> {
    let Some(sets) = selection_sets(ctx) else { return Ok(raw(b"{}".to_vec())) };
    let mut plan = Plan::default();
    let root = plan.add(ctx, object, &sets);
    plan.schedule(&[root]);
    let meter = meter(ctx);
    let tree = run(&plan, vec![(root, row)], ctx, meter).await.map_err(|error| stopped(ctx, error))?;
    let mut writer = Writer::new(&plan, &tree, ctx, meter);
    let written = aside_if_large(meter, || writer.object(root, 0)).await;
    finish(writer, written)
}

/// Writes a large answer where that holds up nobody.
async fn aside_if_large<T>(meter: Option<&Meter>, write: impl FnOnce() -> T) -> T {
    if meter.is_some_and(Meter::is_large) { aside(write).await } else { write() }
}

/// The meter of the operation; none where nobody measures it.
fn meter<'a>(ctx: &Context<'a>) -> Option<&'a Meter> {
    ctx.data_opt::<Arc<Meter>>().map(AsRef::as_ref)
}

/// The error of a field whose operation passed a limit.
fn stopped(ctx: &Context<'_>, error: Error) -> ServerError {
    let mut error = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
    error.path = path(ctx);
    error
}

fn finish(mut writer: Writer<'_, '_>, written: Result<(), Nothing>) -> ServerResult<Value> {
    let written = written.and_then(|()| writer.hold());
    let Writer { ctx, out, mut errors, stopped: error, .. } = writer;
    if let Some(error) = error {
        return Err(stopped(ctx, error));
    }
    let last = if written.is_err() { errors.pop() } else { None };
    let mut known = ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner);
    // A fragment that is spread twice is executed twice: what went wrong the first time is known.
    let is_known = |known: &[ServerError], error: &ServerError| known.iter().any(|known| known.path == error.path);
    let before = known.len();
    for error in errors {
        if known.len() < MOST_ERRORS && !is_known(&known[..before], &error) {
            known.push(error);
        }
    }
    match last {
        Some(error) if is_known(&known[..before], &error) => Ok(Value::Null),
        Some(error) => Err(error),
        None => Ok(written_value(ctx, out)),
    }
}

/// The key of a value that names [`Pieces`] by their place; no name of the schema begins so.
const PIECES_TOKEN: &str = "$notegraph::Pieces";

/// JSON that is already written, in the place of a value: as a text in it, or beside it where that is long.
fn written_value(ctx: &Context<'_>, out: Buffer) -> Value {
    let mut pieces = out.into_pieces();
    match (ctx.data_opt::<Arc<Pieces>>(), pieces.len()) {
        (_, 0 | 1) => raw(pieces.pop().unwrap_or_default()),
        (Some(kept), _) => {
            let place = Value::Number(kept.keep(pieces).into());
            Value::Object(IndexMap::from_iter([(Name::new(PIECES_TOKEN), place)]))
        }
        (None, _) => raw(pieces.concat()),
    }
}

fn raw(json: Vec<u8>) -> Value {
    // Only whole pieces of text were written.
    let json = String::from_utf8(json).unwrap_or_else(|_| unreachable!("JSON is written from text"));
    Value::Object(IndexMap::from_iter([(Name::new(RAW_VALUE_TOKEN), Value::String(json))]))
}

/// Writes a value as JSON, what is written already as it is. (The library's own way would parse that once more.) `kept`
/// are the pieces of the operation, which go into the buffer without being copied.
pub fn write_value(value: &Value, kept: Option<&Pieces>, out: &mut Buffer) {
    match value {
        Value::Object(fields) => {
            if let (1, Some(Value::String(json))) = (fields.len(), fields.get(RAW_VALUE_TOKEN)) {
                out.extend(json.as_bytes());
                return;
            }
            if let (1, Some(Value::Number(place)), Some(kept)) = (fields.len(), fields.get(PIECES_TOKEN), kept) {
                let place = place.as_u64().and_then(|place| usize::try_from(place).ok());
                place.map(|place| kept.take(place)).into_iter().flatten().for_each(|piece| out.append(piece));
                return;
            }
            out.push(b'{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out.last());
                out.push(b':');
                write_value(value, kept, out);
            }
            out.push(b'}');
        }
        Value::List(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(value, kept, out);
            }
            out.push(b']');
        }
        // Writing to a Vec does not fail, and no other value holds anything that JSON does not have.
        plain => drop(serde_json::to_writer(out.last(), plain)),
    }
}

/// The selection sets of every mention of this field, where this is the first. The library executes each mention by
/// itself, and of what they give keeps the first where it cannot merge: so the first gives the whole, and no other need
/// give anything.
fn selection_sets<'a>(ctx: &Context<'a>) -> Option<Vec<&'a SelectionSet>> {
    let mut sets = vec![&ctx.query_env.operation.node.selection_set.node];
    let mut first = None;
    for segment in path(ctx) {
        let PathSegment::Field(name) = segment else { continue };
        // Above us there are only object types, so whatever validation let through applies.
        let asked = collect(ctx, &sets, |_| true).swap_remove(name.as_str())?;
        first = Some(&asked.field.node.selection_set);
        sets = asked.sets;
    }
    first.is_none_or(|first| std::ptr::eq(first, ctx.item)).then_some(sets)
}

fn path(ctx: &Context<'_>) -> Vec<PathSegment> {
    let Some(node) = ctx.path_node else { return Vec::new() };
    let mut path: Vec<PathSegment> = std::iter::once(&node)
        .chain(node.parents())
        .map(|node| match node.segment {
            QueryPathSegment::Name(name) => PathSegment::Field(name.to_owned()),
            QueryPathSegment::Index(index) => PathSegment::Index(index),
        })
        .collect();
    path.reverse();
    path
}

impl<'a, 'c> Writer<'a, 'c> {
    fn new(plan: &'a Plan, tree: &'a super::run::Tree, ctx: &'a Context<'c>, meter: Option<&'a Meter>) -> Self {
        Self {
            plan,
            tree,
            ctx,
            meter,
            out: Buffer::with_capacity(tree.size(plan)),
            held: 0,
            stopped: None,
            root: path(ctx),
            path: Vec::new(),
            errors: Vec::new(),
        }
    }
}

/// Many rows of any types, each resolved as the field asks of its type: all in one run.
///
/// # Errors
/// Where a row that must be there is null.
pub async fn resolve_each(rows: &[Option<AnyRow>], nullable: bool, ctx: &Context<'_>) -> ServerResult<Value> {
    let Some(sets) = selection_sets(ctx) else { return Ok(raw(b"[]".to_vec())) };
    let mut plan = Plan::default();
    // The rows of each type together, and for each row its place there.
    let mut groups: Vec<(&'static ObjectType, Mixed)> = Vec::new();
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        places.push(row.as_ref().map(|AnyRow { object, row }| {
            let known = groups.iter().position(|(known, _)| std::ptr::eq(*known, *object));
            let group = known.unwrap_or_else(|| {
                groups.push((object, Mixed(Vec::new())));
                groups.len() - 1
            });
            groups[group].1.0.push(Arc::clone(row));
            (group, groups[group].1.0.len() - 1)
        }));
    }
    let scopes: Vec<usize> = groups.iter().map(|(object, _)| plan.add(ctx, object, &sets)).collect();
    plan.schedule(&scopes);
    let roots = scopes.iter().zip(groups).map(|(scope, (_, rows))| (*scope, Box::new(rows) as Box<dyn Rows>));
    let meter = meter(ctx);
    let tree = run(&plan, roots.collect(), ctx, meter).await.map_err(|error| stopped(ctx, error))?;

    let mut writer = Writer::new(&plan, &tree, ctx, meter);
    let written = aside_if_large(meter, || write_each(&mut writer, &scopes, places, nullable)).await;
    finish(writer, written)
}

/// Writes a list of rows, each of which is at a place of one of the scopes, or nowhere.
///
/// # Errors
/// Where a null may not stand in the list, or writing stopped.
fn write_each(
    writer: &mut Writer<'_, '_>,
    scopes: &[usize],
    places: Vec<Option<(usize, usize)>>,
    nullable: bool,
) -> Result<(), Nothing> {
    writer.out.push(b'[');
    for (index, place) in places.into_iter().enumerate() {
        if index > 0 {
            writer.out.push(b',');
        }
        let start = writer.out.written();
        writer.path.push(Step::Index(index));
        let each = place.map_or(Err(Nothing), |(group, row)| writer.object(scopes[group], row));
        writer.path.pop();
        if each.is_err() {
            writer.out.truncate(start);
            writer.out.extend(b"null");
            if !nullable || writer.stopped.is_some() {
                return Err(Nothing);
            }
        }
    }
    writer.out.push(b']');
    Ok(())
}

/// Rows that were made one by one.
struct Mixed(Vec<Arc<dyn Rows>>);

impl Rows for Mixed {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> &super::declare::Row {
        self.0[index].get(0)
    }
}

/// A list that the engine resolves in one run, `[T!]!`; a plain `Vec` would be resolved item by item.
#[derive(Clone)]
pub struct Many<T>(pub Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Object> OutputType for Many<T> {
    fn type_name() -> Cow<'static, str> {
        format!("[{}!]", T::object().name).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        format!("[{}]!", T::create_type_info(registry))
    }

    async fn resolve(&self, ctx: &Context<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let rows: Vec<_> = self.0.iter().cloned().map(|row| Some(AnyRow::new(row))).collect();
        resolve_each(&rows, false, ctx).await
    }
}

/// An interface of the schema: its fields, by name, type and description, and the object types that have it.
pub struct Interface {
    pub name: &'static str,
    pub description: &'static str,
    pub fields: &'static [(&'static str, &'static str, &'static str)],
    pub objects: &'static [fn(&mut Registry) -> String],
}

impl Interface {
    /// Makes the interface known to the schema, as the type of `T`.
    pub fn register<T: OutputType>(&self, registry: &mut Registry) {
        registry.create_output_type::<T, _>(MetaTypeId::Interface, |registry| {
            let objects = self.objects.iter().map(|register| register(registry));
            let possible_types = objects.map(|name| name.trim_end_matches('!').to_owned()).collect();
            let fields = self.fields.iter().map(|(name, ty, description)| {
                ((*name).to_owned(), meta_field(name, description, (*ty).to_owned(), Arguments::new()))
            });
            MetaType::Interface {
                name: self.name.to_owned(),
                description: Some(self.description.to_owned()),
                fields: fields.collect(),
                possible_types,
                extends: false,
                inaccessible: false,
                tags: Vec::new(),
                keys: None,
                visible: None,
                rust_typename: Some(std::any::type_name::<T>()),
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            }
        });
    }
}
