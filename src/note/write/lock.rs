//! Steps of all mutations: finding the note, and checking the records that it links to.

use std::collections::HashSet;

use async_graphql::ID;
use sea_orm::sea_query::{Expr, LockType, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect};

use crate::error::Result;
use crate::graphql::global_id::{NodeId, NodeKind};
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::{NoteId, UserId};
use crate::note::text::{USERS, distinct};
use crate::store::db::{Answer, Answers, Dialect, ReadBatch, Row, RowQueries, Transaction};
use crate::store::entity::{customer, note, note_type, user};
use crate::store::{AccessScope, ColumnSet};
use crate::text::quote::quote;

/// A note that the first reads of a transaction load and lock.
pub struct RequestedNote<'i> {
    field: &'static str,
    id: &'i ID,
    asked: Result<(NoteId, Answer), UserError>,
}

impl<'i> RequestedNote<'i> {
    /// Adds the read of a note that the viewer sees, which locks it until the transaction ends.
    pub fn ask(reads: &mut ReadBatch, access: AccessScope, field: &'static str, id: &'i ID) -> Self {
        let asked = match NoteId::parse(id) {
            Ok(key) => Ok((key, reads.add(&locked(reads.dialect(), access, &[key])))),
            Err(message) => Err(UserError::new(ErrorCode::Invalid, &["input", field], message)),
        };
        Self { field, id, asked }
    }

    /// The key of the note; none if its ID is malformed.
    pub fn key(&self) -> Option<NoteId> {
        self.asked.as_ref().ok().map(|(key, _)| *key)
    }

    /// The locked note.
    pub async fn note(
        self,
        transaction: &Transaction,
        access: AccessScope,
        answers: &mut Answers,
    ) -> Result<Result<note::Model, UserError>> {
        let (key, answer) = match self.asked {
            Ok(asked) => asked,
            Err(refused) => return Ok(Err(refused)),
        };
        let found = still_seen(transaction, access, &[key], &answers.take(answer)).await?.pop();
        Ok(found.ok_or_else(|| UserError::no_note(self.field, self.id)))
    }
}

/// Notes that the first reads of a transaction load and lock.
pub struct RequestedNotes {
    keys: Vec<NoteId>,
    asked: Option<Answer>,
}

impl RequestedNotes {
    /// Adds the read of those of the notes that the viewer sees, in the order of their keys, which locks them until the
    /// transaction ends. (`SQLite` has one writer at a time anyway.) The rows are locked in key order too, so that two
    /// changes of many notes cannot deadlock.
    pub fn ask(reads: &mut ReadBatch, access: AccessScope, keys: Vec<NoteId>) -> Self {
        let asked = (!keys.is_empty()).then(|| reads.add(&locked(reads.dialect(), access, &keys)));
        Self { keys, asked }
    }

    /// The keys of the notes, whether the viewer sees them or not.
    pub fn keys(&self) -> &[NoteId] {
        &self.keys
    }

    /// The locked notes.
    pub async fn notes(
        &self,
        transaction: &Transaction,
        access: AccessScope,
        answers: &mut Answers,
    ) -> Result<Vec<note::Model>> {
        let Some(asked) = self.asked else { return Ok(Vec::new()) };
        still_seen(transaction, access, &self.keys, &answers.take(asked)).await
    }
}

/// Selects those of the notes that the viewer sees, without columns.
fn seen(dialect: Dialect, access: AccessScope, keys: &[NoteId]) -> SelectStatement {
    let id = (note::Entity, note::Column::Id);
    let condition = access.visible_notes().add(dialect.one_of(id, keys.iter().copied()));
    Query::select().from(note::Entity).cond_where(condition).order_by(id, Order::Asc).take()
}

/// Selects and locks those of the notes that the viewer sees.
fn locked(dialect: Dialect, access: AccessScope, keys: &[NoteId]) -> SelectStatement {
    let mut held = seen(dialect, access, keys);
    ColumnSet::<note::Entity>::ALL.select(&mut held);
    held.lock_exclusive().take()
}

/// Reads the rows of [`locked`] notes, without those that the viewer no longer sees.
async fn still_seen(
    transaction: &Transaction,
    access: AccessScope,
    keys: &[NoteId],
    rows: &[Row],
) -> Result<Vec<note::Model>> {
    let columns = ColumnSet::<note::Entity>::ALL;
    let mut notes = rows.iter().map(|row| columns.read(row, 0)).collect::<Result<Vec<note::Model>, _>>()?;
    // The check may have used a snapshot from before the lock wait; repeat it where access depends on an assignment.
    if !access.confidential && notes.iter().any(|note| note.confidential) {
        let id = (note::Entity, note::Column::Id);
        let rows = transaction.rows(seen(Dialect::of(transaction), access, keys).column(id)).await?;
        let seen = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<NoteId>, _>>()?;
        notes.retain(|note| seen.binary_search(&note.id).is_ok());
    }
    Ok(notes)
}

