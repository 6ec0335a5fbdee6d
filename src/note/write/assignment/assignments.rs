//! Assignments of notes to users: finding, adding and removing them, for many notes in one statement each.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use crate::event::{Audience, ChangeContext, NewEvent};
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::UserError;
use crate::ids::{NoteId, UserId};
use crate::quota::StorageUsage;
use crate::store::AccessScope;
use crate::store::db::{Answer, Answers, Dialect, ListColumn, ReadBatch, Transaction};
use crate::store::entity::event::{EventType, FieldChange};
use crate::store::entity::{assignment, note};

/// The assignments that a change of them depends on.
pub struct Assigned {
    /// The pairs of note and user that are assigned. Other assignees of a note are not read: a note may have thousands.
    present: HashSet<(NoteId, UserId)>,
    /// The position of the last assignee of each note that has any.
    last: HashMap<NoteId, i32>,
}

/// Assignments that are read behind the lock of their notes.
pub struct RequestedAssignments {
    present: Answer,
    last: Answer,
}

impl RequestedAssignments {
    /// Adds the reads of the assignments of `users` to those of the notes that the viewer sees; the notes must be locked
    /// by then.
    pub fn ask(reads: &mut ReadBatch, access: AccessScope, notes: &[NoteId], users: &[UserId]) -> Self {
        let dialect = reads.dialect();
        let of_notes = || {
            access
                .visible_assignments()
                .select_only()
                .filter(dialect.one_of((assignment::Entity, assignment::Column::NoteId), notes.iter().copied()))
        };
        let user_id = (assignment::Entity, assignment::Column::UserId);
        let present = of_notes()
            .column(assignment::Column::NoteId)
            .column(assignment::Column::UserId)
            .filter(dialect.one_of(user_id, users.iter().copied()));
        let last = of_notes()
            .column(assignment::Column::NoteId)
            .expr(assignment::Column::Position.max())
            .group_by(assignment::Column::NoteId);
        Self { present: reads.add(&present.into_query()), last: reads.add(&last.into_query()) }
    }

    pub fn assigned(self, answers: &mut Answers) -> Result<Assigned, DbErr> {
        let present = answers.take(self.present).into_iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
        let last = answers.take(self.last).into_iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
        Ok(Assigned { present: present.collect::<Result<_, DbErr>>()?, last: last.collect::<Result<_, DbErr>>()? })
    }
}

/// Assigns `users` to each of the notes, and returns the new assignments in the order given. Each changed note gets a
/// new version, and an event in the log. If that exceeds the company's quota, nothing is written, and the error is
/// returned.
pub async fn assign_users(
    transaction: &Transaction,
    context: &ChangeContext<'_>,
    notes: &mut [&mut note::Model],
    users: &[UserId],
    assigned: &Assigned,
) -> Result<Result<Vec<assignment::Model>, UserError>, DbErr> {
    let Assigned { present, last } = assigned;
    let mut added = Vec::new();
    let mut events = Vec::new();
    for note in notes.iter() {
        let new: Vec<UserId> = users.iter().copied().filter(|user| !present.contains(&(note.id, *user))).collect();
        if new.is_empty() {
            continue;
        }
        let last = last.get(&note.id).copied().unwrap_or_default();
        added.extend(new_assignments(context, note, &new, last));
        let change = FieldChange::new("assignees", serde_json::Value::Null, global_ids(&new));
        events.push(NewEvent::new(EventType::Assigned, note.id, None, &[change], Audience::same(note).assigning(&new)));
    }
    if let Some(refused) = context.refusal(transaction, &events, StorageUsage::default()).await? {
        return Ok(Err(refused));
    }
    let writes = transaction.writes();
    insert_assignments(&writes, &added).await?;
    bump_versions(&writes, context, notes, &events).await?;
    context.append(&writes, events, StorageUsage::default()).await?;
    Ok(Ok(added))
}

