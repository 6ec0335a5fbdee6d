//! Two servers with the same rows, but for what is not to show in either.

use notegraph::db;
use notegraph::entity::company;
use sea_orm::{EntityTrait, QueryOrder};

use crate::support::{App, Response, TABLES};

/// The server that has what is not to show, and the one that has not.
pub struct Twins {
    pub with: App,
    pub without: App,
}

impl Twins {
    /// From now on, the times and the new ids of both are the same again.
    pub async fn level(&self) {
        let clocks = [self.with.clock(), self.without.clock()];
        let [mut one, mut other] = clocks.map(notegraph::clock::Clock::now);
        while one != other {
            if one < other { one = clocks[0].now() } else { other = clocks[1].now() }
        }
        let companies = async |app: &App| company::Entity::find().all(app.db().read()).await.unwrap();
        let (with, without) = (companies(&self.with).await, companies(&self.without).await);
        let transactions = [self.with.db().begin().await.unwrap(), self.without.db().begin().await.unwrap()];
        for company in with.iter().filter(|company| without.iter().any(|other| other.id == company.id)) {
            for table in TABLES {
                let mut largest = 0;
                for transaction in &transactions {
                    let ids = db::dense_ids(transaction, company.id, table, 1).await.unwrap();
                    largest = largest.max(ids[0]);
                }
                for transaction in &transactions {
                    db::reserve(transaction, company.id, table, largest).await.unwrap();
                }
            }
        }
        for transaction in transactions {
            transaction.commit().await.unwrap();
        }
    }
}

/// New ids of all companies are greater than this one from now on, and no id of one kind or company is one of another:
/// each has as many for itself.
pub async fn start_ids_behind(app: &App, largest: i64) {
    let companies = company::Entity::find().order_by_asc(company::Column::Id).all(app.db().read()).await.unwrap();
    let transaction = app.db().begin().await.unwrap();
    let mut times = 0;
    for company in companies {
        for table in TABLES {
            times += 1;
            db::reserve(&transaction, company.id, table, times * largest).await.unwrap();
        }
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
