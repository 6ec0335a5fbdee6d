//! Notes with their threads, assignees and events.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::base::BASE;
use super::random::{Random, kind};
use super::text;
use super::words::{ANYWHERE, EXTRA_TAGS, FILES, TOPICS, Topic};
use crate::event::Audience;
use crate::ids::{CompanyId, CustomerId, EventId, MessageId, NoteId, NoteTypeId, RecordId, UserId};
use crate::quota::changes_bytes;
use crate::store::entity::event::{EventType, FieldChange, FieldChanges};
use crate::store::entity::note::{NoteStatus, Tags};
use crate::store::entity::{assignment, event, message, note};
use crate::text::casefold::casefold;

/// Age of the newest note at the base date, so that its thread fits.
const NEWEST_SECONDS: i64 = 2 * 3600;
/// Maximum distance between two notes; less if they would otherwise not fit into [`SPAN_SECONDS`].
const MAX_STEP_SECONDS: i64 = 2 * 3600;
/// The time that all notes fall into.
const SPAN_SECONDS: i64 = 5 * 365 * 86_400;
/// Number of notes at either end that have all fields set, as examples and first pages show them.
const SHOWN: u64 = 8;

/// The records that notes refer to.
pub struct Links {
    pub company_id: CompanyId,
    /// In the order of [`TOPICS`].
    pub note_types: Vec<NoteTypeId>,
    pub customers: Vec<CustomerId>,
    pub users: Vec<UserId>,
}

/// A note with everything that belongs to it. Messages and events have no ids yet.
pub struct Whole {
    pub note: note::Model,
    pub assignments: Vec<assignment::Model>,
    pub messages: Vec<message::Model>,
    pub events: Vec<event::Model>,
}

/// Makes note `number` of `count`; the first one is the oldest.
pub fn note(links: &Links, id: NoteId, number: u64, count: u64) -> Whole {
    let random = &mut Random::of(kind::NOTE, id.0.unsigned_abs());
    let shown = number < SHOWN || count - number <= SHOWN;
    let topic_number = random.below(TOPICS.len());
    let topic = &TOPICS[topic_number];
    let created_on = created_on(number, count, random);
    let author = (shown || random.chance(98)).then(|| often_first(&links.users, random));
    // Examples change the first note, so it is open and has the values that they remove.
    let closed = random.chance(35) && number > 0;
    let mut note = note::Model {
        company_id: links.company_id,
        id,
        version: 1,
        type_id: (shown || random.chance(92)).then(|| links.note_types[topic_number]),
        subject: (shown || random.chance(97)).then(|| text::written(random.pick(topic.subjects), random)),
        details: (shown || random.chance(85)).then(|| text::paragraph(topic.details, 3, random)),
        status: NoteStatus::Open,
        priority: random.chance(12),
        confidential: random.chance(5),
        show_on_overview: random.chance(6),
        reminder: None,
        tags: tags(topic, shown, random),
        reference_type: None,
        reference_id: None,
        customer_id: (shown || random.chance(95)).then(|| often_first(&links.customers, random)),
        user_id: author,
        message_count: 0,
        created_on,
        updated_on: created_on,
        updated_by_id: author,
        closed_on: None,
        subject_folded: None,
        source: None,
    };
    note.subject_folded = note.subject.as_deref().map(casefold);
    if let Some(reference) = topic.reference.filter(|_| random.chance(40)) {
        note.reference_type = Some(reference);
        note.reference_id = Some(random.between(10_000, 99_999).to_string());
    }
    if random.chance(25) {
        // Some reminders are due, others are in the future.
        note.reminder = Some(created_on + TimeDelta::days(random.between(1, 60)));
    }
    if number == 0 {
        (note.priority, note.reminder) = (false, Some(BASE + TimeDelta::days(7)));
    }
    let mut whole =
        Whole { assignments: assignments(links, &note, shown, random), note, messages: vec![], events: vec![] };
    whole.push_event(EventType::Created, None, author, created_on, vec![]);
    whole.talk(links, topic, shown, random);
    if closed {
        whole.close(links, random);
    }
    whole
}

impl Whole {
    /// Makes the thread: a fifth of notes have none, and a few are very long.
    fn talk(&mut self, links: &Links, topic: &Topic, shown: bool, random: &mut Random) {
        let count = match random.below(1000) {
            0..4 => random.between(40, 120),
            4..204 if !shown => 0,
            _ => random.between(if shown { 2 } else { 1 }, 6),
        };
        // The last message is not later than the base date, and leaves time to close the note.
        let longest = ((BASE - self.note.created_on).num_seconds() / (count + 2)).min(2 * 86_400);
        let (mut time, mut template) = (self.note.created_on, random.below(topic.messages.len()));
        for position in 1..=count {
            time += TimeDelta::seconds(random.between(longest / 10 + 1, longest.max(longest / 10 + 1)));
            let posted_by_id = random.chance(97).then(|| self.speaker(links, random));
            // Never the same text twice in a row.
            template += 1 + random.below(topic.messages.len() - 1);
            let template =
                if random.chance(8) { random.pick(ANYWHERE) } else { topic.messages[template % topic.messages.len()] };
            let attachment = random.chance(6).then(|| FILES[random.below(FILES.len())]);
            let linked = attachment.filter(|_| random.chance(70));
            self.messages.push(message::Model {
                company_id: self.note.company_id,
                id: MessageId::default(),
                note_id: self.note.id,
                position: i32::try_from(position).unwrap_or(i32::MAX),
                message: text::written(template, random),
                attachment_url: linked.map(|(name, _)| {
                    format!("https://example.com/files/{}/{position}/{}", self.note.id, name.replace(' ', "%20"))
                }),
                attachment_filename: attachment.map(|(name, _)| name.to_owned()),
                attachment_content_type: linked.map(|(_, content_type)| content_type.to_owned()),
                attachment_size: linked.map(|_| random.between(2_000, 4_000_000)),
                posted_by_id,
                created_on: time,
                from_import: false,
                source: None,
            });
            self.note.message_count += 1;
            self.note.updated_on = time;
            self.note.updated_by_id = posted_by_id.or(self.note.updated_by_id);
        }
    }

