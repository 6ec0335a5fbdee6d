//! Migrations of notegraph's schema, the same on `SQLite` and `PostgreSQL`: one file per migration, named after what it
//! does.
//!
//! Tables of a company have `company_id` first in the primary key, in every index and in every foreign key, so that the
//! database itself refuses a reference from one company to another.

use sea_orm_migration::prelude::*;

mod company_table;
mod ids;
mod m20261121_000001_create_company;
mod m20261121_000002_create_customer;
mod m20261121_000003_create_user;
mod m20261121_000004_create_note_type;
mod m20261121_000005_create_note;
mod m20261121_000006_create_assignment;
mod m20261121_000007_create_message;
mod m20261121_000008_create_event;
mod m20261121_000009_create_token;
mod m20261122_000010_create_derived;
mod m20261122_000011_fold_subject;
mod m20261122_000012_order_notes;
mod m20261122_000013_create_note_tag;
mod m20261122_000014_find_messages;
mod m20261122_000020_create_search;
mod m20261122_000030_create_idempotency_key;
mod m20261122_000031_create_people_words;
mod m20261122_000032_add_external_key;
mod m20261122_000040_default_event_id;
mod m20261122_000041_search_notes;
mod m20261129_000050_count_usage;
mod m20261129_000051_number_by_company;
mod m20261201_000060_read_events;
mod m20261201_000061_gather_words;
mod m20261201_000062_index_notes;
mod m20261201_000063_order_by_update;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_company::Migration),
            Box::new(m20261121_000002_create_customer::Migration),
            Box::new(m20261121_000003_create_user::Migration),
            Box::new(m20261121_000004_create_note_type::Migration),
            Box::new(m20261121_000005_create_note::Migration),
            Box::new(m20261121_000006_create_assignment::Migration),
            Box::new(m20261121_000007_create_message::Migration),
            Box::new(m20261121_000008_create_event::Migration),
            Box::new(m20261121_000009_create_token::Migration),
            Box::new(m20261122_000010_create_derived::Migration),
            Box::new(m20261122_000011_fold_subject::Migration),
            Box::new(m20261122_000012_order_notes::Migration),
            Box::new(m20261122_000013_create_note_tag::Migration),
            Box::new(m20261122_000014_find_messages::Migration),
            Box::new(m20261122_000020_create_search::Migration),
            Box::new(m20261122_000030_create_idempotency_key::Migration),
            Box::new(m20261122_000031_create_people_words::Migration),
            Box::new(m20261122_000032_add_external_key::Migration),
            Box::new(m20261122_000040_default_event_id::Migration),
            Box::new(m20261122_000041_search_notes::Migration),
            Box::new(m20261129_000050_count_usage::Migration),
            Box::new(m20261129_000051_number_by_company::Migration),
            Box::new(m20261201_000060_read_events::Migration),
            Box::new(m20261201_000061_gather_words::Migration),
            Box::new(m20261201_000062_index_notes::Migration),
            Box::new(m20261201_000063_order_by_update::Migration),
        ]
    }
}
