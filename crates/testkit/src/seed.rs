//! Rows to start a test from. Each has plausible values; a closure changes those that matter for the test.

use std::ops::Deref;

use chrono::{DateTime, Utc};
use notegraph::auth::{NewToken, create_token};
use notegraph::ids::{CompanyId, CustomerId, MessageId, NoteId, NoteTypeId, TokenId, UserId};
use notegraph::people::{self, KnownWords, Searchable};
use notegraph::search;
use notegraph::store::db::{self, CountedId, Transaction};
use notegraph::store::entity::note::{NoteStatus, Tags};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::user::UserStatus;
use notegraph::store::entity::{assignment, company, customer, message, note, note_type, user};
use notegraph::text::casefold::casefold;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, ModelTrait,
    QueryFilter,
};

use super::app::App;
use super::client::Client;

/// Number of ids of each table that a company has before those of the next one begin.
const IDS: i64 = 1_000_000;
/// Number of companies with disjoint ids.
const MOST_COMPANIES: i64 = 1_000;

/// A company, and functions that insert its rows.
#[derive(Clone)]
pub struct Company {
    app: App,
    row: company::Model,
}

/// A user, who can get tokens.
#[derive(Clone)]
pub struct User {
    app: App,
    row: user::Model,
}

impl App {
    /// Creates a company.
    pub async fn company(&self, name: &str) -> Company {
        Company::create(self, name).await
    }

    /// Inserts a row into any table.
    pub async fn insert<M>(&self, row: M) -> M
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        M::Entity: EntityTrait<Model = M>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelBehavior + Send,
    {
        insert(self, row).await
    }
}

impl Company {
    pub async fn create(app: &App, name: &str) -> Self {
        let transaction = app.db().begin().await.unwrap();
        let id = app.db().ids().new_company(&transaction).await.unwrap();
        let row = company::Model { id, name: name.to_owned(), created_on: app.clock().now() };
        let row = insert_into(&transaction, row).await;
        // Companies have disjoint ids, so that a test that requests ids of another company cannot hit its own.
        reserve_all(&transaction, id, || (id.0 - 1) % MOST_COMPANIES * IDS).await;
        transaction.commit().await.unwrap();
        Self { app: app.clone(), row }
    }

    pub async fn user(&self, username: &str) -> User {
        self.user_with(username, |_| {}).await
    }

    pub async fn user_with(&self, username: &str, change: impl FnOnce(&mut user::Model)) -> User {
        let mut row = user::Model {
            company_id: self.id,
            id: new_id(&self.app, self.id).await,
            external_key: None,
            status: UserStatus::Active,
            first_name: Some(username.to_owned()),
            last_name: None,
            full_name: username.to_owned(),
            email: None,
            username: username.to_owned(),
            profile_photo: None,
            employee_id: None,
            mobile_number: None,
            business_location_id: None,
            enable2_fa: None,
            modified_on: None,
            created_by: None,
            role: None,
            source: None,
        };
        change(&mut row);
        let row = insert(&self.app, row).await;
        find_by_words::<user::Entity>(&self.app, &row).await;
        User { app: self.app.clone(), row }
    }

    pub async fn customer(&self, name: &str) -> customer::Model {
        self.customer_with(name, |_| {}).await
    }

    pub async fn customer_with(&self, name: &str, change: impl FnOnce(&mut customer::Model)) -> customer::Model {
        let mut row = customer::Model {
            company_id: self.id,
            id: new_id(&self.app, self.id).await,
            external_key: None,
            company_name: None,
            company_title: None,
            first_name: Some(name.to_owned()),
            middle_name: None,
            last_name: None,
            full_name: name.to_owned(),
            locale: None,
            is_member: false,
            was_member: false,
            has_applied: false,
            flag: None,
            email: None,
            mobile_country_code: None,
            mobile_number: None,
            mobile_full: None,
            phone_country_code: None,
            phone_number: None,
            phone_full: None,
            profile_photo: None,
            vip: false,
            home_house_id: None,
            birthdate: None,
            anniversary_date: None,
            created_on: self.app.clock().now(),
            source: None,
        };
        change(&mut row);
        let row = insert(&self.app, row).await;
        find_by_words::<customer::Entity>(&self.app, &row).await;
        row
    }

    pub async fn note_type(&self, name: &str) -> note_type::Model {
        let id = new_id(&self.app, self.id).await;
        let row = note_type::Model { company_id: self.id, id, name: name.to_owned(), from_import: false };
        insert(&self.app, row).await
    }

    /// An open note without author, customer, messages and assignees.
    pub async fn note(&self, change: impl FnOnce(&mut note::Model)) -> note::Model {
        let created_on = self.app.clock().now();
        let mut row = note::Model {
            company_id: self.id,
            id: new_id(&self.app, self.id).await,
            version: 1,
            type_id: None,
            subject: Some("A note".to_owned()),
            details: None,
            status: NoteStatus::Open,
            priority: false,
            confidential: false,
            show_on_overview: false,
            reminder: None,
            tags: Tags::default(),
            reference_type: None,
            reference_id: None,
            customer_id: None,
            user_id: None,
            message_count: 0,
            created_on,
            updated_on: created_on,
            updated_by_id: None,
            closed_on: None,
            subject_folded: None,
            source: None,
        };
        change(&mut row);
        row.subject_folded = row.subject.as_deref().map(casefold);
        let transaction = self.app.db().begin().await.unwrap();
        let row = insert_into(&transaction, row).await;
        search::add(&transaction, self.id, &search::parts([&row], []), &search::IndexedTexts::default()).await.unwrap();
        transaction.commit().await.unwrap();
        row
    }