/// Unassigns `users` from the notes, and returns the removed pairs of note and user in the order given. Returns the
/// error, like [`assign_users`], if the events exceed the company's quota.
pub async fn unassign_users(
    transaction: &Transaction,
    context: &ChangeContext<'_>,
    notes: &mut [&mut note::Model],
    users: &[UserId],
    assigned: &Assigned,
) -> Result<Result<Vec<(NoteId, UserId)>, UserError>, DbErr> {
    let present = &assigned.present;
    let mut removed = Vec::new();
    let mut events = Vec::new();
    for note in notes.iter() {
        let gone: Vec<UserId> = users.iter().copied().filter(|user| present.contains(&(note.id, *user))).collect();
        if gone.is_empty() {
            continue;
        }
        removed.extend(gone.iter().map(|&user| (note.id, user)));
        let change = FieldChange::new("assignees", global_ids(&gone), serde_json::Value::Null);
        let audience = Audience::same(note).unassigning(&gone);
        events.push(NewEvent::new(EventType::Unassigned, note.id, None, &[change], audience));
    }
    if let Some(refused) = context.refusal(transaction, &events, StorageUsage::default()).await? {
        return Ok(Err(refused));
    }
    let writes = transaction.writes();
    if !removed.is_empty() {
        let dialect = Dialect::of(transaction);
        let changed = events.iter().map(|event| event.note_id);
        assignment::Entity::delete_many()
            .filter(assignment::Column::CompanyId.eq(context.viewer.company_id))
            .filter(dialect.one_of((assignment::Entity, assignment::Column::NoteId), changed))
            .filter(dialect.one_of((assignment::Entity, assignment::Column::UserId), users.iter().copied()))
            .exec(&writes)
            .await?;
    }
    bump_versions(&writes, context, notes, &events).await?;
    context.append(&writes, events, StorageUsage::default()).await?;
    Ok(Ok(removed))
}

/// New rows that assign `users` to a note, after position `last`.
pub fn new_assignments(
    context: &ChangeContext<'_>,
    note: &note::Model,
    users: &[UserId],
    last: i32,
) -> Vec<assignment::Model> {
    (last + 1..)
        .zip(users)
        .map(|(position, &user_id)| assignment::Model {
            company_id: note.company_id,
            note_id: note.id,
            user_id,
            position,
            created_on: context.time,
            assigned_by_id: Some(context.viewer.user_id),
            source: None,
        })
        .collect()
}

/// Inserts rows of one moment. There may be ten thousand, more than a statement takes parameters for, so the notes,
/// users and positions are passed as lists.
pub async fn insert_assignments(connection: &impl ConnectionTrait, rows: &[assignment::Model]) -> Result<(), DbErr> {
    let Some(first) = rows.first() else { return Ok(()) };
    let dialect = Dialect::of(connection);
    let mut values = vec![first.company_id.into(), first.created_on.into(), first.assigned_by_id.into()];
    let columns = [
        ("note_id", ListColumn::ids(rows.iter().map(|row| row.note_id))),
        ("user_id", ListColumn::ids(rows.iter().map(|row| row.user_id))),
        ("position", ListColumn::Ints(rows.iter().map(|row| row.position).collect())),
    ];
    let rows = dialect.row_list("k", columns, &mut values);
    let sql = format!(
        "INSERT INTO assignment (company_id, created_on, assigned_by_id, {}) SELECT $1, $2, $3, {} FROM {}",
        rows.names.join(", "),
        rows.columns.join(", "),
        rows.table
    );
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// Marks the notes with events as changed: a new version, by this viewer, now.
async fn bump_versions(
    connection: &impl ConnectionTrait,
    context: &ChangeContext<'_>,
    notes: &mut [&mut note::Model],
    events: &[NewEvent],
) -> Result<(), DbErr> {
    if events.is_empty() {
        return Ok(());
    }
    let changed: HashSet<NoteId> = events.iter().map(|event| event.note_id).collect();
    let (time, user) = (context.time, Some(context.viewer.user_id));
    for note in notes.iter_mut().filter(|note| changed.contains(&note.id)) {
        note.version += 1;
        note.updated_on = time;
        note.updated_by_id = user;
    }
    note::Entity::update_many()
        .col_expr(note::Column::Version, Expr::col(note::Column::Version).add(1))
        .col_expr(note::Column::UpdatedOn, Expr::val(time))
        .col_expr(note::Column::UpdatedById, Expr::val(user))
        .filter(note::Column::CompanyId.eq(context.viewer.company_id))
        .filter(Dialect::of(connection).one_of((note::Entity, note::Column::Id), changed))
        .exec(connection)
        .await
        .map(drop)
}

fn global_ids(users: &[UserId]) -> serde_json::Value {
    users.iter().map(|&user| serde_json::Value::String(user.global_id().0)).collect()
}
