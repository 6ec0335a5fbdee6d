//! Two servers with the same rows, but for what is not to show in either.

use notegraph::db::{self, Table};

use crate::support::{App, Response};

/// The server that has what is not to show, and the one that has not.
pub struct Twins {
    pub with: App,
    pub without: App,
}

/// Whose new ids show.
const COUNTED: [Table; 6] = [Table::Customer, Table::User, Table::NoteType, Table::Note, Table::Message, Table::Event];

impl Twins {
    /// From now on, the times and the new ids of both are the same again.
    pub async fn level(&self) {
        let clocks = [self.with.clock(), self.without.clock()];
        let [mut one, mut other] = clocks.map(notegraph::clock::Clock::now);
        while one != other {
            if one < other { one = clocks[0].now() } else { other = clocks[1].now() }
        }
        let transactions = [self.with.db().begin().await.unwrap(), self.without.db().begin().await.unwrap()];
        for table in COUNTED {
            let mut largest = 0;
            for transaction in &transactions {
                largest = largest.max(db::next_id(transaction, table).await.unwrap());
            }
            for transaction in &transactions {
                db::reserve(transaction, table, largest).await.unwrap();
            }
        }
        for transaction in transactions {
            transaction.commit().await.unwrap();
        }
    }
}

/// New ids are greater than this one from now on, and no id of one kind is one of another: each kind has as many for itself.
pub async fn start_ids_behind(app: &App, largest: i64) {
    let transaction = app.db().begin().await.unwrap();
    for (table, times) in COUNTED.into_iter().zip(1..) {
        db::reserve(&transaction, table, times * largest).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// The answer as it came, without what is another in each. It tells of no failure of the server: two that fail alike would
/// show nothing.
#[track_caller]
pub fn lasting(response: &Response) -> String {
    assert!(!response.text.contains(r#""INTERNAL""#), "{}", response.text);
    let id = response.headers["x-request-id"].to_str().unwrap();
    format!("{} {}", response.status, response.text.replace(id, "REQUEST"))
}

/// Fails where two answers differ, and says where first.
#[track_caller]
pub fn assert_alike(one: &str, other: &str, what: impl FnOnce() -> String) {
    if one == other {
        return;
    }
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(300)).take(600).collect::<String>();
    panic!("{}\nafter {same} characters:\n{}\nand\n{}", what(), around(one), around(other));
}
