//! Identifies the client: its address, and the viewer that its token belongs to.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use tracing::Instrument;

use crate::auth::{self, Viewer};
use crate::error::Error;
use crate::graphql::context::AppState;
use crate::http::error::HttpError;
use crate::http::rate_limit::ConnectionInfo;
use crate::http::state::GraphqlState;
use crate::scheduling::watchdog::watched;
use crate::store::db::DbFault;

impl GraphqlState {
    /// The address of the client; `None` if the request did not come over a network.
    pub fn client_addr(&self, head: &Parts) -> Option<IpAddr> {
        self.client_addr_of(&head.headers, &head.extensions)
    }

    pub fn client_addr_of(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let connection = extensions.get::<ConnectionInfo>()?;
        Some(self.settings.trusted_proxies.client_addr(connection.peer, headers))
    }

    /// The viewer of a bearer token, if there is one.
    pub async fn authenticate(
        self: &Arc<Self>,
        token: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Viewer, HttpError> {
        let token = token.ok_or_else(HttpError::unauthenticated)?;
        let viewer = match self.viewer(token, address).await? {
            // Idle database connections can break unnoticed until the next use. Retry once here, where nothing has been
            // done yet.
            Err(error) if error.is_of_connection() => {
                self.app.db.report_fault(DbFault::Connection);
                self.viewer(token, address).await?
            }
            viewer => viewer,
        };
        viewer?.ok_or_else(HttpError::unauthenticated)
    }

    /// Looks up or verifies the token. The inner result is `None` if the token is not valid.
    async fn viewer(
        self: &Arc<Self>,
        token: &str,
        address: Option<IpAddr>,
    ) -> Result<Result<Option<Viewer>, Error>, HttpError> {
        if self.identity.is_none() || auth::is_opaque(token) {
            return Ok(self.tokens.authenticate_from(address, token).await);
        }
        // Verifying a signature takes long, so it runs on the work runtime.
        let (state, token) = (Arc::clone(self), token.to_owned());
        let verified = async move {
            let AppState { db, clock, .. } = &state.app;
            match &state.identity {
                Some(identity) => identity.authenticate(db, clock, &token).await,
                None => Ok(None),
            }
        };
        let verified = self.runtime.spawn(watched("web token", verified).in_current_span());
        verified.await.map_err(|panicked| HttpError::internal(&panicked))
    }
}