    fn close(&mut self, links: &Links, random: &mut Random) {
        let left = (BASE - self.note.updated_on).num_seconds();
        let time = self.note.updated_on + TimeDelta::seconds(random.between(1, left.clamp(1, 3 * 86_400)));
        let actor = self.speaker(links, random);
        let change = FieldChange::new("status", json!("OPEN"), json!("CLOSED"));
        self.push_event(EventType::Closed, None, Some(actor), time, vec![change]);
        self.note.status = NoteStatus::Closed;
        self.note.closed_on = Some(time);
        self.note.updated_on = time;
        self.note.updated_by_id = Some(actor);
        self.note.version += 1;
    }

    /// Returns the author or an assignee, or any user if there are none.
    fn speaker(&self, links: &Links, random: &mut Random) -> UserId {
        let people = self.note.user_id.iter().chain(self.assignments.iter().map(|row| &row.user_id));
        let people: Vec<UserId> = people.copied().collect();
        if people.is_empty() { often_first(&links.users, random) } else { people[random.below(people.len())] }
    }

    /// Gives the messages their ids, and adds the event of each.
    pub fn number_messages(&mut self, ids: &mut impl Iterator<Item = MessageId>) {
        for (index, id) in (0..self.messages.len()).zip(ids) {
            let message = &mut self.messages[index];
            message.id = id;
            let (actor_id, created_on) = (message.posted_by_id, message.created_on);
            self.push_event(EventType::MessagePosted, Some(id), actor_id, created_on, vec![]);
        }
    }

    fn push_event(
        &mut self,
        kind: EventType,
        message_id: Option<MessageId>,
        actor_id: Option<UserId>,
        created_on: DateTime<Utc>,
        changes: Vec<FieldChange>,
    ) {
        let changes = FieldChanges(changes);
        let mut event = event::Model {
            company_id: self.note.company_id,
            id: EventId::default(),
            kind,
            note_id: self.note.id,
            message_id,
            actor_id,
            created_on,
            bytes: changes_bytes(&changes),
            changes,
            ..event::Model::default()
        };
        let assignees: Vec<UserId> = self.assignments.iter().map(|row| row.user_id).collect();
        let audience = if kind == EventType::Created {
            Audience::created(&self.note, &assignees)
        } else {
            Audience::same(&self.note)
        };
        audience.set(&mut event, assignees);
        self.events.push(event);
    }
}

fn created_on(number: u64, count: u64, random: &mut Random) -> DateTime<Utc> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let later = count - 1 - i64::try_from(number).unwrap_or(0);
    let step = (SPAN_SECONDS / count).clamp(2, MAX_STEP_SECONDS);
    BASE - TimeDelta::seconds(NEWEST_SECONDS + later * step + random.between(0, step / 2))
}

/// Assigns two users on average, each at most once.
fn assignments(links: &Links, note: &note::Model, shown: bool, random: &mut Random) -> Vec<assignment::Model> {
    let count = match random.below(100) {
        _ if shown => 1 + random.below(3),
        0..10 => 0,
        10..35 => 1,
        35..65 => 2,
        65..90 => 3,
        _ => 4,
    };
    let mut chosen = BTreeSet::new();
    while chosen.len() < count.min(links.users.len()) {
        chosen.insert(often_first(&links.users, random));
    }
    let row = |(user_id, position)| assignment::Model {
        company_id: note.company_id,
        note_id: note.id,
        user_id,
        position,
        created_on: note.created_on,
        assigned_by_id: note.user_id,
        source: None,
    };
    chosen.into_iter().zip(1..).map(row).collect()
}

fn tags(topic: &Topic, shown: bool, random: &mut Random) -> Tags {
    let mut tags = Vec::new();
    if shown || random.chance(70) {
        tags.push(random.pick(topic.tags).to_owned());
        for _ in 0..random.below(3) {
            let list = if random.chance(60) { topic.tags } else { EXTRA_TAGS };
            let tag = random.pick(list);
            if !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
    }
    Tags(tags)
}

/// Picks an id, those at the front more often: some customers have many notes, and most have few.
fn often_first<I: RecordId>(ids: &[I], random: &mut Random) -> I {
    ids[random.below(ids.len()).min(random.below(ids.len()))]
}