    /// Appends a message to the thread of a note, and updates the note's message count and time.
    pub async fn message(&self, note_id: NoteId, change: impl FnOnce(&mut message::Model)) -> message::Model {
        let (company, created_on) = (self.id, self.app.clock().now());
        let id = new_id(&self.app, self.id).await;
        let transaction = self.app.db().begin().await.unwrap();
        let note = note::Entity::find_by_id((company, note_id)).one(&transaction).await.unwrap().unwrap();
        let mut row = message::Model {
            company_id: company,
            id,
            note_id,
            position: note.message_count + 1,
            message: format!("Message {}", note.message_count + 1),
            attachment_url: None,
            attachment_filename: None,
            attachment_content_type: None,
            attachment_size: None,
            posted_by_id: None,
            created_on,
            from_import: false,
            source: None,
        };
        change(&mut row);
        note::Entity::update_many()
            .col_expr(note::Column::MessageCount, Expr::col(note::Column::MessageCount).add(1))
            .col_expr(note::Column::UpdatedOn, Expr::value(Ord::max(row.created_on, note.updated_on)))
            .filter(note::Column::CompanyId.eq(company))
            .filter(note::Column::Id.eq(note_id))
            .exec(&transaction)
            .await
            .unwrap();
        let row = insert_into(&transaction, row).await;
        search::add(&transaction, self.id, &search::parts([], [&row]), &search::IndexedTexts::default()).await.unwrap();
        transaction.commit().await.unwrap();
        row
    }

    /// Assigns a user to a note, after its other assignees.
    pub async fn assign(&self, note_id: NoteId, user_id: UserId) -> assignment::Model {
        self.assign_on(note_id, user_id, self.app.clock().now()).await
    }

    /// Like [`assign`](Self::assign), at a given time.
    pub async fn assign_on(&self, note_id: NoteId, user_id: UserId, created_on: DateTime<Utc>) -> assignment::Model {
        let last = assignment::Entity::find()
            .filter(assignment::Column::CompanyId.eq(self.id))
            .filter(assignment::Column::NoteId.eq(note_id))
            .all(self.app.db().read())
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.position)
            .max();
        let row = assignment::Model {
            company_id: self.id,
            note_id,
            user_id,
            position: last.unwrap_or(0) + 1,
            created_on,
            assigned_by_id: None,
            source: None,
        };
        insert(&self.app, row).await
    }
}

impl User {
    /// A client with a new token of this user.
    pub async fn token(&self, scopes: &[Scope]) -> Client {
        let new = NewToken {
            company_id: self.company_id,
            user_id: self.id,
            name: "test".to_owned(),
            scopes: scopes.to_vec(),
            expires_on: None,
        };
        let transaction = self.app.db().begin().await.unwrap();
        let (_, secret) = create_token(&transaction, self.app.clock(), new).await.unwrap();
        transaction.commit().await.unwrap();
        Client::new(&self.app, Some(secret.reveal().to_owned()))
    }
}

impl Deref for Company {
    type Target = company::Model;

    fn deref(&self) -> &company::Model {
        &self.row
    }
}

impl Deref for User {
    type Target = user::Model;

    fn deref(&self) -> &user::Model {
        &self.row
    }
}

/// Moves the counters of a company past these ids, one for each kind of record.
pub async fn reserve_all(transaction: &Transaction, company: CompanyId, mut largest: impl FnMut() -> i64) {
    db::reserve(transaction, company, CustomerId(largest())).await.unwrap();
    db::reserve(transaction, company, UserId(largest())).await.unwrap();
    db::reserve(transaction, company, NoteTypeId(largest())).await.unwrap();
    db::reserve(transaction, company, NoteId(largest())).await.unwrap();
    db::reserve(transaction, company, MessageId(largest())).await.unwrap();
    db::reserve(transaction, company, TokenId(largest())).await.unwrap();
}

async fn new_id<I: CountedId>(app: &App, company: CompanyId) -> I {
    let transaction = app.db().begin().await.unwrap();
    let id = app.db().ids().allocate_one(&transaction, company).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

async fn find_by_words<E: Searchable>(app: &App, row: &E::Model) {
    let transaction = app.db().begin().await.unwrap();
    people::add::<E>(&transaction, std::slice::from_ref(row), &KnownWords::default()).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Inserts a row into any table.
pub async fn insert<M>(app: &App, row: M) -> M
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    M::Entity: EntityTrait<Model = M>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelBehavior + Send,
{
    let transaction = app.db().begin().await.unwrap();
    let row = insert_into(&transaction, row).await;
    transaction.commit().await.unwrap();
    row
}

async fn insert_into<M>(transaction: &Transaction, row: M) -> M
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    M::Entity: EntityTrait<Model = M>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelBehavior + Send,
{
    // A row that was read counts as unchanged in all columns; a new one must set them all.
    row.into_active_model().reset_all().insert(transaction).await.unwrap()
}