/// Returns the notes that the viewer still sees after `removed` users were unassigned: viewers who unassign themselves
/// from a confidential note may lose access to it.
pub async fn still_visible(
    transaction: &Transaction,
    access: AccessScope,
    notes: impl IntoIterator<Item = &note::Model>,
    removed: &[UserId],
) -> Result<HashSet<NoteId>> {
    let may_be_gone =
        |note: &note::Model| note.confidential && !access.confidential && removed.contains(&access.user_id);
    let (asked, seen): (Vec<&note::Model>, Vec<&note::Model>) = notes.into_iter().partition(|note| may_be_gone(note));
    let mut seen: HashSet<NoteId> = seen.into_iter().map(|note| note.id).collect();
    if !asked.is_empty() {
        let keys = asked.into_iter().map(|note| note.id);
        let keys = Dialect::of(transaction).one_of((note::Entity, note::Column::Id), keys);
        let found = access.notes().select_only().column(note::Column::Id).filter(keys);
        seen.extend(found.into_tuple::<NoteId>().all(transaction).await?);
    }
    Ok(seen)
}

/// The references in an input, to be looked up together. They are of several kinds, so each is stored as its kind and
/// its key.
#[derive(Default)]
pub struct References(Vec<(NodeKind, i64, Vec<String>)>);

impl References {
    /// Adds a reference; a malformed ID is an error at once.
    pub fn add<I: NodeId>(&mut self, errors: &mut UserErrors, path: &[&str], id: &ID) -> Option<I> {
        match I::parse(id) {
            Ok(key) => {
                self.0.push((I::KIND, key.into(), path.iter().map(|&name| name.to_owned()).collect()));
                Some(key)
            }
            Err(message) => {
                errors.add(ErrorCode::Invalid, path, message);
                None
            }
        }
    }

    /// Adds a list of users, without duplicates.
    pub fn users(&mut self, errors: &mut UserErrors, path: &[&str], ids: &[ID]) -> Vec<UserId> {
        if !errors.check_count(path, ids.len(), USERS) {
            return Vec::new();
        }
        let user = |(index, id): (usize, &ID)| {
            let index = index.to_string();
            self.add(errors, &[path, &[index.as_str()]].concat(), id)
        };
        distinct(ids.iter().enumerate().filter_map(user))
    }

    /// Adds the reads of the references.
    pub fn ask(self, reads: &mut ReadBatch, access: AccessScope) -> RequestedReferences {
        let keys =
            |kind: NodeKind| self.0.iter().filter(move |link| link.0 == kind).map(|link| link.1).collect::<Vec<_>>();
        let dialect = reads.dialect();
        let people = [
            existing(
                dialect,
                NodeKind::Customer,
                access.visible_customers(),
                customer::Column::Id,
                keys(NodeKind::Customer),
            ),
            existing(dialect, NodeKind::User, access.visible_users(), user::Column::Id, keys(NodeKind::User)),
        ];
        let people = people.into_iter().flatten().reduce(|mut all, more| {
            all.union(UnionType::All, more);
            all
        });
        // Types can be deleted. Lock them as the foreign key will, so that a type that is being deleted counts as
        // missing. A UNION cannot lock rows, so this is a statement of its own.
        let types = existing(
            dialect,
            NodeKind::NoteType,
            access.visible_note_types(),
            note_type::Column::Id,
            keys(NodeKind::NoteType),
        );
        let types = types.map(|mut types| types.lock(LockType::KeyShare).take());
        let answers = people.into_iter().chain(types).map(|statement| reads.add(&statement)).collect();
        RequestedReferences { references: self, answers }
    }
}

/// References that the first reads of a transaction look up.
pub struct RequestedReferences {
    references: References,
    answers: Vec<Answer>,
}

impl RequestedReferences {
    /// Each reference that does not exist for the viewer is an error.
    pub fn check(self, answers: &mut Answers, errors: &mut UserErrors) -> Result<()> {
        let mut found: HashSet<(NodeKind, i64)> = HashSet::new();
        for row in self.answers.into_iter().flat_map(|answer| answers.take(answer)) {
            let kind: String = row.get(0)?;
            let key = row.get(1)?;
            found.extend(NodeKind::from_prefix(&kind).map(|kind| (kind, key)));
        }
        for (kind, key, path) in self.references.0 {
            if !found.contains(&(kind, key)) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let message = format!("There is no {} {}.", kind.name(), quote(&format!("{}:{key}", kind.name())));
                errors.add(ErrorCode::ReferenceNotFound, &path, message);
            }
        }
        Ok(())
    }
}

/// Selects the records that exist and match the condition, each with its kind in the first column.
fn existing<C: ColumnTrait>(
    dialect: Dialect,
    kind: NodeKind,
    condition: Condition,
    id: C,
    keys: Vec<i64>,
) -> Option<SelectStatement> {
    if keys.is_empty() {
        return None;
    }
    let table = C::EntityName::default();
    let mut statement = Query::select();
    let condition = condition.add(dialect.one_of((table, id), keys));
    statement.expr(Expr::val(kind.name())).column((table, id)).from(table).cond_where(condition);
    Some(statement)
}
