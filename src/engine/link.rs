//! The words that fields are declared in.

use std::any::{Any, TypeId};
use std::marker::PhantomData;

use async_graphql::registry::{MetaType, Registry};
use async_graphql::{InputType, Pos, Value};

use super::declare::{Arguments, Def, Kind, Object, ObjectType, Row};
use super::leaf::Leaf;
use super::question::{Question, Store};
use crate::error::{Error, Result};

/// The rows of a scope, their type forgotten.
#[expect(clippy::len_without_is_empty, reason = "rows are walked, however many there are")]
pub trait Rows: Send + Sync {
    fn len(&self) -> usize;
    fn get(&self, index: usize) -> &Row;
}

impl<T: Send + Sync + 'static> Rows for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn get(&self, index: usize) -> &Row {
        &self[index]
    }
}

/// What a field of one row leads to.
pub enum Slot {
    Null,
    /// The row of the scope below.
    One(usize),
    /// The rows of the scope below, from the first up to the second.
    Many(usize, usize),
    /// JSON that is already written.
    Json(Vec<u8>),
    Failed(Error),
}

/// Where a link leads from each row, and the rows of the scope below.
pub struct Below {
    pub slots: Vec<Slot>,
    pub rows: Box<dyn Rows>,
}

/// What a link has prepared for its rows, its type forgotten.
pub type Prepared = Box<dyn Any + Send>;

/// A field that leads to other rows, or to a value that has to be asked for.
pub trait Link: Send + Sync {
    /// The object type it leads to; `None` where it leads to a value.
    fn target(&self) -> Option<&'static ObjectType>;
    /// Whether null may stand in its place.
    fn nullable(&self) -> bool;
    /// The question it asks; `None` where the row has what is needed.
    fn question(&self) -> Option<TypeId>;
    /// Turns the arguments into what `prepare` takes.
    fn arguments(&self, values: Value) -> Result<Box<Row>, String>;
    /// Finds out which keys the rows need, and asks for them.
    fn prepare(&self, rows: &dyn Rows, arguments: &Row, ctx: &super::Context<'_>, store: &mut Store) -> Prepared;
    /// Makes the rows below of what was answered.
    fn follow(&self, prepared: Prepared, store: &mut Store) -> Below;
}

/// The arguments of a field: those of an input object, or none.
pub trait Take: Send + Sync + Sized + 'static {
    fn register(registry: &mut Registry) -> Arguments;
    fn take(values: Value) -> Result<Self, String>;
}

impl Take for () {
    fn register(_: &mut Registry) -> Arguments {
        Arguments::new()
    }

    fn take(_: Value) -> Result<Self, String> {
        Ok(())
    }
}

/// An input object whose fields are the arguments of a field; it does not stand in the schema itself.
pub struct Args<T>(pub T);

impl<T: InputType + 'static> Take for Args<T> {
    fn register(registry: &mut Registry) -> Arguments {
        T::create_type_info(registry);
        let name = T::type_name();
        match registry.types.remove(name.as_ref()) {
            Some(MetaType::InputObject { input_fields, .. }) => input_fields,
            _ => unreachable!("{name} is derived as an input object"),
        }
    }

    fn take(values: Value) -> Result<Self, String> {
        T::parse(Some(values)).map(Args).map_err(|error| error.into_server_error(Pos::default()).message)
    }
}

/// What a link finds for a row: a row, perhaps one, many, or a value.
pub trait Outcome: Send + 'static {
    type Row: Send + Sync + 'static;

    /// Whether null may stand in its place.
    const NULLABLE: bool = false;

    fn register(registry: &mut Registry) -> String;
    fn target() -> Option<&'static ObjectType>;
    /// Adds its rows to those of the scope below.
    fn place(self, rows: &mut Vec<Self::Row>) -> Slot;
}

/// A row that is always there.
pub struct One<T>(pub T);
/// A value that has to be asked for.
pub struct Asked<T>(pub T);

impl<T: Object> Outcome for One<T> {
    type Row = T;

    fn register(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn target() -> Option<&'static ObjectType> {
        Some(T::object())
    }

    fn place(self, rows: &mut Vec<T>) -> Slot {
        rows.push(self.0);
        Slot::One(rows.len() - 1)
    }
}

impl<T: Object> Outcome for Option<T> {
    type Row = T;

