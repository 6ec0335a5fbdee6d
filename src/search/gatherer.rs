use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::ids::{CompanyId, NoteId};
use crate::store::PendingWords;
use crate::store::db::Db;
use crate::store::db::full_text::{self, PendingNote};

/// Maximum number of notes in a transaction, and of the parts that it reads; the thread of one note may have more parts.
/// A change of one of these notes waits until the transaction ends.
const NOTES: u64 = 100;
const PARTS: i64 = 1_000;
/// The pause before the first transaction: changes that follow each other are gathered together.
const DELAY: Duration = Duration::from_millis(200);
/// Pause after a transaction: at least `PAUSE`, and as long as the transaction took. Gathering therefore uses at most
/// half of the time of `SQLite`'s single writer.
const PAUSE: Duration = Duration::from_millis(5);
/// Maximum time between two looks at the database, for the changes of other processes, and of one that was killed.
const INTERVAL: Duration = Duration::from_secs(30);
/// The notes that wait are counted up to this number.
const COUNTED: u64 = 100_000;

/// The key before all others.
const FIRST: (CompanyId, NoteId) = (CompanyId(i64::MIN), NoteId(i64::MIN));

/// Gathers the words of changed notes, in the background and in short transactions. Several servers may do so on one
/// database at the same time; what an interrupted one leaves is gathered by the next. Searches find the same notes before
/// and after.
#[derive(Clone)]
pub struct Gatherer {
    pub db: Db,
    /// The notes that mutations of this process have marked.
    pub pending: PendingWords,
}

impl Gatherer {
    /// Gathers whenever notes wait, until `stop` is true or its sender is gone. A running transaction is completed
    /// first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.sweep(&mut stop).await {
                tracing::warn!(%error, "cannot gather the words of changed notes; searches read their texts until it succeeds");
            }
            let ends = tokio::select! {
                () = self.pending.added(INTERVAL) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            if ends || pause(&mut stop, DELAY).await {
                return;
            }
        }
    }

    /// Gathers the words of all notes that wait and that nobody else gathers or changes.
    ///
    /// # Errors
    /// When the database fails; what was gathered before stays gathered.
    pub async fn gather_all(&self) -> Result<(), DbErr> {
        let (_open, mut stop) = watch::channel(false);
        self.sweep(&mut stop).await
    }

    /// Goes through the notes that wait, in the order of their keys, so that no company waits for another one that
    /// changes without a pause.
    async fn sweep(&self, stop: &mut watch::Receiver<bool>) -> Result<(), DbErr> {
        let mut after = FIRST;
        loop {
            let count = full_text::count_pending(self.db.read(), COUNTED).await?;
            self.pending.set(count);
            #[expect(clippy::cast_precision_loss, reason = "the count is limited")]
            metrics::gauge!("notegraph_search_pending_notes").set(count as f64);
            if count == 0 {
                return Ok(());
            }
            let started = Instant::now();
            let Some(last) = self.step(after).await? else {
                if after == FIRST {
                    // Others hold the rest.
                    return Ok(());
                }
                after = FIRST;
                continue;
            };
            after = last;
            if pause(stop, PAUSE.max(started.elapsed())).await {
                return Ok(());
            }
        }
    }

    /// Runs one transaction, and returns the key of the last note that it gathered; `None` if there was none.
    async fn step(&self, after: (CompanyId, NoteId)) -> Result<Option<(CompanyId, NoteId)>, DbErr> {
        let transaction = self.db.begin().await?;
        let mut notes = full_text::lock_pending(&transaction, after, NOTES).await?;
        notes.truncate(affordable(&notes));
        for notes in notes.chunk_by(|one, other| one.company_id == other.company_id) {
            let ids: Vec<NoteId> = notes.iter().map(|note| note.note_id).collect();
            full_text::gather(&transaction, notes[0].company_id, &ids).await?;
        }
        transaction.commit_if(!notes.is_empty()).await?;
        metrics::counter!("notegraph_search_gathered_notes_total").increment(notes.len() as u64);
        Ok(notes.last().map(|note| (note.company_id, note.note_id)))
    }
}

/// How many of the notes one transaction gathers: at least one.
fn affordable(notes: &[PendingNote]) -> usize {
    let mut parts = 0;
    let affordable = notes.iter().take_while(|note| {
        parts += note.parts;
        parts <= PARTS
    });
    affordable.count().max(1)
}

/// Waits; returns whether to stop.
async fn pause(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    timeout(time, stop.wait_for(|stop| *stop)).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_reads_a_limited_number_of_parts() {
        let notes = |parts: &[i64]| -> Vec<PendingNote> {
            let note = |&parts: &i64| PendingNote { company_id: CompanyId(1), note_id: NoteId(1), parts };
            parts.iter().map(note).collect()
        };
        assert_eq!(affordable(&notes(&[3; 100])), 100);
        assert_eq!(affordable(&notes(&[600, 400, 1, 1])), 2);
        assert_eq!(affordable(&notes(&[20_000, 1])), 1);
    }
}
