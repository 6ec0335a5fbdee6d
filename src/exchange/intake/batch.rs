//! Writes batches, each in a transaction; if one fails, it is written record by record.

use std::collections::{BTreeSet, HashSet};

use sea_orm::DbErr;

use super::failure::{Failed, Verdict};
use super::ids::IdAllocator;
use super::people::{PersonCache, PersonIds};
use super::plan::{ImportOutcome, ImportPlan};
use super::rows::BatchRows;
use super::types::Types;
use super::{ImportError, Options, Report, Summary, company, existing};
use crate::clock::Clock;
use crate::exchange::note::ImportedNote;
use crate::exchange::record::{Record, RecordLocation};
use crate::ids::CompanyId;
use crate::quota::{StorageUsage, row_bytes};
use crate::search::{self, IndexedTexts};
use crate::store::db::{Db, DbFault, Transaction};
use crate::store::entity::{customer, user};

/// Maximum number of attempts per record if other writers interfere.
const TRIES: usize = 5;

pub struct Importer<'a> {
    db: &'a Db,
    clock: &'a Clock,
    options: &'a Options,
    trial: Option<Transaction>,
    ids: IdAllocator,
    company_id: Option<CompanyId>,
    types: Option<Types>,
    customers: PersonCache<customer::Model>,
    users: PersonCache<user::Model>,
    summary: Summary,
}

/// A valid record.
struct ReadRecord {
    location: RecordLocation,
    raw: Vec<u8>,
    note: Box<ImportedNote>,
}

/// The result of a committed batch: the fate and the warnings of each record.
struct Done {
    outcomes: Vec<(Result<ImportOutcome, String>, Vec<String>)>,
    summary: Summary,
}

impl<'a> Importer<'a> {
    /// `trial` is the transaction of a dry run.
    pub fn new(db: &'a Db, clock: &'a Clock, options: &'a Options, trial: Option<Transaction>) -> Self {
        Self {
            db,
            clock,
            options,
            trial,
            ids: IdAllocator::new(db.ids().clone(), options.dry_run),
            company_id: None,
            types: None,
            customers: PersonCache::new("customer"),
            users: PersonCache::new("user"),
            summary: Summary::default(),
        }
    }

    /// Ends the import after the last record: rolls back a dry run, and returns the summary.
    pub async fn end(self) -> Result<Summary, DbErr> {
        if let Some(trial) = self.trial {
            trial.rollback().await?;
        }
        Ok(self.summary)
    }

    pub async fn take(&mut self, batch: Vec<Record>, report: &mut dyn Report) -> Result<(), ImportError> {
        let mut group: Vec<ReadRecord> = Vec::new();
        let mut ids = BTreeSet::new();
        for record in batch {
            self.summary.read += 1;
            match record.note {
                Err(reason) => {
                    self.summary.rejected += 1;
                    report.rejected(&record.location, &reason, &record.raw);
                    report.progress(1);
                }
                Ok(note) => {
                    // If a batch contains a note twice, the second record is compared with what the first has written.
                    if !ids.insert(note.row.id) {
                        self.write(std::mem::take(&mut group), report).await?;
                        ids = BTreeSet::from([note.row.id]);
                    }
                    group.push(ReadRecord { location: record.location, raw: record.raw, note });
                }
            }
        }
        self.write(group, report).await
    }

    async fn write(&mut self, group: Vec<ReadRecord>, report: &mut dyn Report) -> Result<(), ImportError> {
        if group.is_empty() {
            return Ok(());
        }
        match self.attempt(&group).await {
            Ok(done) => self.settle(&group, done, report),
            Err(Failed { error, verdict: Verdict::Fatal }) => return Err(error.into()),
            Err(_) => {
                for one in &group {
                    self.write_one(one, report).await?;
                }
            }
        }
        Ok(())
    }

