//! The claims of a token, and how they map to a user and scopes.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::json::JsonTree;
use crate::store::entity::token::Scope;

/// The claims of a token. Duplicate names make a token invalid (RFC 7519, section 4).
#[derive(Debug, Deserialize)]
pub struct Claims(JsonTree<Value>);

impl Claims {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.0.get(name)
    }

    /// Whether `iss` is this issuer, and no other.
    pub fn issued_by(&self, issuer: &str) -> bool {
        self.get("iss").and_then(Value::as_str) == Some(issuer)
    }

    /// Whether the token is valid at this time, by `exp`, `nbf` and `iat`. A token without an expiry is invalid.
    pub fn hold_at(&self, now: DateTime<Utc>, leeway: TimeDelta) -> bool {
        let begun = |name| match self.get(name) {
            None => true,
            Some(value) => time(value).is_some_and(|begin| begin <= now + leeway),
        };
        let ends = self.get("exp").and_then(time);
        ends.is_some_and(|end| now < end + leeway) && begun("nbf") && begun("iat")
    }
}

/// Parses seconds since 1970, which may have a fraction. Values beyond the calendar are not times.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds above")]
    DateTime::from_timestamp_millis((seconds * 1e3) as i64)
}

/// The location of a claim: its name, or a JSON pointer for nested claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim(String);

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text == "/" {
            return Err(
                "expected the name of a claim, or a JSON pointer to it, such as sub or /realm_access/roles".to_owned()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl Claim {
    fn of<'a>(&self, claims: &'a Claims) -> Option<&'a Value> {
        let Some(way) = self.0.strip_prefix('/') else { return claims.get(&self.0) };
        let (first, deeper) = way.split_once('/').map_or((way, None), |(first, rest)| (first, Some(rest)));
        let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
        deeper.map_or(Some(value), |deeper| value.pointer(&format!("/{deeper}")))
    }

    /// The claim, if it is a string. Other types are refused: the same number can be written in several ways, which
    /// would be different users.
    fn text<'a>(&self, claims: &'a Claims) -> Option<&'a str> {
        self.of(claims)?.as_str().filter(|text| !text.is_empty() && !text.contains('\0'))
    }
}

/// How the company of a user is determined.
#[derive(Clone, Debug)]
pub enum CompanyOf {
    /// All users belong to the company of this name.
    Named(String),
    /// A claim holds the name of the company.
    Claimed(Claim),
}

/// The field that identifies a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum UserField {
    /// The key of the user in the system that owns it.
    ExternalKey,
    /// The username in this system.
    Username,
}

/// Maps the provider's name of a scope to a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeName {
    name: String,
    scope: Scope,
}

impl FromStr for ScopeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected the provider's name of a scope, `=`, and a scope, such as notes:read=READ".to_owned();
        let (name, scope) = text.rsplit_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
        let scope = <Scope as clap::ValueEnum>::from_str(scope, true).map_err(|_| wrong())?;
        Ok(Self { name: name.to_owned(), scope })
    }
}

/// How claims map to a user and scopes.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub company: CompanyOf,
    /// The claim that identifies the user.
    pub user: Claim,
    /// The field of the user that this claim holds.
    pub user_field: UserField,
    /// The claim that holds the scopes: a string with spaces between them, or a list.
    pub scopes: Claim,
    pub scope_names: Vec<ScopeName>,
}

/// The user that a token names, with the scopes it grants.
#[derive(Debug, PartialEq, Eq)]
pub struct Subject {
    pub company: String,
    pub user: String,
    pub scopes: Vec<Scope>,
}

