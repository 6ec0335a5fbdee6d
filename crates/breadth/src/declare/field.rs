//! The functions that define fields.

use std::any::TypeId;
use std::marker::PhantomData;

use futures_util::future::{BoxFuture, join_all};

use super::declare::{
    Arguments, CoercedArguments, FieldDefinition, FieldError, FieldResolver, Object, ObjectType, Prepared, Ready,
    RelationField,
};
use super::from_arguments::FromArguments;
use super::leaf::LeafValue;
use super::output::{FieldOutput, NonNull};
use crate::Context;
use crate::bridge::{Registry, Value};
use crate::error::{Error, Missing, Result};
use crate::loader::{LoadState, Loader, LoaderQueue};
use crate::rows::{ChildRows, ChildRowsBuilder, ErasedRow, FieldValue, RowList};

pub fn row<R: 'static>(row: &ErasedRow) -> &R {
    row.downcast_ref().unwrap_or_else(|| unreachable!("a node holds rows of its own type"))
}

pub fn mine<T: 'static>(ready: Ready) -> T {
    *ready.downcast().unwrap_or_else(|_| unreachable!("a relation gets back what it prepared"))
}

pub fn def<A: FromArguments, O: FieldOutput>(relation: impl RelationField + 'static) -> FieldDefinition {
    let register = |registry: &mut Registry| (O::register(registry), A::register(registry));
    FieldDefinition {
        register: Box::new(register),
        resolver: FieldResolver::Relation(Box::new(relation)),
        reads: None,
        deprecated: None,
    }
}

/// Collects the results of all rows into child nodes.
pub fn child_rows<O: FieldOutput>(outputs: impl Iterator<Item = Result<O>>) -> ChildRows {
    let mut builder = O::Builder::default();
    let values = outputs.map(|output| output.map_or_else(FieldValue::Failed, |found| found.place(&mut builder)));
    ChildRows { values: values.collect(), rows: builder.build() }
}

/// A relation to rows that the row already has.
struct Inline<R, A, O, F>(F, PhantomData<fn(R, A) -> O>);

impl<R, A, O, F> RelationField for Inline<R, A, O, F>
where
    R: 'static,
    A: FromArguments,
    O: FieldOutput,
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

    fn loader_id(&self) -> Option<TypeId> {
        None
    }

    fn arguments(&self, values: Value) -> Result<Box<ErasedRow>, String> {
        Ok(Box::new(A::from_arguments(values)?))
    }

    fn prepare<'c>(
        &'c self,
        rows: &dyn RowList,
        given: CoercedArguments<'_>,
        ctx: Context<'c>,
        _: &mut LoadState,
    ) -> Prepared<'c> {
        let arguments: &A = row(given.row());
        let find = |index| (self.0)(row(rows.get(index)), arguments, ctx);
        Prepared::Ready(Box::new((0..rows.len()).map(find).collect::<Vec<Result<O>>>()))
    }

    fn complete(&self, ready: Ready, _: &mut LoadState) -> ChildRows {
        child_rows(mine::<Vec<Result<O>>>(ready).into_iter())
    }
}

