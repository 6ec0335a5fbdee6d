use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::feed::{FeedFilter, FeedRequest, Start, read_feed};
use super::hub::{Batch, EventHub};
use super::position::Position;
use super::seen::{SeenEvent, SeenNotes};
use crate::error::{Error, Result};
use crate::ids::NoteId;
use crate::store::AccessScope;
use crate::store::db::{Db, RowQueries};
use crate::store::entity::event::EventType;
use crate::store::entity::{assignment, event};

/// Number of events that one reading of the log takes, to catch up.
const PAGE: usize = 100;

/// The events that a subscriber asks for.
pub struct FollowRequest {
    /// Where to begin; without a cursor, with what happens next.
    pub after: Option<String>,
    pub filter: FeedFilter,
    /// Only events of notes that are assigned to the viewer, and of their deletion.
    pub assigned: bool,
    pub access: AccessScope,
}

/// Follows the feed: the events after a cursor first, then those that happen, without a gap or a repetition. An error is
/// the last item.
///
/// # Errors
/// `BAD_CURSOR`, `CURSOR_EXPIRED`, and when the database fails.
pub async fn follow(hub: &EventHub, db: &Db, request: FollowRequest) -> Result<BoxStream<'static, Result<SeenEvent>>> {
    let FollowRequest { after, filter, assigned, access } = request;
    // First of all, so that nothing happens between the last reading of the log and the first batch.
    let receiver = hub.subscribe(access.company_id).await?;
    let mut follower = Follower {
        db: db.clone(),
        receiver,
        access,
        filter: Arc::new(filter),
        assigned,
        start: Some(after.map_or(Start::Now, Start::After)),
        position: Position::default(),
        ready: VecDeque::new(),
    };
    // Wrong cursors refuse the subscription.
    follower.read_log().await?;
    Ok(stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        match follower.next().await {
            Ok(event) => Some((Ok(event), Some(follower))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

struct Follower {
    db: Db,
    receiver: Receiver<Arc<Batch>>,
    access: AccessScope,
    filter: Arc<FeedFilter>,
    assigned: bool,
    /// The start of the next read of the log, if the follower has to catch up.
    start: Option<Start>,
    /// Everything up to here was seen.
    position: Position,
    ready: VecDeque<SeenEvent>,
}

impl Follower {
    async fn next(&mut self) -> Result<SeenEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if self.start.is_some() {
                self.read_log().await?;
                continue;
            }
            match self.receiver.recv().await {
                Ok(batch) if batch.end > self.position => self.take(&batch).await?,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.start = Some(Start::Behind(self.position)),
                Err(RecvError::Closed) => {
                    return Err(Error::CursorExpired(
                        "This is another event log than before: the database was restored, or another server took over. \
                         Read everything again, and subscribe anew."
                            .to_owned(),
                    ));
                }
            }
        }
    }

    /// Reads a page of the log.
    async fn read_log(&mut self) -> Result<()> {
        let Some(start) = self.start.take() else { return Ok(()) };
        let (db, access, filter) = (self.db.clone(), self.access, FeedFilter::clone(&self.filter));
        // In a task of its own, which ends even if nobody waits for it: a statement that is dropped halfway would cost its
        // connection.
        let read = tokio::spawn(async move {
            let request = FeedRequest { start, filter, size: PAGE, changes: true };
            read_feed(&db, access, &request).await
        });
        let page = read.await.map_err(Error::internal)??;
        self.position = page.position;
        if page.has_next {
            self.start = Some(Start::Behind(page.position));
        }
        self.add(page.events).await
    }

    /// Takes the events of a batch that the viewer sees.
    async fn take(&mut self, batch: &Arc<Batch>) -> Result<()> {
        let position = std::mem::replace(&mut self.position, batch.end);
        let rows = batch.rows.iter().filter(|row| Position::of(row) > position);
        let rows: Vec<event::Model> = rows.filter(|row| self.filter.may_fit(row)).cloned().collect();
        if rows.is_empty() {
            return Ok(());
        }
        let mut notes = SeenNotes::default();
        let is_open = |row: &&event::Model| {
            row.confidential_before != Some(true)
                && match row.confidential_after {
                    Some(confidential) => !confidential,
                    None => row.kind == EventType::Deleted,
                }
        };
        // Everybody sees notes that are not confidential, so they need no statement for each subscriber.
        let closed: HashSet<NoteId> = rows.iter().filter(|row| !is_open(row)).map(|row| row.note_id).collect();
        let open: Vec<NoteId> = rows.iter().map(|row| row.note_id).filter(|note| !closed.contains(note)).collect();
        notes.are_visible(&open);
        if !closed.is_empty() {
            let (db, access) = (self.db.clone(), self.access);
            let closed: Vec<event::Model> = rows.iter().filter(|row| closed.contains(&row.note_id)).cloned().collect();
            let read = tokio::spawn(async move {
                let mut notes = notes;
                notes.add(&db, access, &closed).await.map(|()| notes)
            });
            notes = read.await.map_err(Error::internal)??;
        }
        let seen = rows.into_iter().filter_map(|row| notes.see(row, self.access, &batch.cursors));
        let seen: Vec<SeenEvent> = seen.filter(|event| self.filter.fits(event)).collect();
        self.add(seen).await
    }

    /// Adds events that the viewer sees, if they are wanted.
    async fn add(&mut self, mut events: Vec<SeenEvent>) -> Result<()> {
        if self.assigned && !events.is_empty() {
            let notes: HashSet<NoteId> = events.iter().map(|event| event.row().note_id).collect();
            let (db, access) = (self.db.clone(), self.access);
            let read = tokio::spawn(async move { assigned_notes(&db, access, notes).await });
            let assigned = read.await.map_err(Error::internal)??;
            events.retain(|event| {
                let row = event.row();
                event.is_hidden
                    || assigned.contains(&row.note_id)
                    || matches!(row.kind, EventType::Deleted | EventType::Unassigned)
            });
        }
        self.ready.extend(events);
        Ok(())
    }
}

/// Those of the notes that are assigned to the viewer now.
async fn assigned_notes(db: &Db, access: AccessScope, notes: HashSet<NoteId>) -> Result<HashSet<NoteId>> {
    let keys = db.dialect().one_of((assignment::Entity, assignment::Column::NoteId), notes);
    let find = assignment::Entity::find()
        .filter(assignment::Column::CompanyId.eq(access.company_id))
        .filter(assignment::Column::UserId.eq(access.user_id))
        .filter(keys)
        .select_only()
        .column(assignment::Column::NoteId)
        .into_query();
    let rows = db.read().rows(&find).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}
