//! GraphQL over HTTP: `POST /graphql`, and `GET /graphql` for queries.
//!
//! What is cheap to check comes first, and who asks before a byte of the body is read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::accept::MediaType;
use super::documents::{Documents, Parsed};
use super::limits::{Allowance, Limits, TrustedProxies, Turn, Visit};
use super::origin::{self, Origin};
use super::refusal::Refusal;
use super::request_id::RequestIdExt;
use super::session::Session;
use super::{answer, asked, body};
use crate::auth::{self, Identity, IdentitySettings, Tokens, Viewer};
use crate::context::App;
use crate::db::Fault;
use crate::error::Error;
use crate::gate::{self, Bounds};
use crate::schema::Schema;

/// How requests are taken.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Origins, other than our own, whose pages may ask.
    pub allowed_origins: Vec<Origin>,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a client waits at most for an answer, the arrival of its body included.
    pub request_timeout: Duration,
    /// Whose word about where a request comes from is taken.
    pub trusted_proxies: TrustedProxies,
    /// How much a document may be.
    pub gate: Bounds,
    /// What each address may use.
    pub of_address: Allowance,
    /// What each token may use.
    pub of_token: Allowance,
    /// Whose JSON web tokens are taken.
    pub identity: Option<IdentitySettings>,
    /// The token that the playground fetches by a code.
    pub session: Option<Arc<Session>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(30),
            trusted_proxies: TrustedProxies::default(),
            gate: Bounds::default(),
            of_address: Allowance { operations: 200, budget: 40_000_000, refill: 4_000_000 },
            of_token: Allowance { operations: 50, budget: 10_000_000, refill: 1_000_000 },
            identity: None,
            session: None,
        }
    }
}

/// What every request needs.
pub struct Door {
    pub app: App,
    pub schema: Schema,
    pub settings: HttpSettings,
    pub documents: Documents,
    pub limits: Arc<Limits>,
    pub tokens: Tokens,
    pub identity: Option<Identity>,
}

pub async fn answer(State(door): State<Arc<Door>>, request: Request<Body>) -> Response {
    let request_id = request.request_id();
    let acceptable = MediaType::negotiate(request.headers());
    let media_type = acceptable.unwrap_or(MediaType::Json);
    let deadline = Instant::now() + door.settings.request_timeout;
    match door.execute(request, acceptable.is_some(), &request_id, deadline).await {
        Ok((response, repeatable)) => answer::executed(&response, media_type, repeatable),
        Err(refusal) => answer::refused(refusal, media_type, &request_id),
    }
}

pub async fn other_method(request: Request<Body>) -> Response {
    let sent: String = request.method().as_str().chars().take(20).collect();
    let refusal = Refusal::method(&format!("{sent} is not a method of GraphQL over HTTP"), "GET, POST");
    let media_type = MediaType::negotiate(request.headers()).unwrap_or(MediaType::Json);
    answer::refused(refusal, media_type, &request.request_id())
}

impl Door {
    /// With whether the same may be sent again, as nothing was changed.
    async fn execute(
        &self,
        request: Request<Body>,
        acceptable: bool,
        request_id: &str,
        deadline: Instant,
    ) -> Result<(async_graphql::Response, bool), Refusal> {
        let (head, body) = request.into_parts();
        let mut turn = Turn::begin(&self.limits, self.visitor(&head)).map_err(Refusal::rate_limited)?;
        origin::check(&head.headers, &head.uri, &self.settings.allowed_origins)?;
        let viewer = timeout_at(deadline, self.authenticate(&head.headers)).await.map_err(|_| Refusal::timeout())??;
        turn.identify(&viewer).map_err(Refusal::rate_limited)?;
        if !acceptable {
            return Err(Refusal::not_acceptable());
        }
        let by_post = head.method == Method::POST;
        let request = if by_post {
            body::check_media_type(&head.headers)?;
            let read = body::read(&head.headers, body, self.settings.body_limit);
            let deadline = deadline.min(Instant::now() + self.settings.body_timeout);
            let body = timeout_at(deadline, read).await.map_err(|_| Refusal::slow_body())??;
            // Before it is known what the bytes say, as that takes work, too.
            turn.charge(body.len() as u64).map_err(Refusal::rate_limited)?;
            asked::in_body(&body)?
        } else {
            let asked = head.uri.query().unwrap_or_default();
            turn.charge(asked.len() as u64).map_err(Refusal::rate_limited)?;
            asked::in_address(asked)?
        };
        let parsed = self.documents.parse(&request.query)?;
        let cost = gate::estimate(&parsed.document, &request.variables, &self.settings.gate)
            .map_err(|message| Refusal::document("TOO_COMPLEX", message))?;
        let changing = operation(&parsed.document, request.operation_name.as_deref())
            .is_some_and(|operation| operation.ty != OperationType::Query);
        if !by_post && changing {
            return Err(Refusal::method("An address can only ask; changes are not made by GET", "POST"));
        }
        turn.charge(cost).map_err(Refusal::rate_limited)?;
        let first = operation(&parsed.document, request.operation_name.as_deref()).and_then(first_field);
        let first = first.map(str::to_owned);
        let response = self.run(request, parsed, viewer, turn, request_id.to_owned(), deadline).await?;
        // Changes are made one after the other, until one fails.
        let repeatable = !changing || first.is_some_and(|first| answer::has_only_failed_at(&response, &first));
        Ok((response, repeatable))
    }

