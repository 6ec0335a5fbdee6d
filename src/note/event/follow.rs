//! `Subscription.noteEvents`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, SourceItem};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::feed::filter;
use super::object::{NoteEvent, NoteEventType};
use crate::error::Result;
use crate::event::{self, EventHub, FollowRequest, SeenEvent};
use crate::graphql::context::{ContextExt, LastEventId};
use crate::store::entity::token::Scope;

/// The arguments of `Subscription.noteEvents`.
#[derive(Clone, InputObject)]
pub struct FollowArgs {
    /// Begin after this cursor; without one, with what happens next.
    after: Option<String>,
    /// Only events of these notes, at most 100.
    note_ids: Option<Vec<ID>>,
    /// Only events of notes about these customers, before or after the event; at most 100.
    customer_ids: Option<Vec<ID>>,
    /// Only events of notes that are assigned to the viewer when the event is sent, and those of the types UNASSIGNED,
    /// DELETED and HIDDEN, since the notes are no longer assigned then. False when absent or null.
    #[graphql(default_with = "Some(false)")]
    assigned_to_viewer: Option<bool>,
    /// Only events of these types.
    types: Option<Vec<NoteEventType>>,
}

/// The events of a subscription.
type Events = BoxStream<'static, breadth::Result<SourceItem<Option<NoteEvent>>>>;

/// Starts to follow the feed.
pub fn follow<'c>(args: &FollowArgs, ctx: Context<'c>) -> BoxFuture<'c, breadth::Result<Events>> {
    let args = args.clone();
    Box::pin(async move { Ok(start(args, ctx).await?) })
}

async fn start(args: FollowArgs, ctx: Context<'_>) -> Result<Events> {
    ctx.viewer(Scope::Read)?;
    let FollowArgs { after, note_ids, customer_ids, assigned_to_viewer, types } = args;
    let request = FollowRequest {
        // A client that connects again repeats its request, and says what it has received since.
        after: ctx.data_opt::<LastEventId>().map(|id| id.0.clone()).or(after),
        filter: filter(note_ids, customer_ids, types)?,
        assigned: assigned_to_viewer.unwrap_or_default(),
        access: ctx.access(),
    };
    let events = event::follow(ctx.data::<EventHub>(), &ctx.data_source().db, request).await?;
    let item =
        |event: SeenEvent| SourceItem { id: Some(event.cursor.clone()), value: Some(NoteEvent(Arc::new(event))) };
    Ok(events.map(move |event| Ok(item(event?))).boxed())
}
