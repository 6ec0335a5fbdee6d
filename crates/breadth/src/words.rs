//! The functions that define fields.

use std::any::TypeId;
use std::marker::PhantomData;

use crate::bridge::Registry;
use crate::bridge::Value;
use futures_util::future::{BoxFuture, join_all};

use super::Context;
use super::declare::{Arguments, Def, Kind, NoValue, Object, ObjectType, Row};
use super::leaf::Leaf;
use super::link::{Below, Given, Link, Prepared, Ready, Rows, Slot};
use super::outcome::{Gather, One, Outcome};
use super::question::{Asked, Question, Store};
use super::take::Take;
use crate::error::{Error, Missing, Result};

fn row<R: 'static>(row: &Row) -> &R {
    row.downcast_ref().unwrap_or_else(|| unreachable!("a scope holds rows of its own type"))
}

fn mine<T: 'static>(ready: Ready) -> T {
    *ready.downcast().unwrap_or_else(|_| unreachable!("a link gets back what it prepared"))
}

fn def<A: Take, O: Outcome>(link: impl Link + 'static) -> Def {
    let register = |registry: &mut Registry| (O::register(registry), A::register(registry));
    Def { register: Box::new(register), kind: Kind::Link(Box::new(link)), reads: None, deprecated: None }
}

/// Collects the results of all rows into child scopes.
fn below<O: Outcome>(outcomes: impl Iterator<Item = Result<O>>) -> Below {
    let mut gathered = O::Below::default();
    let slots = outcomes.map(|outcome| outcome.map_or_else(Slot::Failed, |found| found.place(&mut gathered)));
    Below { slots: slots.collect(), rows: gathered.gathered() }
}

/// A relation to rows that the row already has.
struct Local<R, A, O, F>(F, PhantomData<fn(R, A) -> O>);

impl<R, A, O, F> Link for Local<R, A, O, F>
where
    R: 'static,
    A: Take,
    O: Outcome,
    F: Fn(&R, &A, Context<'_>) -> Result<O> + Send + Sync,
{
    fn targets(&self) -> Vec<&'static ObjectType> {
        O::targets()
    }

    fn nullable(&self) -> bool {
        O::NULLABLE
    }

    fn nullable_items(&self) -> bool {
        O::NULLABLE_ITEMS
    }

    fn question(&self) -> Option<TypeId> {
        None
    }

    fn arguments(&self, values: Value) -> Result<Box<Row>, String> {
        Ok(Box::new(A::take(values)?))
    }

    fn prepare<'c>(&'c self, rows: &dyn Rows, given: Given<'_>, ctx: Context<'c>, _: &mut Store) -> Prepared<'c> {
        let arguments: &A = row(given.row());
        let find = |index| (self.0)(row(rows.get(index)), arguments, ctx);
        Prepared::Ready(Box::new((0..rows.len()).map(find).collect::<Vec<Result<O>>>()))
    }

    fn follow(&self, ready: Ready, _: &mut Store) -> Below {
        below(mine::<Vec<Result<O>>>(ready).into_iter())
    }
}

