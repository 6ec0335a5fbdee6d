//! The loaders of notes, assignments and messages by their keys.

use std::sync::Arc;

use breadth::{Loader, Prefetched};
use hashbrown::HashMap;
use sea_orm::QueryFilter;
use sea_orm::sea_query::Order;

use super::single_note;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::global_id::AssigneeKey;
use crate::ids::{MessageId, NoteId};
use crate::note::message_range::MessageRange;
use crate::scheduling::watchdog::yield_if_long;
use crate::store::AccessScope;
use crate::store::db::{ListColumn, RowList, RowQueries};
use crate::store::entity::{assignment, message, note};
use crate::store::statement_template::TemplateName;

/// Loads notes by key.
pub struct NoteById;

impl Loader for NoteById {
    type Key = NoteId;
    type Value = Arc<note::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[NoteId]) -> Result<HashMap<NoteId, Self::Value>> {
        let (columns, dialect) = (reader.columns::<note::Entity>(), reader.db.dialect());
        let find = |access: AccessScope, keys: &[i64]| {
            let keys = dialect.one_of((note::Entity, note::Column::Id), keys.iter().copied());
            columns.matching(access.visible_notes().add(keys))
        };
        let notes = columns.rows(reader.statement(TemplateName::Notes, keys, find), reader.db.read()).await?;
        Ok(notes.into_iter().map(|note| (note.id, Arc::new(note))).collect())
    }
    async fn load_and_prefetch(
        reader: &DataSource,
        keys: &[NoteId],
        prefetched: &mut Prefetched,
    ) -> Result<HashMap<NoteId, Self::Value>> {
        let &[key] = keys else { return Self::load(reader, keys).await };
        let note = single_note::note(reader, key, prefetched).await?;
        Ok(note.into_iter().map(|note| (key, Arc::new(note))).collect())
    }
}

/// Loads the assignments of notes, in the order in which they were made.
pub struct AssigneesOf;

impl Loader for AssigneesOf {
    type Key = NoteId;
    type Value = Vec<Arc<assignment::Model>>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[NoteId]) -> Result<HashMap<NoteId, Self::Value>> {
        let (columns, dialect) = (reader.columns::<assignment::Entity>(), reader.db.dialect());
        let of_row = |column: assignment::Column| (assignment::Entity, column);
        let find = |access: AccessScope, keys: &[i64]| {
            let keys = dialect.one_of(of_row(assignment::Column::NoteId), keys.iter().copied());
            let mut select = columns.matching(access.company_assignments().add(keys));
            select
                .order_by(of_row(assignment::Column::NoteId), Order::Asc)
                .order_by(of_row(assignment::Column::Position), Order::Asc);
            select
        };
        let statement = reader.statement(TemplateName::AssigneesOfNotes, keys, find);
        let assignments = columns.rows(statement, reader.db.read()).await?;
        let mut answers: HashMap<NoteId, Self::Value> = HashMap::new();
        for (number, assignment) in (1..).zip(assignments) {
            answers.entry(assignment.note_id).or_default().push(Arc::new(assignment));
            // Each of the notes may have as many assignments as there are users.
            if number % 5_000 == 0 {
                yield_if_long().await;
            }
        }
        Ok(answers)
    }
    async fn load_and_prefetch(
        reader: &DataSource,
        keys: &[NoteId],
        prefetched: &mut Prefetched,
    ) -> Result<HashMap<NoteId, Self::Value>> {
        let &[key] = keys else { return Self::load(reader, keys).await };
        let rows = single_note::assignments(reader, key, prefetched).await?;
        Ok(HashMap::from([(key, rows.into_iter().map(Arc::new).collect())]))
    }
}

/// Loads assignments by key.
pub struct AssigneeById;

impl Loader for AssigneeById {
    type Key = AssigneeKey;
    type Value = Arc<assignment::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[AssigneeKey]) -> Result<HashMap<AssigneeKey, Self::Value>> {
        let columns = [assignment::Column::NoteId, assignment::Column::UserId];
        let columns = columns.map(|column| (assignment::Entity, column));
        let pairs = keys.iter().map(|key| (key.note_id, key.user_id));
        let assignments = reader.access.visible_assignments().filter(reader.db.dialect().one_of_pairs(columns, pairs));
        let assignments = reader.columns::<assignment::Entity>().all(assignments, reader.db.read()).await?;
        let key = |row: &assignment::Model| AssigneeKey { note_id: row.note_id, user_id: row.user_id };
        Ok(assignments.into_iter().map(|row| (key(&row), Arc::new(row))).collect())
    }
}

/// Loads messages by key.
pub struct MessageById;

impl Loader for MessageById {
    type Key = MessageId;
    type Value = Arc<message::Model>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[MessageId]) -> Result<HashMap<MessageId, Self::Value>> {
        let keys = reader.db.dialect().one_of((message::Entity, message::Column::Id), keys.iter().copied());
        let messages =
            reader.columns::<message::Entity>().all(reader.access.messages().filter(keys), reader.db.read()).await?;
        Ok(messages.into_iter().map(|message| (message.id, Arc::new(message))).collect())
    }
}

/// Loads ranges of threads, oldest message first. As messages are numbered without gaps, it reads only rows that are
/// shown.
pub struct MessagesOf;

impl Loader for MessagesOf {
    type Key = MessageRange;
    type Value = Vec<Arc<message::Model>>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[MessageRange]) -> Result<HashMap<MessageRange, Self::Value>> {
        let (dialect, mut values) = (reader.db.dialect(), Vec::new());
        let ranges = [
            ("note_id", ListColumn::ids(keys.iter().map(|key| key.note_id))),
            ("low", ListColumn::Ints(keys.iter().map(|key| key.low).collect())),
            ("high", ListColumn::Ints(keys.iter().map(|key| key.high).collect())),
        ];
        let RowList { table, columns: [note_id, low, high], .. } = dialect.row_list("k", ranges, &mut values);
        values.push(reader.access.company_id.into());
        let company_id = values.len();
        let messages = dialect.look_up_each(
            "message",
            &format!(
                "message.company_id = ${company_id} AND message.note_id = {note_id} \
                 AND message.position BETWEEN {low} AND {high}"
            ),
        );
        let columns = reader.columns::<message::Entity>();
        let sql = format!(
            "SELECT {low}, {high}, {} FROM {table} {messages} ORDER BY message.note_id, message.position",
            columns.list()
        );
        let rows = reader.db.read().rows_raw(dialect.statement(sql, values)).await?;
        let mut answers: HashMap<MessageRange, Self::Value> = HashMap::new();
        for row in rows {
            let message = columns.read(&row, 2)?;
            let range = MessageRange { note_id: message.note_id, low: row.get(0)?, high: row.get(1)? };
            answers.entry(range).or_default().push(Arc::new(message));
        }
        Ok(answers)
    }

    /// The statement for one range is planned once; a list of ranges is planned each time.
    async fn load_and_prefetch(
        reader: &DataSource,
        keys: &[MessageRange],
        prefetched: &mut Prefetched,
    ) -> Result<HashMap<MessageRange, Self::Value>> {
        let &[range] = keys else { return Self::load(reader, keys).await };
        let rows = single_note::messages(reader, range, prefetched).await?;
        Ok(HashMap::from([(range, rows.into_iter().map(Arc::new).collect())]))
    }
}
