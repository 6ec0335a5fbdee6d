//! The people that notes mention: those that exist, and those that a batch creates.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter};

use super::summary::Summary;
use crate::exchange::note::ImportedNote;
use crate::exchange::person::{Person, PersonRef, only_id};
use crate::exchange::reader::Reject;
use crate::ids::{CompanyId, CustomerId, UserId};
use crate::json::object::{JsonFields, RawObject, join, same};
use crate::store::db::Dialect;

/// Maximum number of people that are cached between batches, and maximum number of bytes of their texts.
const REMEMBERED: usize = 8_000;
const REMEMBERED_BYTES: usize = 16 << 20;

/// Cache of people of one kind. Cached people are committed; those that a batch has added are removed again if it
/// fails.
pub struct PersonCache<P: Person> {
    kind: &'static str,
    known: HashMap<P::Id, CachedPerson<P>>,
    made: BTreeSet<P::Id>,
    filled: BTreeSet<P::Id>,
}

/// A person, with the nested object that stands for them in a record.
pub struct CachedPerson<P> {
    row: P,
    pub fields: JsonFields,
    pub text: String,
    placeholder: bool,
}

impl<P: Person> CachedPerson<P> {
    fn new(row: P) -> Self {
        let placeholder = row.is_placeholder();
        // A placeholder may still be filled. It is shown with all its fields, which differ from what records say, so
        // that records keep their own text and do not depend on it.
        let fields = if placeholder { row.fields() } else { row.original_fields() };
        Self { text: join(&fields), fields, placeholder, row }
    }

    fn agrees(&self, said: &RawObject) -> bool {
        said.iter().enumerate().all(|(index, (key, text))| {
            let at = self.fields.get(index).filter(|(field, _)| field == key);
            let field = at.or_else(|| self.fields.iter().find(|(field, _)| field == key));
            field.is_some_and(|(_, known)| same(known, text))
        })
    }
}

/// The note that mentions a person.
#[derive(Clone, Copy)]
pub struct Setting {
    pub company_id: CompanyId,
    pub noted_on: DateTime<Utc>,
    pub sparse: bool,
}

impl<P: Person> PersonCache<P> {
    pub fn new(kind: &'static str) -> Self {
        Self { kind, known: HashMap::new(), made: BTreeSet::new(), filled: BTreeSet::new() }
    }

    /// Loads those people who exist in the database and are not cached yet.
    pub async fn look_up<E: EntityTrait<Model = P>>(
        &mut self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        ids: &BTreeSet<P::Id>,
    ) -> Result<(), DbErr>
    where
        P: FromQueryResult,
    {
        let bytes: usize = self.known.values().map(|known| known.text.len()).sum();
        if self.known.len() > REMEMBERED || bytes > REMEMBERED_BYTES {
            self.known.clear();
        }
        let unknown: Vec<P::Id> = ids.iter().filter(|id| !self.known.contains_key(id)).copied().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let rows = E::find()
            .filter(Expr::col("company_id").eq(company_id))
            .filter(Dialect::of(connection).one_of("id", unknown))
            .all(connection)
            .await?;
        self.known.extend(rows.into_iter().map(|row| (row.id(), CachedPerson::new(row))));
        Ok(())
    }

    pub fn knows(&self, id: P::Id) -> bool {
        self.known.contains_key(&id)
    }

    /// Returns the person that a note mentions; creates those that do not exist. The first record that contains more
    /// than an id defines the person.
    ///
    /// # Errors
    /// When a person cannot be created from an id, which does not happen.
    pub fn resolve(
        &mut self,
        person: &PersonRef<P>,
        setting: Setting,
        summary: &mut Summary,
        warnings: &mut Vec<String>,
    ) -> Result<&CachedPerson<P>, Reject> {
        let id = person.id;
        let said = person.said.as_ref().filter(|(object, _)| object.iter().any(|(key, _)| key != "id"));
        let known = self.known.get(&id);
        if let (Some(known), Some((object, _))) = (known, said)
            && !known.placeholder
        {
            if !known.agrees(object) {
                summary.differs(format!("{} {id}", self.kind));
            }
        } else if let Some((object, row)) = said {
            let mut row = row.clone();
            row.set_company(setting.company_id);
            if setting.sparse {
                row.set_source(row.provenance(object));
            }
            if known.is_none() {
                self.made.insert(id);
            } else if !self.made.contains(&id) {
                self.filled.insert(id);
            }
            self.known.insert(id, CachedPerson::new(row));
        } else if known.is_none() {
            let mut row = P::unknown(id, setting.noted_on)?;
            row.set_company(setting.company_id);
            row.set_source(row.provenance(&only_id(id)));
            warnings.push(format!("{} {id} is not described anywhere: created with only its id", self.kind));
            self.made.insert(id);
            self.known.insert(id, CachedPerson::new(row));
        }
        self.known.get(&id).ok_or_else(|| format!("there is no {} {id}", self.kind))
    }

    /// The rows to insert, ordered by id, so that concurrent imports insert in the same order and do not deadlock.
    pub fn made(&self) -> Vec<P> {
        self.rows(&self.made)
    }

    /// The placeholder rows to overwrite.
    pub fn filled(&self) -> Vec<P> {
        self.rows(&self.filled)
    }

    fn rows(&self, ids: &BTreeSet<P::Id>) -> Vec<P> {
        ids.iter().filter_map(|id| self.known.get(id)).map(|known| known.row.clone()).collect()
    }

    /// Called when the batch is committed.
    pub fn commit(&mut self) {
        self.made.clear();
        self.filled.clear();
    }

    /// Called when the batch has failed: removes what it has added.
    pub fn roll_back(&mut self) {
        for id in std::mem::take(&mut self.made).into_iter().chain(std::mem::take(&mut self.filled)) {
            self.known.remove(&id);
        }
    }
}

/// The ids of all people that notes mention.
#[derive(Default)]
pub struct PersonIds {
    pub customers: BTreeSet<CustomerId>,
    pub users: BTreeSet<UserId>,
}

impl PersonIds {
    pub fn by<'a>(notes: impl Iterator<Item = &'a ImportedNote>) -> Self {
        let mut mentioned = Self::default();
        for note in notes {
            mentioned.customers.extend(note.row.customer_id);
            mentioned.users.extend(note.row.user_id.iter().chain(&note.row.updated_by_id));
            for assignee in &note.assignees {
                mentioned.users.insert(assignee.user.id);
                mentioned.users.extend(assignee.assigned_by.as_ref().map(|user| user.id));
            }
            mentioned.users.extend(note.messages.iter().filter_map(|message| message.row.posted_by_id));
        }
        mentioned
    }
}
