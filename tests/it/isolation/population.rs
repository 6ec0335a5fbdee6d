//! Random people and notes of a company, reproducible from the seed.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use notegraph::graphql::global_id::NodeId;
use notegraph::ids::{CustomerId, MessageId, NoteId, NoteTypeId, UserId};
use notegraph::store::entity::note::{NoteStatus, ReferenceType, Tags};
use notegraph::store::entity::{message, note, note_type};
use testkit::{App, Company, User};

use super::operation::{own_key, time};
use super::twins::start_ids_behind;
use super::words::Words;
use crate::oracle::random::Random;

/// Number of notes that everybody in the company sees, except those that are confidential by chance.
const NOTES: i64 = 40;
/// Distance between the ids of these notes.
const STEP: i64 = 10;
/// Greater than all initial ids.
pub const FIRST: i64 = 1_000_000;

/// A company and its people.
pub struct Population {
    pub company: Company,
    pub users: Vec<User>,
    pub customers: Vec<CustomerId>,
    pub types: Vec<NoteTypeId>,
}

impl Population {
    /// Creates people, note types and notes.
    pub async fn new(app: &App, name: &str, words: &Words, random: &mut Random) -> Self {
        let company = app.company(name).await;
        let mut population = Self { company, users: Vec::new(), customers: Vec::new(), types: Vec::new() };
        for (number, id) in (1..=6).enumerate() {
            let (phrase, name) = (words.phrase(random), format!("user {id}"));
            let company = &population.company;
            let user = company.user_with(&name, |user| {
                (user.id, user.full_name) = (UserId(id), phrase);
                user.external_key = Some(own_key(number + 1));
            });
            population.users.push(user.await);
        }
        for id in 1..=5 {
            let phrase = words.phrase(random);
            let company = &population.company;
            let customer = company.customer_with("customer", |customer| {
                (customer.id, customer.full_name, customer.created_on) = (CustomerId(id), phrase, at(random));
                customer.external_key = random.perhaps(format!("key {id}"));
                customer.mobile_number = random.perhaps("0171 123".to_owned());
            });
            population.customers.push(customer.await.id);
        }
        for id in (1..=4).map(NoteTypeId) {
            let (company_id, name) = (population.company.id, format!("type {id}"));
            app.insert(note_type::Model { company_id, id, name, from_import: false }).await;
            population.types.push(id);
        }
        for number in 1..=NOTES {
            population.note(number * STEP, words, random, &population.users, |_| {}).await;
        }
        start_ids_behind(app, FIRST).await;
        population
    }

    /// Creates a note by and for some of these users. Its id and times do not depend on earlier rows.
    pub async fn note(
        &self,
        id: i64,
        words: &Words,
        random: &mut Random,
        users: &[User],
        change: impl FnOnce(&mut note::Model),
    ) {
        let note = self.company.note(|note| {
            note.id = NoteId(id);
            note.user_id = random.percent(85).then(|| random.one(users).id);
            note.customer_id = random.percent(80).then(|| *random.one(&self.customers));
            note.type_id = random.percent(70).then(|| *random.one(&self.types));
            note.updated_by_id = random.percent(40).then(|| random.one(users).id);
            note.confidential = random.percent(15);
            note.priority = random.percent(40);
            note.show_on_overview = random.percent(40);
            note.status = *random.one(&[NoteStatus::Open, NoteStatus::Closed]);
            note.subject = random.percent(90).then(|| words.phrase(random));
            note.details = random.percent(60).then(|| words.phrase(random));
            note.tags = Tags((0..random.below(3)).map(|_| Words::tag(random)).collect());
            note.reference_type = random.perhaps(ReferenceType::Order);
            note.reference_id = random.percent(50).then(|| format!("R{}", random.below(4)));
            note.created_on = at(random);
            note.updated_on = note.created_on + TimeDelta::minutes(random.between(0, 9));
            note.reminder = random.percent(50).then(|| at(random));
            note.closed_on = random.percent(50).then(|| at(random));
            change(note);
        });
        let note = note.await;
        for number in 0..random.between(0, 3) {
            let change = |message: &mut message::Model| {
                message.id = MessageId(id * 10 + number);
                message.posted_by_id = random.percent(80).then(|| random.one(users).id);
                (message.message, message.created_on) = (words.phrase(random), at(random));
            };
            self.company.message(note.id, change).await;
        }
        let (first, count) = (random.below(users.len()), random.below(4).min(users.len()));
        for index in 0..count {
            self.company.assign_on(note.id, users[(first + index) % users.len()].id, at(random)).await;
        }
    }
}

fn at(random: &mut Random) -> DateTime<Utc> {
    time(random).parse().unwrap()
}

/// The global IDs of records.
pub fn global_ids(ids: &[impl NodeId]) -> VecDeque<String> {
    ids.iter().map(|id| id.global_id().0).collect()
}
