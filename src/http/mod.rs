//! The HTTP server: GraphQL over HTTP and WebSocket, the playground, and health checks.

mod documents;
mod error;
mod graphql;
mod health;
mod interrupted;
mod operation;
mod parameter;
mod playground;
mod rate_limit;
mod readiness;
mod request;
mod response;
mod response_body;
mod router;
mod server;
mod settings;
mod sha256;
mod state;
mod subscription;
mod websocket;

pub use documents::persisted::{DocumentsMode, PersistedDocumentSettings};
pub use documents::trusted::TrustedDocuments;
pub use playground::session::PlaygroundSession;
pub use rate_limit::{ConnectionInfo, RateLimit, TrustedProxies, TrustedProxy};
pub use request::origin::Origin;
pub use router::{router, service};
pub use server::connection_limits::ConnectionLimits;
pub use server::serve::{HttpService, ServerTimeouts, serve};
pub use server::timeout_stream::ConnectionTimeouts;
pub use settings::HttpSettings;
pub use websocket::SocketLimits;