    const NULLABLE: bool = true;

    fn register(registry: &mut Registry) -> String {
        T::create_type_info(registry);
        T::object().name.to_owned()
    }

    fn target() -> Option<&'static ObjectType> {
        Some(T::object())
    }

    fn place(self, rows: &mut Vec<T>) -> Slot {
        self.map_or(Slot::Null, |row| One(row).place(rows))
    }
}

impl<T: Object> Outcome for Vec<T> {
    type Row = T;

    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", T::create_type_info(registry))
    }

    fn target() -> Option<&'static ObjectType> {
        Some(T::object())
    }

    fn place(self, rows: &mut Vec<T>) -> Slot {
        let first = rows.len();
        rows.extend(self);
        Slot::Many(first, rows.len())
    }
}

impl<T: Leaf + Send + 'static> Outcome for Asked<T> {
    type Row = ();

    const NULLABLE: bool = T::NULLABLE;

    fn register(registry: &mut Registry) -> String {
        T::register(registry)
    }

    fn target() -> Option<&'static ObjectType> {
        None
    }

    fn place(self, _: &mut Vec<()>) -> Slot {
        let mut json = Vec::new();
        self.0.write(&mut json);
        Slot::Json(json)
    }
}

fn row<R: 'static>(row: &Row) -> &R {
    row.downcast_ref().unwrap_or_else(|| unreachable!("a scope holds rows of its own type"))
}

fn def<A: Take, O: Outcome>(link: impl Link + 'static) -> Def {
    let register = |registry: &mut Registry| (O::register(registry), A::register(registry));
    Def { register: Box::new(register), kind: Kind::Link(Box::new(link)), reads: None }
}

/// A link to what the row has at hand.
struct Local<R, O, F>(F, PhantomData<fn(R) -> O>);

impl<R, O, F> Link for Local<R, O, F>
where
    R: 'static,
    O: Outcome,
    F: Fn(&R) -> O + Send + Sync,
{
    fn target(&self) -> Option<&'static ObjectType> {
        O::target()
    }

    fn nullable(&self) -> bool {
        O::NULLABLE
    }

    fn question(&self) -> Option<TypeId> {
        None
    }

    fn arguments(&self, _: Value) -> Result<Box<Row>, String> {
        Ok(Box::new(()))
    }

    fn prepare(&self, rows: &dyn Rows, _: &Row, _: &super::Context<'_>, _: &mut Store) -> Prepared {
        let outcomes: Vec<O> = (0..rows.len()).map(|index| (self.0)(row(rows.get(index)))).collect();
        Box::new(outcomes)
    }

    fn follow(&self, prepared: Prepared, _: &mut Store) -> Below {
        let outcomes: Vec<O> = mine(prepared);
        let mut rows = Vec::with_capacity(outcomes.len());
        let slots = outcomes.into_iter().map(|outcome| outcome.place(&mut rows)).collect();
        Below { slots, rows: Box::new(rows) }
    }
}

fn mine<T: 'static>(prepared: Prepared) -> T {
    *prepared.downcast().unwrap_or_else(|_| unreachable!("a link gets back what it prepared"))
}

