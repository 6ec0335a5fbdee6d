//! Random notes: with null columns, ties, many scripts, quotes and special characters of patterns.

use chrono::{DateTime, TimeDelta, Utc};
use notegraph::graphql::ListLimits;
use notegraph::ids::{CustomerId, MessageId, NoteId, NoteTypeId, UserId};
use notegraph::search;
use notegraph::store::entity::note::{NoteStatus, ReferenceType, Tags};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::{assignment, message, note};
use notegraph::text::casefold::casefold;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use testkit::{App, Client, Engine, Random};

use crate::search::{Text, text};

const NOTES: usize = 70;
pub const REFERENCES: [&str; 6] = ["7", "Ünï 'quoted\"", "50%_\\", "null", "", "Customer:1"];
pub const KINDS: [(&str, ReferenceType); 3] = [
    ("ORDER", ReferenceType::Order),
    ("MEMBERSHIP_CARD", ReferenceType::MembershipCard),
    ("POINT_EARNED", ReferenceType::PointEarned),
];
pub const SUBJECTS: [&str; 18] = [
    "",
    " ",
    "a",
    "A note",
    "a NOTE of another",
    "Straße 7",
    "STRASSE 7",
    "École",
    "e\u{301}COLE",
    "Привет, мир",
    "ПРИВЕТ",
    "O'Neil said \"no\"",
    "50%_\\ off",
    "50 x\\ off",
    "日本語のメモ",
    "ﬁnal \u{10ffff}",
    "İstanbul",
    "../\u{e000}\u{d7ff}",
];
pub const TAGS: [&str; 6] = ["vip", "VIP", "é", "a'b\"c", "50%", "日本"];

/// A note with its related rows.
pub struct Row {
    pub note: note::Model,
    pub assignees: Vec<UserId>,
    pub messages: Vec<Said>,
    /// The texts that a search examines.
    pub texts: Vec<Text>,
}

impl Row {
    pub fn new(note: note::Model, assignees: Vec<UserId>, messages: Vec<Said>) -> Self {
        let said = messages.iter().map(|said| said.text.clone());
        let texts = Text::of(note.subject.as_deref(), note.details.as_deref(), said);
        Self { note, assignees, messages, texts }
    }
}

/// A message: who posted it, when, and what it says.
pub struct Said {
    pub by: Option<UserId>,
    pub at: DateTime<Utc>,
    pub text: String,
}

/// The notes of a test, and the viewer.
pub struct World {
    pub app: App,
    pub client: Client,
    pub limits: ListLimits,
    pub viewer: UserId,
    /// Whether the viewer sees the confidential notes of others.
    confidential: bool,
    pub customers: Vec<CustomerId>,
    pub users: Vec<UserId>,
    pub types: Vec<NoteTypeId>,
    pub rows: Vec<Row>,
    pub start: DateTime<Utc>,
}

impl World {
    pub async fn random(random: &mut Random, confidential: bool) -> Self {
        Self::with(ListLimits::default(), random, confidential).await
    }