/// A field whose rows are in the row itself: [`NonNull`], an `Option`, or a list.
pub fn inline<R, O>(find: impl Fn(&R) -> O + Send + Sync + 'static) -> FieldDefinition
where
    R: 'static,
    O: FieldOutput,
{
    inline_with::<R, (), O>(move |row, (), _| Ok(find(row)))
}

/// Like [`inline`], with arguments and context.
pub fn inline_with<R, A, O>(find: impl Fn(&R, &A, Context<'_>) -> Result<O> + Send + Sync + 'static) -> FieldDefinition
where
    R: 'static,
    A: FromArguments,
    O: FieldOutput,
{
    def::<A, O>(Inline(find, PhantomData))
}

/// A relation that resolves each row by itself, without a loader.
struct Resolving<R, A, O, F>(F, PhantomData<fn(R, A) -> O>);

/// Arguments, parsed anew for each row.
struct Taken<A> {
    values: Value,
    /// The arguments of the first row, parsed already.
    taken: Option<A>,
}

impl<R, A, O, F> RelationField for Resolving<R, A, O, F>
where
    R: 'static,
    A: FromArguments,
    O: FieldOutput,
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

    fn loader_id(&self) -> Option<TypeId> {
        Some(TypeId::of::<Self>())
    }

    fn arguments(&self, values: Value) -> Result<Box<ErasedRow>, String> {
        let taken = Some(A::from_arguments(values.clone())?);
        Ok(Box::new(Taken { values, taken }))
    }

    fn prepare<'c>(
        &'c self,
        rows: &dyn RowList,
        given: CoercedArguments<'_>,
        ctx: Context<'c>,
        _: &mut LoadState,
    ) -> Prepared<'c> {
        let Taken { values, mut taken } = match given {
            CoercedArguments::Kept(kept) => Taken::<A> { values: row::<Taken<A>>(kept).values.clone(), taken: None },
            CoercedArguments::Own(own) => mine(own),
        };
        let mut resolve = |index: usize| {
            let taken = taken.take().map_or_else(|| A::from_arguments(values.clone()).map_err(Error::new), Ok);
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

    fn complete(&self, ready: Ready, _: &mut LoadState) -> ChildRows {
        child_rows(mine::<Vec<Result<O>>>(ready).into_iter())
    }
}

/// A field that a future resolves for each row by itself. All such fields of a wave run concurrently, except the root
/// fields of a mutation.
pub fn resolve<R, A, O>(
    find: impl for<'c> Fn(&R, A, Context<'c>) -> BoxFuture<'c, Result<O>> + Send + Sync + 'static,
) -> FieldDefinition
where
    R: 'static,
    A: FromArguments,
    O: FieldOutput,
{
    def::<A, O>(Resolving(find, PhantomData))
}

/// A relation that uses one loader or several.
struct Loading<R, A, D, P, O, Prepare, Finish> {
    loader_id: TypeId,
    prepare: Prepare,
    finish: Finish,
    types: Types<R, A, D, P, O>,
}

/// Types that occur only in the functions of a relation.
type Types<R, A, D, P, O> = PhantomData<fn(R, A, D, P) -> O>;

/// Accepts the keys of a relation. It is looked up once, not for each row.
trait KeySink: 'static {
    fn of(state: &mut LoadState) -> &mut Self;
}

impl KeySink for LoadState {
    fn of(state: &mut LoadState) -> &mut Self {
        state
    }
}

impl<L: Loader> KeySink for LoaderQueue<L> {
    fn of(state: &mut LoadState) -> &mut Self {
        state.queue()
    }
}

impl<R, A, D, P, O, Prepare, Finish> RelationField for Loading<R, A, D, P, O, Prepare, Finish>
where
    R: 'static,
    A: FromArguments,
    D: KeySink,
    P: Send + 'static,
    O: FieldOutput,
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

    fn loader_id(&self) -> Option<TypeId> {
        Some(self.loader_id)
    }

    fn arguments(&self, values: Value) -> Result<Box<ErasedRow>, String> {
        Ok(Box::new(A::from_arguments(values)?))
    }

    fn prepare<'c>(
        &'c self,
        rows: &dyn RowList,
        given: CoercedArguments<'_>,
        ctx: Context<'c>,
        state: &mut LoadState,
    ) -> Prepared<'c> {
        let (arguments, sink): (&A, _) = (row(given.row()), D::of(state));
        let prepare = |index| (self.prepare)(row(rows.get(index)), arguments, ctx, sink);
        Prepared::Ready(Box::new((0..rows.len()).map(prepare).collect::<Vec<Result<P>>>()))
    }

    fn complete(&self, ready: Ready, state: &mut LoadState) -> ChildRows {
        let (ready, sink): (Vec<Result<P>>, _) = (mine(ready), D::of(state));
        child_rows(ready.into_iter().map(|ready| (self.finish)(ready?, sink)))
    }
}

