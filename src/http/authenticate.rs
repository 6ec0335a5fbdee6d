//! Who asks: from which address, and with whose token.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use tracing::Instrument;

use super::bearer::bearer;
use super::graphql::Door;
use super::limits::Visit;
use super::refusal::Refusal;
use crate::auth::{self, Viewer};
use crate::context::App;
use crate::db::Fault;
use crate::error::Error;
use crate::watchdog::watched;

impl Door {
    /// Absent where the request came over no network.
    pub fn visitor(&self, head: &Parts) -> Option<IpAddr> {
        self.visitor_of(&head.headers, &head.extensions)
    }

    pub fn visitor_of(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let visit = extensions.get::<Visit>()?;
        Some(self.settings.trusted_proxies.origin(visit.peer, headers))
    }

    pub async fn authenticate(
        self: &Arc<Self>,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<Viewer, Refusal> {
        let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
        let viewer = match self.viewer(token, address).await? {
            // Connections break while they rest, and who first asks on one finds out: here is where nothing has been
            // done yet, and can be asked for once more.
            Err(error) if error.is_of_connection() => {
                self.app.db.heed(Fault::Connection);
                self.viewer(token, address).await?
            }
            viewer => viewer,
        };
        viewer?.ok_or_else(Refusal::unauthenticated)
    }

    /// Whose token it is, if it holds.
    async fn viewer(
        self: &Arc<Self>,
        token: &str,
        address: Option<IpAddr>,
    ) -> Result<Result<Option<Viewer>, Error>, Refusal> {
        if self.identity.is_none() || auth::is_opaque(token) {
            return Ok(self.tokens.authenticate_from(address, token).await);
        }
        // A signature takes a while to verify.
        let (door, token) = (Arc::clone(self), token.to_owned());
        let verified = async move {
            let App { db, clock, .. } = &door.app;
            match &door.identity {
                Some(identity) => identity.authenticate(db, clock, &token).await,
                None => Ok(None),
            }
        };
        let verified = self.work.spawn(watched("web token", verified).in_current_span());
        verified.await.map_err(|panicked| Refusal::internal(&panicked))
    }
}