    /// Absent where the request came over no network.
    pub fn visitor(&self, head: &Parts) -> Option<IpAddr> {
        let visit = head.extensions.get::<Visit>()?;
        Some(self.settings.trusted_proxies.origin(visit.peer, &head.headers))
    }

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Viewer, Refusal> {
        let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
        let viewer = match self.viewer(token).await {
            // Connections break while they rest, and who first asks on one finds out: here is where nothing has been
            // done yet, and can be asked for once more.
            Err(error) if error.is_of_connection() => {
                self.app.db.heed(Fault::Connection);
                self.viewer(token).await
            }
            viewer => viewer,
        };
        viewer?.ok_or_else(Refusal::unauthenticated)
    }

    /// Whose token it is, if it holds.
    async fn viewer(&self, token: &str) -> Result<Option<Viewer>, Error> {
        let App { db, clock, .. } = &self.app;
        match &self.identity {
            Some(identity) if !auth::is_opaque(token) => identity.authenticate(db, clock, token).await,
            _ => self.tokens.authenticate(token).await,
        }
    }

    /// Runs the operation in a task of its own: when the client hangs up, or the time is over, what waits for it is
    /// dropped, and a transaction that were dropped with it could hand its open connection to somebody else. The turn
    /// goes with it: operations that nobody waits for are bounded like all others.
    async fn run(
        &self,
        mut request: async_graphql::Request,
        parsed: Arc<Parsed>,
        viewer: Viewer,
        turn: Turn,
        request_id: String,
        deadline: Instant,
    ) -> Result<async_graphql::Response, Refusal> {
        request.set_parsed_query(parsed.document.clone());
        let request = self.app.prepare(request, &parsed.mentioned, viewer);
        let (schema, db) = (self.schema.clone(), self.app.db.clone());
        let operation = async move {
            let mut response = schema.execute(request, parsed.validated()).await;
            if !answer::is_refused(&response) {
                parsed.found_valid();
            }
            answer::settle(&mut response, &request_id);
            answer::faults(&response).for_each(|fault| db.heed(fault));
            drop(turn);
            response
        };
        match timeout_at(deadline, tokio::spawn(operation.in_current_span())).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(panicked)) => Err(Refusal::internal(&panicked)),
            Err(_) => Err(Refusal::timeout()),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// The operation that would run. One that cannot be told is left to the validation.
fn operation<'d>(document: &'d ExecutableDocument, name: Option<&str>) -> Option<&'d OperationDefinition> {
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => Some(operation),
        DocumentOperations::Multiple(operations) => match name {
            Some(name) => operations.get(name),
            None => operations.values().next().filter(|_| operations.len() == 1),
        },
    };
    operation.map(|operation| &operation.node)
}

/// What the first field is called in the answer, where no other may be called so.
fn first_field(operation: &OperationDefinition) -> Option<&str> {
    let mut names = operation.selection_set.node.items.iter().map(|selection| match &selection.node {
        Selection::Field(field) => Some(field.node.response_key().node.as_str()),
        _ => None,
    });
    let first = names.next()??;
    names.all(|other| other.is_some_and(|other| other != first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::parse_query;

    use super::*;

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
        let found = |value: &str| {
            bearer(&HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])).map(str::to_owned)
        };
        assert_eq!(found("Bearer ng_1_x").as_deref(), Some("ng_1_x"));
        assert_eq!(found("bEARER  ng_1_x ").as_deref(), Some("ng_1_x"));
        assert_eq!(found("Basic ng_1_x"), None);
        assert_eq!(found("Bearer"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn the_first_field_is_known_by_its_name_in_the_answer() {
        for (document, expected) in [
            ("mutation { a b }", Some("a")),
            ("mutation { x: a b }", Some("x")),
            ("mutation { a b a }", None),
            ("mutation { a ... { a } }", None),
            ("mutation { ... { a } b }", None),
            ("mutation { ... F b } fragment F on Mutation { a }", None),
        ] {
            let document = parse_query(document).unwrap();
            assert_eq!(operation(&document, None).and_then(first_field), expected, "{document:?}");
        }
    }

    #[test]
    fn the_operation_that_would_run_tells_whether_it_changes() {
        let two = "query A { a } mutation B { b }";
        for (document, name, expected) in [
            ("{ a }", None, false),
            ("mutation { a }", None, true),
            ("subscription { a }", None, true),
            ("mutation B { a }", None, true),
            (two, Some("A"), false),
            (two, Some("B"), true),
            (two, None, false),
            (two, Some("C"), false),
        ] {
            let document = parse_query(document).unwrap();
            let found = operation(&document, name).is_some_and(|operation| operation.ty != OperationType::Query);
            assert_eq!(found, expected, "{document:?} {name:?}");
        }
    }
}
