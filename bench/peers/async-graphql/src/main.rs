//! async-graphql as its guide shows it: objects with resolvers, relations through its own `DataLoader`, over sqlx.
//!
//! The loaders are created for each request. Shared by the whole process, they would also share their batches' delay
//! between clients, and answer from a cache that never expires.

mod changes;
mod load;
mod objects;
mod query;

use async_graphql::dataloader::DataLoader;
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use async_graphql::{EmptySubscription, Schema};
use async_graphql_axum::{GraphQLRequest, GraphQLResponse};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bench_data::Settings;
use sqlx::PgPool;

use changes::Mutation;
use load::Loaders;
use query::Query;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The company and the user of all requests.
#[derive(Clone)]
pub struct Viewer {
    pub pool: PgPool,
    pub company: i64,
    pub actor: i64,
}

type Served = (Schema<Query, Mutation, EmptySubscription>, Viewer);

async fn graphql(State((schema, viewer)): State<Served>, request: GraphQLRequest) -> GraphQLResponse {
    let loader = DataLoader::new(Loaders(viewer), TokioSpawner::current(), TokioTimer::default());
    schema.execute(request.into_inner().data(loader)).await.into()
}

#[tokio::main]
async fn main() {
    let settings = Settings::from_environment();
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(settings.connections)
        .test_before_acquire(false)
        .connect(&settings.database)
        .await
        .expect("a database that answers");
    let viewer = Viewer { pool, company: settings.company, actor: settings.actor };
    let schema = Schema::build(Query, Mutation, EmptySubscription).data(viewer.clone()).finish();
    let router = Router::new().route("/graphql", post(graphql)).with_state((schema, viewer));
    let listener = tokio::net::TcpListener::bind(&settings.listen).await.expect("a free port");
    axum::serve(listener, router).await.expect("a server that runs until it is ended");
}