impl Mapping {
    /// Reads the user and scopes from the claims; `None` if they do not name a company and a user. Unmapped scopes
    /// grant nothing.
    pub fn read(&self, claims: &Claims) -> Option<Subject> {
        let company = match &self.company {
            CompanyOf::Named(name) => name,
            CompanyOf::Claimed(claim) => claim.text(claims)?,
        };
        let user = self.user.text(claims)?;
        let names: Vec<&str> = match self.scopes.of(claims) {
            Some(Value::String(text)) => text.split_ascii_whitespace().collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut scopes = Vec::new();
        for known in &self.scope_names {
            if names.contains(&known.name.as_str()) && !scopes.contains(&known.scope) {
                scopes.push(known.scope);
            }
        }
        Some(Subject { company: company.to_owned(), user: user.to_owned(), scopes })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_token_is_valid_from_nbf_to_exp() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let holds = |value| claims(value).hold_at(now, TimeDelta::seconds(60));
        for value in [
            json!({ "exp": 1_000_001 }),
            json!({ "exp": 1_000_000.5 }),
            json!({ "exp": 999_941 }),
            json!({ "exp": 2_000_000, "nbf": 1_000_060, "iat": 1_000_000 }),
        ] {
            assert!(holds(value.clone()), "{value}");
        }
        for value in [
            json!({}),
            json!({ "exp": 999_940 }),
            json!({ "exp": null }),
            json!({ "exp": "2000000" }),
            json!({ "exp": 1e300 }),
            json!({ "exp": -1 }),
            json!({ "exp": [2_000_000] }),
            json!({ "exp": 2_000_000, "nbf": 1_000_061 }),
            json!({ "exp": 2_000_000, "nbf": "0" }),
            json!({ "exp": 2_000_000, "nbf": null }),
            json!({ "exp": 2_000_000, "iat": 1_000_061 }),
        ] {
            assert!(!holds(value.clone()), "{value}");
        }
    }

    #[test]
    fn claims_are_found_by_name_and_by_json_pointer() {
        let claims =
            claims(json!({ "https://x.example/a": "url", "a/b": "slash", "realm": { "roles": ["x"] }, "n": 7 }));
        let of = |text: &str| text.parse::<Claim>().unwrap().of(&claims).cloned();
        assert_eq!(of("https://x.example/a"), Some(json!("url")));
        assert_eq!(of("/realm/roles"), Some(json!(["x"])));
        assert_eq!(of("/realm/roles/0"), Some(json!("x")));
        assert_eq!(of("/a~1b"), Some(json!("slash")));
        assert_eq!((of("realm.roles"), of("/realm/none"), of("/none/roles")), (None, None, None));
        assert_eq!("n".parse::<Claim>().unwrap().text(&claims), None);
        assert!("".parse::<Claim>().is_err() && "/".parse::<Claim>().is_err());
    }

    #[test]
    fn only_mapped_scopes_are_granted() {
        let mapping = Mapping {
            company: CompanyOf::Claimed("org".parse().unwrap()),
            user: "sub".parse().unwrap(),
            user_field: UserField::ExternalKey,
            scopes: "scope".parse().unwrap(),
            scope_names: ["r=READ", "read=read", "a=b=Write"].map(|text| text.parse().unwrap()).to_vec(),
        };
        let read = |scope: Value| mapping.read(&claims(json!({ "org": "Acme", "sub": "7", "scope": scope })));
        let scopes = |scope| read(scope).unwrap().scopes;
        assert_eq!(scopes(json!("openid r read")), [Scope::Read]);
        assert_eq!(scopes(json!(["a=b", 7, "READ"])), [Scope::Write]);
        assert_eq!(scopes(json!("R re ad ADMIN")), []);
        assert_eq!(scopes(json!({ "r": true })), []);
        assert_eq!(mapping.read(&claims(json!({ "org": "Acme" }))), None);
        assert_eq!(mapping.read(&claims(json!({ "sub": "7" }))), None);
        assert_eq!(mapping.read(&claims(json!({ "org": "", "sub": "7" }))), None);
        for wrong in ["", "READ", "=READ", "x=", "x=OWNER"] {
            assert!(wrong.parse::<ScopeName>().is_err(), "{wrong}");
        }
    }
}
