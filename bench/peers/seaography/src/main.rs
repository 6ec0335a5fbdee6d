//! Seaography generates the schema from the entities. Lists and changes, for which its own fields would count the whole
//! table or need ids from the tables' sequences, are custom fields as its guide shows them.

mod entities;
mod operations;

use std::sync::LazyLock;

use async_graphql::dynamic::Schema;
use async_graphql_axum::GraphQL;
use axum::Router;
use axum::routing::post_service;
use bench_data::Settings;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use seaography::{Builder, BuilderContext};

use entities::{assignment, company, customer, message, note, note_type, user};
use operations::{Changes, Lists};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static CONTEXT: LazyLock<BuilderContext> = LazyLock::new(BuilderContext::default);

/// The company and the user of all requests.
#[derive(Clone, Copy)]
pub struct Viewer {
    pub company: i64,
    pub actor: i64,
}

fn schema(database: DatabaseConnection, viewer: Viewer) -> Schema {
    let mut builder = Builder::new(&CONTEXT, database.clone());
    seaography::register_entities!(builder, [assignment, company, customer, message, note, note_type, user]);
    seaography::register_custom_queries!(builder, [Lists]);
    seaography::register_custom_outputs!(builder, [operations::PatchPayload]);
    seaography::register_custom_mutations!(builder, [Changes]);
    builder.schema_builder().data(database).data(viewer).finish().expect("a schema without contradictions")
}

#[tokio::main]
async fn main() {
    let settings = Settings::from_environment();
    let mut options = ConnectOptions::new(&settings.database);
    options.max_connections(settings.connections).test_before_acquire(false).sqlx_logging(false);
    let database = Database::connect(options).await.expect("a database that answers");
    let schema = schema(database, Viewer { company: settings.company, actor: settings.actor });
    let router = Router::new().route("/graphql", post_service(GraphQL::new(schema)));
    let listener = tokio::net::TcpListener::bind(&settings.listen).await.expect("a free port");
    axum::serve(listener, router).await.expect("a server that runs until it is ended");
}
