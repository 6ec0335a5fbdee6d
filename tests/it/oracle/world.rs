//! Random rows, few and tightly linked, so that documents reach the same rows again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Arc, LazyLock, Mutex};

use async_graphql::parser::parse_query;
use async_graphql::{Request, Response, ServerError, Variables};
use breadth::document::DocumentError;
use breadth::{Data, FaultInjector, PathSegment, ResponseData, ResponseError};
use chrono::TimeDelta;
use notegraph::auth::Viewer;
use notegraph::ids::{CustomerId, MessageId, NoteId, NoteTypeId, UserId};
use notegraph::meter::Meter;
use notegraph::schema::query_limits::QueryLimits;
use notegraph::schema::{self, Schema};
use notegraph::store::entity::note::{NoteStatus, ReferenceType, Tags};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::user::UserStatus;
use notegraph::store::selected_columns::SelectedNames;
use serde_json::Value;
use testkit::{App, Company};

use super::document::Document;
use super::generate::Words;
use super::random::Random;
use super::stock::{self, Stock};

/// A database with a viewer, and both executors on top of it.
pub struct World {
    pub app: App,
    pub viewer: Viewer,
    pub words: Words,
    schema: Schema,
    stock: Stock,
}

/// Loads that fail, each with its name and a key.
pub type Failing = Vec<(String, String)>;

impl World {
    pub async fn random(random: &mut Random) -> Self {
        let app = App::start().await;
        let company = app.company("Acme \"& Sons\" \u{2028}").await;
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add =
            |kind: &str, key: &dyn Display| ids.entry(kind.to_owned()).or_default().push(format!("{kind}:{key}"));
        add("Company", &company.id);

        let mut users = Vec::new();
        for name in ["ann", "bob", "cem", "dora"] {
            let status = if random.percent(80) { UserStatus::Active } else { UserStatus::Inactive };
            let user = company.user_with(name, |user| {
                user.status = status;
                user.email = random.perhaps(format!("{name}@example.com"));
                user.role = random.perhaps("clerk\n\t\u{1}".to_owned());
                user.enable2_fa = random.perhaps(true);
                user.employee_id = random.perhaps("E1".to_owned());
            });
            let user = user.await;
            add("User", &user.id);
            users.push(user);
        }
        let mut customers = Vec::new();
        for name in ["Cara", "Dan", "Eve 🌱"] {
            let customer = company.customer_with(name, |customer| {
                customer.mobile_number = random.perhaps("123".to_owned());
                customer.phone_full = random.perhaps("+49 123".to_owned());
                customer.email = random.perhaps("a@example.com".to_owned());
                customer.vip = random.percent(50);
                customer.birthdate = random.perhaps("1990-02-28".parse().unwrap());
            });
            let customer = customer.await;
            add("Customer", &customer.id);
            customers.push(customer.id);
        }
        let mut types = Vec::new();
        for name in ["Call", "Visit"] {
            let kind = company.note_type(name).await.id;
            add("NoteType", &kind);
            types.push(kind);
        }
        let people: Vec<UserId> = users.iter().map(|user| user.id).collect();
        for _ in 0..8 {
            let Linked { note, messages, assignees } = note(&company, random, &people, &customers, &types).await;
            add("Note", &note);
            for message in messages {
                add("NoteMessage", &message);
            }
            for user in assignees {
                add("NoteAssignee", &format!("{note}:{user}"));
            }
        }

        let mut scopes = vec![*random.one(&[Scope::Read, Scope::Write])];
        scopes.extend(random.perhaps(Scope::Confidential));
        let viewer = Viewer { company_id: users[0].company_id, user_id: users[0].id, token_id: None, scopes };
        let words = Words { ids, cursors: Vec::new() };
        let mut world = Self { app, viewer, words, schema: schema::build(), stock: stock::build() };
        world.words.cursors = world.cursors().await;
        world
    }

