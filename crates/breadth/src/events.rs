//! The events of a subscription.

use futures_util::stream::BoxStream;

use super::rows::RowList;
use crate::error::Result;

/// An event of a subscription: the root row of one execution.
pub struct Event(pub(crate) Box<dyn RowList>);

/// The events of a subscription, in order. An error is the last item: the source has failed. Dropping the stream ends the
/// source.
pub type EventStream = BoxStream<'static, Result<Event>>;