/// A field whose rows are in the row itself: [`One`], an `Option`, or a list.
pub fn local<R, O>(find: impl Fn(&R) -> O + Send + Sync + 'static) -> Def
where
    R: 'static,
    O: Outcome,
{
    local_in::<R, (), O>(move |row, (), _| Ok(find(row)))
}

/// Like [`local`], with arguments and context.
pub fn local_in<R, A, O>(find: impl Fn(&R, &A, Context<'_>) -> Result<O> + Send + Sync + 'static) -> Def
where
    R: 'static,
    A: Take,
    O: Outcome,
{
    def::<A, O>(Local(find, PhantomData))
}

/// A relation that resolves each row by itself, without a loader.
struct Resolving<R, A, O, F>(F, PhantomData<fn(R, A) -> O>);

/// Arguments, parsed anew for each row.
struct Taken<A> {
    values: Value,
    /// The arguments of the first row, parsed already.
    taken: Option<A>,
}

impl<R, A, O, F> Link for Resolving<R, A, O, F>
where
    R: 'static,
    A: Take,
    O: Outcome,
    F: for<'c> Fn(&R, A, Context<'c>) -> BoxFuture<'c, Result<O>> + Send + Sync + 'static,
{
    fn targets(&self) -> Vec<&'static ObjectType> {
        O::targets()
    }

    fn nullable(&self) -> bool {
        O::NULLABLE
    }

    fn nullable_items(&self) -> bool {
        O::NULLABLE_ITEMS
    }

    fn question(&self) -> Option<TypeId> {
        Some(TypeId::of::<Self>())
    }

    fn arguments(&self, values: Value) -> Result<Box<Row>, String> {
        let taken = Some(A::take(values.clone())?);
        Ok(Box::new(Taken { values, taken }))
    }

    fn prepare<'c>(&'c self, rows: &dyn Rows, given: Given<'_>, ctx: Context<'c>, _: &mut Store) -> Prepared<'c> {
        let Taken { values, mut taken } = match given {
            Given::Kept(kept) => Taken::<A> { values: row::<Taken<A>>(kept).values.clone(), taken: None },
            Given::Own(own) => mine(own),
        };
        let mut resolve = |index: usize| {
            let taken = taken.take().map_or_else(|| A::take(values.clone()).map_err(Error::new), Ok);
            let begun = taken.map(|arguments| (self.0)(row(rows.get(index)), arguments, ctx));
            async move {
                match begun {
                    Ok(found) => found.await,
                    Err(error) => Err(error),
                }
            }
        };
        if rows.len() == 1 {
            let found = resolve(0);
            return Prepared::Coming(Box::pin(async move { Box::new(vec![found.await]) as Ready }));
        }
        let found: Vec<_> = (0..rows.len()).map(resolve).collect();
        Prepared::Coming(Box::pin(async move { Box::new(join_all(found).await) as Ready }))
    }

    fn follow(&self, ready: Ready, _: &mut Store) -> Below {
        below(mine::<Vec<Result<O>>>(ready).into_iter())
    }
}

/// A field that a future resolves for each row by itself. All such fields of a wave run concurrently, except the root
/// fields of a mutation.
pub fn resolve<R, A, O>(
    find: impl for<'c> Fn(&R, A, Context<'c>) -> BoxFuture<'c, Result<O>> + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    A: Take,
    O: Outcome,
{
    def::<A, O>(Resolving(find, PhantomData))
}

/// A relation that uses one loader or several.
struct Asking<R, A, D, P, O, Prepare, Finish> {
    question: TypeId,
    prepare: Prepare,
    finish: Finish,
    types: Types<R, A, D, P, O>,
}

/// Types that occur only in the functions of a relation.
type Types<R, A, D, P, O> = PhantomData<fn(R, A, D, P) -> O>;

/// Accepts the keys of a relation. It is looked up once, not for each row.
trait KeySink: 'static {
    fn of(store: &mut Store) -> &mut Self;
}

impl KeySink for Store {
    fn of(store: &mut Store) -> &mut Self {
        store
    }
}

impl<Q: Question> KeySink for Asked<Q> {
    fn of(store: &mut Store) -> &mut Self {
        store.asked()
    }
}

impl<R, A, D, P, O, Prepare, Finish> Link for Asking<R, A, D, P, O, Prepare, Finish>
where
    R: 'static,
    A: Take,
    D: KeySink,
    P: Send + 'static,
    O: Outcome,
    Prepare: Fn(&R, &A, Context<'_>, &mut D) -> Result<P> + Send + Sync,
    Finish: Fn(P, &mut D) -> Result<O> + Send + Sync,
{
    fn targets(&self) -> Vec<&'static ObjectType> {
        O::targets()
    }

    fn nullable(&self) -> bool {
        O::NULLABLE
    }

    fn nullable_items(&self) -> bool {
        O::NULLABLE_ITEMS
    }

    fn question(&self) -> Option<TypeId> {
        Some(self.question)
    }

    fn arguments(&self, values: Value) -> Result<Box<Row>, String> {
        Ok(Box::new(A::take(values)?))
    }

    fn prepare<'c>(&'c self, rows: &dyn Rows, given: Given<'_>, ctx: Context<'c>, store: &mut Store) -> Prepared<'c> {
        let (arguments, sink): (&A, _) = (row(given.row()), D::of(store));
        let prepare = |index| (self.prepare)(row(rows.get(index)), arguments, ctx, sink);
        Prepared::Ready(Box::new((0..rows.len()).map(prepare).collect::<Vec<Result<P>>>()))
    }

    fn follow(&self, ready: Ready, store: &mut Store) -> Below {
        let (ready, sink): (Vec<Result<P>>, _) = (mine(ready), D::of(store));
        below(ready.into_iter().map(|ready| (self.finish)(ready?, sink)))
    }
}