    /// The data of an operation on the document. Loads fail if `fails` returns true for them.
    fn carried(&self, selected: &SelectedNames, fails: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Data {
        let data = self.app.context().data(selected, self.viewer.clone(), &Meter::unlimited());
        data.with(FaultInjector(Box::new(fails)))
    }

    /// The server's response, and all loads that it made.
    pub async fn asked(&self, document: &Document) -> (Response, Failing) {
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let record = Arc::clone(&asked);
        let fails = move |question: &str, key: &str| {
            record.lock().unwrap().insert((question.to_owned(), key.to_owned()));
            false
        };
        let answer = self.run(&document.text(), document.sent().into(), fails).await;
        let asked = asked.lock().unwrap().iter().cloned().collect();
        (answer, asked)
    }

    /// The server's response.
    pub async fn ours(&self, document: &Document, failing: &Failing) -> Response {
        self.run(&document.text(), document.sent().into(), fails(failing)).await
    }

    /// Parses the document, and executes it if it and its variables are valid.
    async fn run(
        &self,
        text: &str,
        sent: Value,
        fails: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Response {
        let limits = QueryLimits::default();
        let document = match self.schema.read(text, limits.parser_limits(), &limits.document_limits()) {
            Ok(document) => document,
            Err(DocumentError::Invalid(errors)) => return Response::from_errors(library(errors)),
            Err(refused) => panic!("{refused:?}\n{text}"),
        };
        let operation = document.checked().operation(None).unwrap();
        let variables = match operation.variables(self.schema.types(), Variables::from_json(sent)) {
            Ok(variables) => variables,
            Err(errors) => return Response::from_errors(library(errors)),
        };
        let data = self.carried(&document.selected, fails);
        let answer = self.schema.execute(&document, operation.number, &variables, &data).await;
        let mut response = Response::new(match answer.data {
            ResponseData::Written(pieces) => serde_json::from_slice(&pieces.concat()).unwrap(),
            ResponseData::Null | ResponseData::Nothing => async_graphql::Value::Null,
        });
        response.errors = library(answer.errors);
        response
    }

    /// The response of the library's own executor to the same document.
    pub async fn theirs(&self, document: &Document, failing: &Failing) -> Response {
        // It reads all columns: if ours leaves out a column, the responses differ.
        let data = self.carried(&EVERYTHING, fails(failing));
        // It ignores the defaults of variables in `@skip` and `@include`.
        let variables = Variables::from_json(document.sent_or_default().into());
        let request = Request::new(document.text()).variables(variables).data(Arc::new(data));
        self.stock.execute(request).await
    }

    /// The data of a document without variables.
    pub async fn data(&self, document: &str) -> Value {
        let answer = self.run(document, serde_json::json!({}), |_, _| false).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        serde_json::from_str(&serde_json::to_string(&answer.data).unwrap()).unwrap()
    }

    async fn cursors(&self) -> Vec<String> {
        let data = self
            .data(
                "{ notes(last: 3) { edges { cursor node { messages(first: 1) { edges { cursor } } } } } \
                 newest: notes(first: 3, orderBy: {field: UPDATED_ON, direction: DESC}) { edges { cursor } } \
                 customers(first: 2) { edges { cursor } } users(last: 2) { edges { cursor } } }",
            )
            .await;
        let mut found = vec!["no cursor".to_owned()];
        gather(&data, &mut found);
        found
    }
}

/// The errors as those of the library, so that both responses are of one type.
fn library(errors: Vec<ResponseError>) -> Vec<ServerError> {
    let segment = |segment| match segment {
        PathSegment::Field(name) => async_graphql::PathSegment::Field(name),
        PathSegment::Index(index) => async_graphql::PathSegment::Index(index),
    };
    let error = |error: ResponseError| {
        let path = error.path.into_iter().map(segment).collect();
        ServerError { path, ..ServerError::new(error.message, None) }
    };
    errors.into_iter().map(error).collect()
}

fn fails(failing: &Failing) -> impl Fn(&str, &str) -> bool + Send + Sync + 'static {
    let failing = failing.clone();
    move |question, key| failing.iter().any(|(failing, of)| failing == question && of == key)
}

/// The names of all fields in the schema.
static EVERYTHING: LazyLock<SelectedNames> = LazyLock::new(|| {
    let sdl = schema::sdl();
    let lines = sdl.lines().filter_map(|line| line.strip_prefix('\t')?.split([':', '(']).next());
    let names: Vec<&str> = lines.filter(|name| name.chars().all(char::is_alphanumeric)).collect();
    SelectedNames::in_document(&parse_query(format!("{{ {} }}", names.join(" "))).unwrap())
});

fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(cursor) if name == "cursor" => found.push(cursor.clone()),
                    other => gather(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        _ => {}
    }
}

/// A note and its related records.
struct Linked {
    note: NoteId,
    messages: Vec<MessageId>,
    /// The ids of the assigned users.
    assignees: Vec<UserId>,
}

async fn note(
    company: &Company,
    random: &mut Random,
    users: &[UserId],
    customers: &[CustomerId],
    types: &[NoteTypeId],
) -> Linked {
    let note = company.note(|note| {
        note.user_id = random.percent(80).then(|| *random.one(users));
        note.customer_id = random.percent(80).then(|| *random.one(customers));
        note.type_id = random.percent(60).then(|| *random.one(types));
        note.updated_by_id = random.percent(40).then(|| *random.one(users));
        note.confidential = random.percent(20);
        note.priority = random.percent(50);
        note.status = *random.one(&[NoteStatus::Open, NoteStatus::Closed]);
        note.subject = random.perhaps("\\ \"quoted\" é".to_owned());
        note.details = random.perhaps(String::new());
        note.tags = Tags((0..random.below(3)).map(|tag| format!("tag {tag}")).collect());
        note.reference_type = random.perhaps(ReferenceType::MembershipCard);
        note.reference_id = random.percent(50).then(|| format!("R{}", random.below(3)));
        let later = TimeDelta::microseconds(random.between(0, 2_000_000));
        note.closed_on = random.perhaps(note.created_on + later);
    });
    let note = note.await.id;
    let mut messages = Vec::new();
    for _ in 0..random.below(5) {
        let message = company.message(note, |message| {
            message.posted_by_id = random.percent(70).then(|| *random.one(users));
            message.attachment_filename = random.percent(40).then(|| "a.pdf".to_owned());
            message.attachment_url = random.percent(40).then(|| "https://example.com/a.pdf".to_owned());
            message.attachment_size = random.percent(40).then_some(1 << 40);
        });
        messages.push(message.await.id);
    }
    let first = random.below(users.len());
    let assignees: Vec<UserId> = (0..random.below(4)).map(|index| users[(first + index) % users.len()]).collect();
    for user in &assignees {
        company.assign(note, *user).await;
    }
    Linked { note, messages, assignees }
}
