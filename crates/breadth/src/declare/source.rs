//! Root fields of subscriptions (GraphQL, section 6.2.3). Such a field starts a stream of events; each event is the value
//! of the field, below which the selection is executed as in a query.

use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::declare::{CoercedArguments, FieldDefinition, ObjectType, Prepared, RelationField};
use super::field::{child_rows, def, mine, row};
use super::from_arguments::FromArguments;
use super::output::FieldOutput;
use crate::bridge::Value;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::events::{Event, EventStream, SourceItem};
use crate::loader::LoadState;
use crate::rows::{ChildRows, ErasedRow, RowList};

/// The root row of one execution: the value of the subscribed field, until it is taken.
struct EventRow<O>(Mutex<Option<O>>);

/// A field whose values come from a stream, one after the other.
struct Source<A, O, F>(F, PhantomData<fn(A) -> O>);

impl<A, O, F> RelationField for Source<A, O, F>
where
    A: FromArguments,
    O: FieldOutput,
    F: for<'c> Fn(&A, Context<'c>) -> BoxFuture<'c, Result<BoxStream<'static, Result<SourceItem<O>>>>> + Send + Sync,
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

    fn subscribe<'c>(
        &'c self,
        given: CoercedArguments<'_>,
        ctx: Context<'c>,
    ) -> Option<BoxFuture<'c, Result<EventStream>>> {
        let started = (self.0)(row(given.row()), ctx);
        Some(Box::pin(async move {
            let events = started.await?.map(|item| {
                let SourceItem { value, id } = item?;
                Ok(Event { row: Box::new(vec![EventRow(Mutex::new(Some(value)))]), id })
            });
            Ok(events.boxed())
        }))
    }

    fn prepare<'c>(
        &'c self,
        rows: &dyn RowList,
        _: CoercedArguments<'_>,
        _: Context<'c>,
        _: &mut LoadState,
    ) -> Prepared<'c> {
        let event: &EventRow<O> = row(rows.get(0));
        let value = event.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let value: Result<O> = value.ok_or_else(|| Error::new("This event was executed already."));
        Prepared::Ready(Box::new(value))
    }

    fn complete(&self, ready: super::declare::Ready, _: &mut LoadState) -> ChildRows {
        child_rows(std::iter::once(mine::<Result<O>>(ready)))
    }
}

/// A root field of a subscription: `subscribe` starts the stream of its values, or fails the whole subscription. A
/// failure within the stream ends the subscription. The arguments are only lent, as they may be kept with the document.
///
/// ```
/// use breadth::{Args, Data, NoMutation, NonNull, Schema, Variables, field, object, source};
/// use futures_util::{FutureExt, StreamExt, stream};
///
/// struct Tick(i32);
///
/// object! {
///     /// A tick of the clock.
///     Tick {
///         /// The number of the tick.
///         number = field(|tick: &Tick| tick.0);
///     }
/// }
///
/// #[derive(Default)]
/// struct Query;
///
/// object! {
///     /// The query root.
///     Query {
///         /// The number of ticks.
///         ticks = field(|_: &Query| 2);
///     }
/// }
///
/// struct Subscription;
///
/// object! {
///     /// The subscription root.
///     Subscription {
///         /// Two ticks.
///         tick = source(|(), _| async { Ok(stream::iter([1, 2]).map(|number| Ok(NonNull(Tick(number)).into())).boxed()) }.boxed());
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use breadth::document::{DocumentLimits, ParserLimits};
///
/// let schema = Schema::new::<Query, NoMutation, Subscription>(&[]);
/// let document = "subscription { tick { number } }";
/// let document = schema.read(document, ParserLimits::default(), &DocumentLimits::default()).expect("it is valid");
/// let (variables, data) = (Variables::default(), Data::default());
/// let mut events = schema.subscribe(&document, 0, &variables, &data).await.expect("it starts");
/// let mut received = Vec::new();
/// while let Some(event) = events.next().await {
///     let event = event.expect("no tick fails");
///     received.push(schema.execute_event(&document, 0, &variables, &data, None, event).await.json());
/// }
/// assert_eq!(received, [r#"{"tick":{"number":1}}"#, r#"{"tick":{"number":2}}"#]);
/// # }
/// ```
pub fn source<A, O>(
    subscribe: impl for<'c> Fn(&A, Context<'c>) -> BoxFuture<'c, Result<BoxStream<'static, Result<SourceItem<O>>>>>
    + Send
    + Sync
    + 'static,
) -> FieldDefinition
where
    A: FromArguments,
    O: FieldOutput,
{
    def::<A, O>(Source(subscribe, PhantomData))
}
