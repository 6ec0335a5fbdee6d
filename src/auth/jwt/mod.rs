//! JSON web tokens of an identity provider (RFC 7519): validation, and the users and scopes they stand for.
//!
//! A token is trusted only if a key of the provider signed it with an algorithm that the operator allowed. Other header
//! parameters about keys are ignored, and tokens that require features unknown here are refused.

mod claims;
mod keys;
mod plain;
mod source;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Header, Validation, decode, decode_header};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};

use self::claims::Claims;
pub use claims::{Claim, CompanyOf, Mapping, ScopeName, UserField};
pub use keys::Algorithm;
pub use source::{JwksSource, KeyRefreshPolicy};

use self::source::Keys;
use super::Viewer;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, UserId};
use crate::store::db::Db;
use crate::store::entity::company;
use crate::store::entity::user::{self, UserStatus};

/// Allowed clock skew between the provider and this server.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// Maximum length of a token, in bytes.
const LONGEST: usize = 16 << 10;

/// An identity provider, and how its tokens are validated and read.
#[derive(Clone, Debug)]
pub struct IdentityProviderSettings {
    pub source: JwksSource,
    pub refresh: KeyRefreshPolicy,
    /// The required `iss` claim, compared exactly.
    pub issuer: String,
    /// The required audience in the `aud` claim.
    pub audience: String,
    /// The allowed signature algorithms.
    pub algorithms: Vec<Algorithm>,
    pub mapping: Mapping,
}

/// A trusted identity provider.
pub struct IdentityProvider {
    settings: IdentityProviderSettings,
    keys: Keys,
}

impl IdentityProvider {
    pub fn new(settings: IdentityProviderSettings) -> Self {
        let keys = Keys::new(settings.source.clone(), settings.refresh);
        Self { settings, keys }
    }

    /// Returns the user of a token; `None` if the token is invalid, or the user does not exist.
    ///
    /// # Errors
    /// If the database does not answer, or the keys could never be read.
    pub async fn authenticate(&self, db: &Db, clock: &Clock, token: &str) -> Result<Option<Viewer>> {
        let Some(claims) = self.verify(clock.now(), token).await? else { return Ok(None) };
        let Some(subject) = self.settings.mapping.read(&claims) else { return Ok(None) };
        let field = match self.settings.mapping.user_field {
            UserField::ExternalKey => user::Column::ExternalKey,
            UserField::Username => user::Column::Username,
        };
        let of_company =
            user::Entity::belongs_to(company::Entity).from(user::Column::CompanyId).to(company::Column::Id).into();
        let mut found: Vec<(CompanyId, UserId, UserStatus)> = user::Entity::find()
            .join(JoinType::InnerJoin, of_company)
            .filter(company::Column::Name.eq(subject.company))
            .filter(field.eq(subject.user))
            .select_only()
            .columns([user::Column::CompanyId, user::Column::Id])
            .column(user::Column::Status)
            // Imported users may share a name, in which case the token is refused.
            .limit(2)
            .into_tuple()
            .all(db.lookup())
            .await?;
        let (Some((company_id, user_id, UserStatus::Active)), true) = (found.pop(), found.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(Viewer { company_id, user_id, token_id: None, scopes: subject.scopes }))
    }

    /// Returns the claims of the token, if it is valid.
    async fn verify(&self, now: DateTime<Utc>, token: &str) -> Result<Option<Claims>> {
        let Some(header) = header(token) else { return Ok(None) };
        let Some(algorithm) = self.settings.algorithms.iter().copied().find(|known| known.is(header.alg)) else {
            return Ok(None);
        };
        let Some(key) = self.keys.find(header.kid.as_deref(), algorithm).await.map_err(Error::Unavailable)? else {
            return Ok(None);
        };
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        // ValidDocument below, by this server's clock.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key, &validation).ok().map(|token| token.claims);
        Ok(claims.filter(|claims| claims.issued_by(&self.settings.issuer) && claims.hold_at(now, LEEWAY)))
    }
}

/// Parses the header of a token; `None` if it is malformed or uses features that are not supported.
fn header(token: &str) -> Option<Header> {
    if token.len() > LONGEST || token.split('.').count() != 3 {
        return None;
    }
    // The library parses both parts into `serde_json::Value`, the header before it checks the signature.
    let is_plain = |part| URL_SAFE_NO_PAD.decode(part).is_ok_and(|json| plain::is_plain(&json));
    if !token.split('.').take(2).all(is_plain) {
        return None;
    }
    let header = decode_header(token).ok()?;
    // The same keys sign tokens for other purposes, such as logout tokens.
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let ours = matches!(kind.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt"));
    let plain = header.crit.is_none() && header.enc.is_none() && header.zip.is_none() && header.cty.is_none();
    (ours && plain).then_some(header)
}
