//! The way in: GraphQL over HTTP, the playground, and what watches over the process.

mod accept;
mod answer;
mod asked;
mod body;
mod documents;
mod graphql;
mod health;
mod listen;
mod origin;
mod playground;
mod refusal;
mod request_id;
mod router;

pub use graphql::HttpSettings;
pub use listen::serve;
pub use origin::Origin;
pub use router::router;