/// A field that uses several loaders: `prepare` requests keys, and `finish` makes the result from what `prepare`
/// returned and the loaded values.
pub fn gather<R, A, P, O>(
    prepare: impl Fn(&R, &A, Context<'_>, &mut Store) -> Result<P> + Send + Sync + 'static,
    finish: impl Fn(P, &mut Store) -> Result<O> + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    A: Take,
    P: Send + 'static,
    O: Outcome,
{
    let types = PhantomData::<fn(R, A, Store, P) -> O>;
    def::<A, O>(Asking { question: TypeId::of::<P>(), prepare, finish, types })
}

/// A field that uses a loader and arguments: `prepare` returns the key of a row and a value to carry over, from which
/// `finish` makes the result with the loaded value.
pub fn ask<R, A, Q, P, O>(
    prepare: impl Fn(&R, &A, Context<'_>) -> Result<(Option<Q::Key>, P)> + Send + Sync + 'static,
    finish: impl Fn(P, Option<Q::Answer>) -> Result<O> + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    A: Take,
    Q: Question,
    P: Send + 'static,
    O: Outcome,
{
    let prepare = move |row: &R, arguments: &A, ctx: Context<'_>, asked: &mut Asked<Q>| {
        let (key, carried) = prepare(row, arguments, ctx)?;
        Ok((key.map(|key| asked.want(&key)), carried))
    };
    let finish = move |(place, carried): (Option<usize>, P), asked: &mut Asked<Q>| {
        finish(carried, place.map_or(Ok(None), |place| asked.answer(place))?)
    };
    let types = PhantomData::<fn(R, A, Asked<Q>, (Option<usize>, P)) -> O>;
    def::<A, O>(Asking { question: TypeId::of::<Q>(), prepare, finish, types })
}

/// A field loaded by an optional key of the row; `found` converts the loaded value.
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

/// A non-null field whose row a foreign key guarantees to exist; a missing row is an error.
pub fn promised<R, Q, T>(
    key: impl Fn(&R) -> Q::Key + Send + Sync + 'static,
    found: impl Fn(Q::Answer) -> T + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    Q: Question<Error: Missing>,
    T: Object,
{
    ask::<R, (), Q, Q::Key, One<T>>(
        move |row, (), _| {
            let key = key(row);
            Ok((Some(key.clone()), key))
        },
        move |key, answer| {
            let missing = || Q::Error::missing(T::object().name, &key).into();
            answer.map(|answer| One(found(answer))).ok_or_else(missing)
        },
    )
}

fn leaf_def<T: Leaf>(write: impl Fn(&Row, Context<'_>, &mut Vec<u8>) -> Result<()> + Send + Sync + 'static) -> Def {
    let register = Box::new(|registry: &mut Registry| (T::register(registry), Arguments::new()));
    let write = move |row: &Row, ctx: Context<'_>, out: &mut Vec<u8>| {
        write(row, ctx, out).map_err(|error| NoValue { error, nullable: T::NULLABLE })
    };
    Def { register, kind: Kind::Leaf(Box::new(write)), reads: None, deprecated: None }
}

fn write<T: Leaf>(value: &T, out: &mut Vec<u8>) -> Result<()> {
    value.check()?;
    value.write(out);
    Ok(())
}

/// A scalar field computed from the row.
pub fn leaf<R: 'static, T: Leaf>(value: impl Fn(&R) -> T + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |of, _, out| write(&value(row(of)), out))
}

/// A scalar field computed from the row that may fail.
pub fn try_leaf<R: 'static, T: Leaf>(value: impl Fn(&R) -> Result<T> + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |of, _, out| write(&value(row(of))?, out))
}

/// A scalar field computed from the context alone, such as the viewer.
pub fn leaf_in<T: Leaf>(value: impl Fn(Context<'_>) -> T + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |_, ctx, out| write(&value(ctx), out))
}

/// A scalar field that borrows its value from the row.
pub fn lent<R: 'static, T: Leaf>(value: impl Fn(&R) -> &T + Send + Sync + 'static) -> Def {
    leaf_def::<T>(move |of, _, out| write(value(row(of)), out))
}