    async fn write_one(&mut self, one: &ReadRecord, report: &mut dyn Report) -> Result<(), ImportError> {
        let one = std::slice::from_ref(one);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(one).await {
                Ok(done) => {
                    self.settle(one, done, report);
                    return Ok(());
                }
                Err(Failed { error, verdict }) => match verdict {
                    Verdict::Again | Verdict::Busy if tries < TRIES => {}
                    Verdict::Busy | Verdict::Fatal => return Err(error.into()),
                    Verdict::Again | Verdict::Record => {
                        let reason = match error {
                            DbErr::Custom(reason) => reason,
                            error => format!("the database rejects it: {error}"),
                        };
                        let outcomes = vec![(Err(reason), Vec::new())];
                        self.settle(one, Done { outcomes, summary: Summary::default() }, report);
                        return Ok(());
                    }
                },
            }
        }
    }

    /// Counts and reports the results of a batch.
    fn settle(&mut self, group: &[ReadRecord], done: Done, report: &mut dyn Report) {
        self.summary.absorb(done.summary);
        for (taken, (outcome, own)) in group.iter().zip(done.outcomes) {
            match outcome {
                Ok(ImportOutcome::Skipped) => self.summary.skipped += 1,
                Ok(outcome) => {
                    let count = if outcome == ImportOutcome::Created {
                        &mut self.summary.created
                    } else {
                        &mut self.summary.updated
                    };
                    *count += 1;
                    for warning in taken.note.warnings.iter().chain(&own) {
                        self.summary.warnings += 1;
                        report.warning(&taken.location, warning);
                    }
                }
                Err(reason) => {
                    self.summary.rejected += 1;
                    report.rejected(&taken.location, &reason, &taken.raw);
                }
            }
        }
        report.progress(group.len() as u64);
    }

    /// Runs one transaction. If it fails, neither the database nor the state in memory has changed.
    async fn attempt(&mut self, group: &[ReadRecord]) -> Result<Done, Failed> {
        let texts = self.tokenized(group).await?;
        let transaction = match &self.trial {
            Some(trial) => trial.begin().await?,
            None => self.db.begin().await?,
        };
        let result = match self.work(&transaction, group, texts).await {
            Ok(done) => transaction.commit().await.map(|()| done).map_err(|error| self.failed(error)),
            Err(error) => match transaction.rollback().await {
                Ok(()) => Err(self.failed(error)),
                // SQLite has already rolled back everything, including a trial's outer transaction, so later writes
                // would be permanent. Report the first error, as it tells the cause.
                Err(_) => Err(Failed::fatal(error)),
            },
        };
        if result.is_ok() {
            self.customers.commit();
            self.users.commit();
        } else {
            self.customers.roll_back();
            self.users.roll_back();
            // They may have been created in the failed transaction, so look them up again.
            (self.types, self.company_id) = (None, None);
        }
        result
    }

    /// A trial ends at the first fault of the database, as the state of its only transaction is unknown then.
    fn failed(&self, error: DbErr) -> Failed {
        if self.trial.is_some() && DbFault::of(&error).is_some() { Failed::fatal(error) } else { error.into() }
    }

    /// Tokenizes the texts of records that will probably be written, before the transaction, for which other writers of
    /// `SQLite` wait. The first batch finds its company in its transaction, and tokenizes there.
    async fn tokenized(&self, group: &[ReadRecord]) -> Result<IndexedTexts, DbErr> {
        let Some(company_id) = self.company_id else { return Ok(IndexedTexts::default()) };
        let ids = group.iter().map(|one| one.note.row.id);
        let skipped =
            if self.options.update { HashSet::new() } else { existing::ids(self.db.read(), company_id, ids).await? };
        let notes = || group.iter().map(|one| &one.note).filter(|note| !skipped.contains(&note.row.id));
        let messages = notes().flat_map(|note| note.messages.iter().map(|message| &message.row));
        let parts = search::parts(notes().map(|note| &note.row), messages);
        IndexedTexts::of(&parts, &IndexedTexts::default(), company_id, self.db.dialect()).await
    }

    async fn work(
        &mut self,
        transaction: &Transaction,
        group: &[ReadRecord],
        texts: IndexedTexts,
    ) -> Result<Done, DbErr> {
        transaction.forget_plans().await?;
        let company_id = self.company(transaction, group).await?;
        let existing = existing::load(transaction, company_id, group.iter().map(|one| one.note.row.id)).await?;
        let (mut summary, mut types) = (
            Summary::default(),
            match self.types.take() {
                Some(types) => types,
                None => Types::load(transaction, company_id).await?,
            },
        );
        let wanted = group.iter().map(|one| &*one.note);
        let wanted = wanted.filter(|note| self.options.update || !existing.contains_key(&note.row.id));
        summary.note_types = types.make(transaction, company_id, wanted, &mut self.ids).await?;
        let mentioned = PersonIds::by(group.iter().map(|one| &*one.note));
        self.customers.look_up::<customer::Entity>(transaction, company_id, &mentioned.customers).await?;
        self.users.look_up::<user::Entity>(transaction, company_id, &mentioned.users).await?;
        let messages = group.iter().flat_map(|one| &one.note.messages).filter(|message| !message.row.from_import);
        let taken =
            existing::taken_messages(transaction, company_id, messages.map(|message| message.row.id).collect()).await?;
        let mut plan = ImportPlan {
            company_id,
            now: self.clock.now(),
            update: self.options.update,
            customers: &mut self.customers,
            users: &mut self.users,
            types: &types,
            existing,
            taken,
            rows: BatchRows { texts, ..BatchRows::default() },
            summary,
        };
        let mut outcomes = Vec::with_capacity(group.len());
        for one in group {
            let mut warnings = Vec::new();
            outcomes.push((plan.take(&one.note, &mut warnings), warnings));
        }
        let ImportPlan { mut rows, mut summary, .. } = plan;
        let made = (self.customers.made(), self.users.made());
        let people = made.0.iter().map(row_bytes).chain(made.1.iter().map(row_bytes)).sum();
        rows.growth += StorageUsage::of_bytes(people);
        if let Some(exceeded) = self.options.quota.check(transaction, company_id, rows.growth).await? {
            return Err(DbErr::Custom(exceeded.to_string()));
        }
        (summary.customers, summary.users) = (made.0.len() as u64, made.1.len() as u64);
        let filled = (self.customers.filled(), self.users.filled());
        rows.write(transaction, company_id, made, filled, &mut self.ids).await?;
        self.types = Some(types);
        Ok(Done { outcomes, summary })
    }

    async fn company(&mut self, transaction: &Transaction, group: &[ReadRecord]) -> Result<CompanyId, DbErr> {
        if let Some(id) = self.company_id {
            return Ok(id);
        }
        let given = group.iter().find_map(|one| one.note.company_id);
        let company = company::find_or_make(transaction, self.clock, &self.options.company, given, &self.ids).await?;
        self.company_id = Some(company.id);
        Ok(company.id)
    }
}