/// A field that uses several loaders: `prepare` requests keys, and `finish` makes the result from what `prepare`
/// returned and the loaded values.
pub fn relation_from_loaders<R, A, P, O>(
    prepare: impl Fn(&R, &A, Context<'_>, &mut LoadState) -> Result<P> + Send + Sync + 'static,
    finish: impl Fn(P, &mut LoadState) -> Result<O> + Send + Sync + 'static,
) -> FieldDefinition
where
    R: 'static,
    A: FromArguments,
    P: Send + 'static,
    O: FieldOutput,
{
    let types = PhantomData::<fn(R, A, LoadState, P) -> O>;
    def::<A, O>(Loading { loader_id: TypeId::of::<P>(), prepare, finish, types })
}

/// A field that uses a loader and arguments: `prepare` returns the key of a row and a value to carry over, from which
/// `finish` makes the result with the loaded value.
pub fn relation_with_args<R, A, L, P, O>(
    prepare: impl Fn(&R, &A, Context<'_>) -> Result<(Option<L::Key>, P)> + Send + Sync + 'static,
    finish: impl Fn(P, Option<L::Value>) -> Result<O> + Send + Sync + 'static,
) -> FieldDefinition
where
    R: 'static,
    A: FromArguments,
    L: Loader,
    P: Send + 'static,
    O: FieldOutput,
{
    let prepare = move |row: &R, arguments: &A, ctx: Context<'_>, queue: &mut LoaderQueue<L>| {
        let (key, carried) = prepare(row, arguments, ctx)?;
        Ok((key.map(|key| queue.request(&key)), carried))
    };
    let finish = move |(index, carried): (Option<usize>, P), queue: &mut LoaderQueue<L>| {
        finish(carried, index.map_or(Ok(None), |index| queue.result(index))?)
    };
    let types = PhantomData::<fn(R, A, LoaderQueue<L>, (Option<usize>, P)) -> O>;
    def::<A, O>(Loading { loader_id: TypeId::of::<L>(), prepare, finish, types })
}

/// A field loaded by an optional key of the row; `found` converts the loaded value.
pub fn relation<R, L, O>(
    key: impl Fn(&R) -> Option<L::Key> + Send + Sync + 'static,
    found: impl Fn(Option<L::Value>) -> O + Send + Sync + 'static,
) -> FieldDefinition
where
    R: 'static,
    L: Loader,
    O: FieldOutput,
{
    relation_with_args::<R, (), L, (), O>(move |row, (), _| Ok((key(row), ())), move |(), answer| Ok(found(answer)))
}

/// A non-null field whose row a foreign key guarantees to exist; a missing row is an error.
pub fn required<R, L, T>(
    key: impl Fn(&R) -> L::Key + Send + Sync + 'static,
    found: impl Fn(L::Value) -> T + Send + Sync + 'static,
) -> FieldDefinition
where
    R: 'static,
    L: Loader<Error: Missing>,
    T: Object,
{
    relation_with_args::<R, (), L, L::Key, NonNull<T>>(
        move |row, (), _| {
            let key = key(row);
            Ok((Some(key.clone()), key))
        },
        move |key, answer| {
            let missing = || L::Error::missing(T::object().name, &key).into();
            answer.map(|answer| NonNull(found(answer))).ok_or_else(missing)
        },
    )
}

fn field_definition<T: LeafValue>(
    write: impl Fn(&ErasedRow, Context<'_>, &mut Vec<u8>) -> Result<()> + Send + Sync + 'static,
) -> FieldDefinition {
    let register = Box::new(|registry: &mut Registry| (T::register(registry), Arguments::new()));
    let write = move |row: &ErasedRow, ctx: Context<'_>, out: &mut Vec<u8>| {
        write(row, ctx, out).map_err(|error| FieldError { error, nullable: T::NULLABLE })
    };
    FieldDefinition { register, resolver: FieldResolver::Leaf(Box::new(write)), reads: None, deprecated: None }
}

fn write<T: LeafValue>(value: &T, out: &mut Vec<u8>) -> Result<()> {
    value.check()?;
    value.write(out);
    Ok(())
}

/// A scalar field computed from the row.
pub fn field<R: 'static, T: LeafValue>(value: impl Fn(&R) -> T + Send + Sync + 'static) -> FieldDefinition {
    field_definition::<T>(move |of, _, out| write(&value(row(of)), out))
}

/// A scalar field computed from the row that may fail.
pub fn try_field<R: 'static, T: LeafValue>(value: impl Fn(&R) -> Result<T> + Send + Sync + 'static) -> FieldDefinition {
    field_definition::<T>(move |of, _, out| write(&value(row(of))?, out))
}

/// A scalar field computed from the context alone, such as the viewer.
pub fn field_in_context<T: LeafValue>(value: impl Fn(Context<'_>) -> T + Send + Sync + 'static) -> FieldDefinition {
    field_definition::<T>(move |_, ctx, out| write(&value(ctx), out))
}

/// A scalar field that borrows its value from the row.
pub fn field_ref<R: 'static, T: LeafValue>(value: impl Fn(&R) -> &T + Send + Sync + 'static) -> FieldDefinition {
    field_definition::<T>(move |of, _, out| write(value(row(of)), out))
}