    /// A random world whose searches have these limits.
    pub async fn with(limits: ListLimits, random: &mut Random, confidential: bool) -> Self {
        let app = App::start_with(&Engine::of_this_run(), limits).await;
        let (acme, other) = (app.company("Acme").await, app.company("Other").await);
        let (mut customers, mut users, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for name in ["a", "b", "c", "d"] {
            customers.push(acme.customer(name).await.id);
            types.push(acme.note_type(name).await.id);
            users.push(acme.user(name).await.id);
        }
        let viewer = acme.user("viewer").await;
        users.push(viewer.id);
        let template = acme.note(|_| {}).await;
        let theirs = text(random);
        let of_others = other.note(|note| note.details = Some(theirs)).await;
        let scopes: &[Scope] = if confidential { &[Scope::Read, Scope::Confidential] } else { &[Scope::Read] };
        let client = viewer.token(scopes).await;
        let start = template.created_on;
        let mut world = Self {
            app,
            client,
            limits,
            viewer: viewer.id,
            confidential,
            customers,
            users,
            types,
            rows: Vec::new(),
            start,
        };
        for id in (of_others.id.0 + 1..).map(NoteId).take(NOTES) {
            let row = world.row(note::Model { id, ..template.clone() }, random);
            world.rows.push(row);
        }
        world.insert().await;
        world.rows.push(Row::new(template, Vec::new(), Vec::new()));
        world
    }

    /// One of a few times, so that many notes share them.
    pub fn time(&self, random: &mut Random) -> DateTime<Utc> {
        self.start + TimeDelta::hours(i64::try_from(random.below(9)).unwrap())
    }

    fn row(&self, mut note: note::Model, random: &mut Random) -> Row {
        note.created_on = self.time(random);
        note.updated_on = note.created_on + TimeDelta::hours(i64::try_from(random.below(3)).unwrap());
        note.reminder = random.chance(50).then(|| self.time(random));
        note.closed_on = random.chance(40).then(|| self.time(random));
        note.subject = random.some(80, &SUBJECTS).map(|subject| {
            // Long subjects, which differ only after the part that is indexed.
            if random.chance(15) { "x".repeat(99) + subject } else { subject.to_owned() }
        });
        if random.chance(40) {
            note.subject = Some(text(random));
        }
        note.details = random.chance(60).then(|| text(random));
        note.subject_folded = note.subject.as_deref().map(casefold);
        note.customer_id = random.some(70, &self.customers);
        note.user_id = random.some(70, &self.users);
        note.type_id = random.some(70, &self.types);
        note.reference_type = random.some(60, &KINDS).map(|kind| kind.1);
        note.reference_id = random.some(60, &REFERENCES).map(str::to_owned);
        note.priority = random.chance(30);
        note.confidential = random.chance(30);
        note.show_on_overview = random.chance(30);
        note.status = if random.chance(40) { NoteStatus::Closed } else { NoteStatus::Open };
        // Some tags occur twice, as an import may bring them.
        note.tags = Tags((0..random.below(4)).map(|_| (*random.pick(&TAGS)).to_owned()).collect());
        if random.chance(10) {
            note.tags.0.extend(TAGS.map(str::to_owned));
        }
        let share = if random.chance(10) { 100 } else { 25 };
        let assignees = self.users.iter().copied().filter(|_| random.chance(share)).collect();
        let count = random.below(4);
        let said = |_| Said { by: random.some(80, &self.users), at: self.time(random), text: text(random) };
        let messages: Vec<_> = (0..count).map(said).collect();
        note.message_count = i32::try_from(messages.len()).unwrap();
        Row::new(note, assignees, messages)
    }

    /// Inserts all rows in one transaction, as they are many.
    async fn insert(&self) {
        let transaction = self.app.db().begin().await.unwrap();
        let mut messages = 0;
        for Row { note, assignees, messages: thread, .. } in &self.rows {
            note.clone().into_active_model().reset_all().insert(&transaction).await.unwrap();
            for (position, &user_id) in (1..).zip(assignees) {
                let row = assignment::Model {
                    company_id: note.company_id,
                    note_id: note.id,
                    user_id,
                    position,
                    created_on: note.created_on,
                    assigned_by_id: None,
                    source: None,
                };
                row.into_active_model().reset_all().insert(&transaction).await.unwrap();
            }
            let mut rows = Vec::new();
            for (position, said) in (1..).zip(thread) {
                messages += 1;
                let row = message::Model {
                    company_id: note.company_id,
                    id: MessageId(messages),
                    note_id: note.id,
                    position,
                    message: said.text.clone(),
                    attachment_url: None,
                    attachment_filename: None,
                    attachment_content_type: None,
                    attachment_size: None,
                    posted_by_id: said.by,
                    created_on: said.at,
                    from_import: false,
                    source: None,
                };
                rows.push(row.into_active_model().reset_all().insert(&transaction).await.unwrap());
            }
            search::add(&transaction, note.company_id, &search::parts([note], &rows), &search::IndexedTexts::default())
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }

    pub fn sees(&self, row: &Row) -> bool {
        let own = row.note.user_id == Some(self.viewer) || row.assignees.contains(&self.viewer);
        self.confidential || !row.note.confidential || own
    }
}
