//! The way in: GraphQL over HTTP, the playground, and what watches over the process.

mod accept;
mod admission;
mod answer;
mod asked;
mod authenticate;
mod bearer;
mod body;
mod connection;
mod documents;
mod graphql;
mod head;
mod health;
mod limits;
mod linger;
mod listen;
mod origin;
mod phase;
mod playground;
mod refusal;
mod request_body;
mod request_id;
mod router;
mod session;
mod settings;
mod taken;
mod time_limit;

pub use admission::Admission;
pub use connection::Pace;
pub use limits::{Allowance, TrustedProxies, TrustedProxy, Visit};
pub use listen::{Patience, Site, serve};
pub use origin::Origin;
pub use router::{router, site};
pub use session::Session;
pub use settings::HttpSettings;