/// What the row has at hand: a row, [`One`] or perhaps none, or many.
pub fn local<R, O>(find: impl Fn(&R) -> O + Send + Sync + 'static) -> Def
where
    R: 'static,
    O: Outcome,
{
    def::<(), O>(Local(find, PhantomData))
}

/// A link that asks a question.
struct Asking<R, A, Q, P, O, Prepare, Finish> {
    prepare: Prepare,
    finish: Finish,
    types: Types<R, A, Q, P, O>,
}

/// The place of the answer that a row waits for, and what it carries over.
type Waits<P> = Result<(Option<usize>, P)>;

/// Types that only the functions of a link know.
type Types<R, A, Q, P, O> = PhantomData<fn(R, A, Q, P) -> O>;

impl<R, A, Q, P, O, Prepare, Finish> Link for Asking<R, A, Q, P, O, Prepare, Finish>
where
    R: 'static,
    A: Take,
    Q: Question,
    P: Send + 'static,
    O: Outcome,
    Prepare: Fn(&R, &A, &super::Context<'_>) -> Result<(Option<Q::Key>, P)> + Send + Sync,
    Finish: Fn(P, Option<Q::Answer>) -> Result<O> + Send + Sync,
{
    fn target(&self) -> Option<&'static ObjectType> {
        O::target()
    }

    fn nullable(&self) -> bool {
        O::NULLABLE
    }

    fn question(&self) -> Option<TypeId> {
        Some(TypeId::of::<Q>())
    }

    fn arguments(&self, values: Value) -> Result<Box<Row>, String> {
        Ok(Box::new(A::take(values)?))
    }

    fn prepare(&self, rows: &dyn Rows, arguments: &Row, ctx: &super::Context<'_>, store: &mut Store) -> Prepared {
        let arguments: &A = row(arguments);
        let asked = store.asked::<Q>();
        let prepare = |index| {
            let (key, carried) = (self.prepare)(row(rows.get(index)), arguments, ctx)?;
            Ok((key.map(|key| asked.want(&key)), carried))
        };
        let prepared: Vec<Waits<P>> = (0..rows.len()).map(prepare).collect();
        Box::new(prepared)
    }

    fn follow(&self, prepared: Prepared, store: &mut Store) -> Below {
        let prepared: Vec<Waits<P>> = mine(prepared);
        let asked = store.asked::<Q>();
        let mut rows = Vec::with_capacity(prepared.len());
        let slots = prepared
            .into_iter()
            .map(|prepared| {
                let (place, carried) = prepared?;
                let answer = place.map_or(Ok(None), |place| asked.answer(place))?;
                Ok((self.finish)(carried, answer)?.place(&mut rows))
            })
            .map(|slot: Result<Slot>| slot.unwrap_or_else(Slot::Failed))
            .collect();
        Below { slots, rows: Box::new(rows) }
    }
}

/// A link that takes arguments: `prepare` says which key a row has, and what to carry over to `finish`, which makes the
/// outcome of the answer.
pub fn ask<R, A, Q, P, O>(
    prepare: impl Fn(&R, &A, &super::Context<'_>) -> Result<(Option<Q::Key>, P)> + Send + Sync + 'static,
    finish: impl Fn(P, Option<Q::Answer>) -> Result<O> + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    A: Take,
    Q: Question,
    P: Send + 'static,
    O: Outcome,
{
    def::<A, O>(Asking { prepare, finish, types: PhantomData::<fn(R, A, Q, P) -> O> })
}

/// A link by key: the row has a key, perhaps, and what is found is wrapped.
pub fn link<R, Q, O>(
    key: impl Fn(&R) -> Option<Q::Key> + Send + Sync + 'static,
    found: impl Fn(Option<Q::Answer>) -> O + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    Q: Question,
    O: Outcome,
{
    ask::<R, (), Q, (), O>(move |row, (), _| Ok((key(row), ())), move |(), answer| Ok(found(answer)))
}

/// A link to a row that a foreign key promises.
pub fn promised<R, Q, T>(
    key: impl Fn(&R) -> Q::Key + Send + Sync + 'static,
    found: impl Fn(Q::Answer) -> T + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    Q: Question,
    T: Object,
{
    ask::<R, (), Q, Q::Key, One<T>>(
        move |row, (), _| {
            let key = key(row);
            Ok((Some(key.clone()), key))
        },
        move |key, answer| {
            answer.map(|answer| One(found(answer))).ok_or_else(|| Error::missing(T::object().name, &key))
        },
    )
}

fn leaf_def<T: Leaf>(write: impl Fn(&Row, &super::Context<'_>, &mut Vec<u8>) + Send + Sync + 'static) -> Def {
    let register = Box::new(|registry: &mut Registry| (T::register(registry), Arguments::new()));
    Def { register, kind: Kind::Leaf(Box::new(write)), reads: None }
}

/// A value that is made of the row.
pub fn leaf<R: 'static, T: Leaf>(value: impl Fn(&R) -> T + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |of, _, out| value(row(of)).write(out))
}

/// A value that depends on who asks.
pub fn leaf_in<T: Leaf>(value: impl Fn(&super::Context<'_>) -> T + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |_, ctx, out| value(ctx).write(out))
}

/// A value that the row lends.
pub fn lent<R: 'static, T: Leaf>(value: impl Fn(&R) -> &T + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |of, _, out| value(row(of)).write(out))
}
