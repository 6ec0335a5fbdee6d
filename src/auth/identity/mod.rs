//! JSON web tokens of an identity provider (RFC 7519): whom they are of, and what they permit.
//!
//! What a token says is taken only where a key of the provider signed it, with an algorithm that the operator named. All
//! other claims of its head about keys are ignored, and so is every token that asks for more than is understood here.

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
pub use source::{Patience, Source};

use self::source::Keys;
use super::Viewer;
use crate::clock::Clock;
use crate::db::Db;
use crate::entity::company;
use crate::entity::user::{self, UserStatus};
use crate::error::{Error, Result};

/// How far the provider's clock may be from ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// How long a token may be, in bytes.
const LONGEST: usize = 16 << 10;

/// Whose tokens are taken, and how they are read.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    pub source: Source,
    pub patience: Patience,
    /// `iss` of its tokens, exactly.
    pub issuer: String,
    /// What `aud` of its tokens has to name.
    pub audience: String,
    /// What its tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    pub mapping: Mapping,
}

/// An identity provider whose word is taken.
pub struct Identity {
    settings: IdentitySettings,
    keys: Keys,
}

impl Identity {
    pub fn new(settings: IdentitySettings) -> Self {
        let keys = Keys::new(settings.source.clone(), settings.patience);
        Self { settings, keys }
    }

    /// Whom the token is of: `None` where anything about it is not as it has to be, or its user is not there.
    ///
    /// # Errors
    /// When the database does not answer, or the keys could never be read.
    pub async fn authenticate(&self, db: &Db, clock: &Clock, token: &str) -> Result<Option<Viewer>> {
        let Some(claims) = self.verify(clock.now(), token).await? else { return Ok(None) };
        let Some(subject) = self.settings.mapping.read(&claims) else { return Ok(None) };
        let field = match self.settings.mapping.user_field {
            UserField::ExternalKey => user::Column::ExternalKey,
            UserField::Username => user::Column::Username,
        };
        let of_company =
            user::Entity::belongs_to(company::Entity).from(user::Column::CompanyId).to(company::Column::Id).into();
        let mut found: Vec<(i64, i64, UserStatus)> = user::Entity::find()
            .join(JoinType::InnerJoin, of_company)
            .filter(company::Column::Name.eq(subject.company))
            .filter(field.eq(subject.user))
            .select_only()
            .columns([user::Column::CompanyId, user::Column::Id])
            .column(user::Column::Status)
            // Imported users may share a name: nobody guesses which of them it is.
            .limit(2)
            .into_tuple()
            .all(db.lookup())
            .await?;
        let (Some((company_id, user_id, UserStatus::Active)), true) = (found.pop(), found.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(Viewer { company_id, user_id, token_id: None, scopes: subject.scopes }))
    }

    /// What the token claims, where it holds.
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
        // By our own clock, below.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key, &validation).ok().map(|token| token.claims);
        Ok(claims.filter(|claims| claims.issued_by(&self.settings.issuer) && claims.hold_at(now, LEEWAY)))
    }
}

/// The head of a token that asks for nothing but what is understood here.
fn header(token: &str) -> Option<Header> {
    if token.len() > LONGEST || token.split('.').count() != 3 {
        return None;
    }
    // The library reads both parts into `serde_json::Value`, the header before the signature was looked at.
    let is_plain = |part| URL_SAFE_NO_PAD.decode(part).is_ok_and(|json| plain::is_plain(&json));
    if !token.split('.').take(2).all(is_plain) {
        return None;
    }
    let header = decode_header(token).ok()?;
    // Tokens for other purposes, such as logging out, are signed by the same keys.
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let ours = matches!(kind.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt"));
    let plain = header.crit.is_none() && header.enc.is_none() && header.zip.is_none() && header.cty.is_none();
    (ours && plain).then_some(header)
}
