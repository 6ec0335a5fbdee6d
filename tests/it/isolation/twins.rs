//! Two servers with the same rows, except for hidden rows.

use notegraph::ids::{CompanyId, CustomerId, MessageId, NoteId, NoteTypeId, TokenId, UserId};
use notegraph::store::db::{self, CountedId, Transaction};
use notegraph::store::entity::company;
use sea_orm::{EntityTrait, QueryOrder};

use testkit::{App, Response, reserve_all};

/// A server with the hidden rows, and one without them.
pub struct Twins {
    pub with: App,
    pub without: App,
}

impl Twins {
    /// Waits until the event logs are complete, so that both servers show the same events.
    pub async fn settle(&self) {
        self.with.settle().await;
        self.without.settle().await;
    }

    /// Levels both servers: from now on their times and new ids are the same again.
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
            level::<CustomerId>(&transactions, company.id).await;
            level::<UserId>(&transactions, company.id).await;
            level::<NoteTypeId>(&transactions, company.id).await;
            level::<NoteId>(&transactions, company.id).await;
            level::<MessageId>(&transactions, company.id).await;
            level::<TokenId>(&transactions, company.id).await;
        }
        for transaction in transactions {
            transaction.commit().await.unwrap();
        }
    }
}

/// Levels the counter of one kind of record.
async fn level<I: CountedId>(transactions: &[Transaction; 2], company: CompanyId) {
    let mut largest = I::default();
    for transaction in transactions {
        let ids = db::allocate_dense(transaction, company, 1).await.unwrap();
        largest = largest.max(ids[0]);
    }
    for transaction in transactions {
        db::reserve(transaction, company, largest).await.unwrap();
    }
}

/// Raises the id counters: new ids of all companies are greater than `largest`, and each kind of record in each company
/// gets its own range.
pub async fn start_ids_behind(app: &App, largest: i64) {
    let companies = company::Entity::find().order_by_asc(company::Column::Id).all(app.db().read()).await.unwrap();
    let transaction = app.db().begin().await.unwrap();
    let mut times = 0;
    for company in companies {
        let next = || {
            times += 1;
            times * largest
        };
        reserve_all(&transaction, company.id, next).await;
    }
    transaction.commit().await.unwrap();
}

/// The response without its request ID, which always differs. Asserts that the server did not fail: two equal failures
/// would prove nothing.
#[track_caller]
pub fn lasting(response: &Response) -> String {
    assert!(!response.text.contains(r#""INTERNAL""#), "{}", response.text);
    let id = response.headers["x-request-id"].to_str().unwrap();
    format!("{} {}", response.status, response.text.replace(id, "REQUEST"))
}

/// Fails if two responses differ, and shows the first difference.
#[track_caller]
pub fn assert_alike(one: &str, other: &str, what: impl FnOnce() -> String) {
    if one == other {
        return;
    }
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(300)).take(600).collect::<String>();
    panic!("{}\nafter {same} characters:\n{}\nand\n{}", what(), around(one), around(other));
}
