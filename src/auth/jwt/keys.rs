//! The keys of an identity provider, as it publishes them (RFC 7517).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::plain::is_plain;

/// Maximum number of keys that are read from a key set.
const MOST_KEYS: usize = 100;

/// Signature algorithms of tokens. Algorithms with a shared secret are left out, since these keys are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl Algorithm {
    fn of_the_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::RS384 => jsonwebtoken::Algorithm::RS384,
            Self::RS512 => jsonwebtoken::Algorithm::RS512,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::PS384 => jsonwebtoken::Algorithm::PS384,
            Self::PS512 => jsonwebtoken::Algorithm::PS512,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::ES384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }

    pub fn is(self, other: jsonwebtoken::Algorithm) -> bool {
        self.of_the_library() == other
    }
}

/// A public key of the provider.
#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The algorithm that the provider assigned to it; any of its family if `None`.
    algorithm: Option<KeyAlgorithm>,
    curve: Option<EllipticCurve>,
    public: DecodingKey,
}

impl Key {
    fn read(json: &RawValue) -> Option<Self> {
        let jwk: Jwk = serde_json::from_str(json.get()).ok()?;
        let common = &jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let curve = match &jwk.algorithm {
            AlgorithmParameters::EllipticCurve(parameters) => Some(parameters.curve.clone()),
            AlgorithmParameters::OctetKeyPair(parameters) => Some(parameters.curve.clone()),
            AlgorithmParameters::RSA(_) => None,
            // A shared secret, or a type that the library does not know yet.
            _ => return None,
        };
        let public = DecodingKey::from_jwk(&jwk).ok().filter(|_| signs)?;
        Some(Self { id: jwk.common.key_id, algorithm: jwk.common.key_algorithm, curve, public })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let library = algorithm.of_the_library();
        let curve = match library.family() {
            AlgorithmFamily::Ed => Some(EllipticCurve::Ed25519),
            AlgorithmFamily::Ec if algorithm == Algorithm::ES256 => Some(EllipticCurve::P256),
            AlgorithmFamily::Ec => Some(EllipticCurve::P384),
            AlgorithmFamily::Rsa | AlgorithmFamily::Hmac => None,
        };
        self.public.family() == library.family()
            && self.curve == curve
            && self.algorithm.is_none_or(|own| own == KeyAlgorithm::from(library))
    }
}

/// The usable keys of a provider.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

impl KeySet {
    /// Parses a JSON web key set.
    ///
    /// # Errors
    /// If the text is no key set, or none of its keys can be used; the text is for the operator.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Published<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        if !is_plain(text) {
            return Err("this is not a JSON web key set: it is not JSON, or contains a reserved key".to_owned());
        }
        let published: Published<'_> =
            serde_json::from_slice(text).map_err(|error| format!("this is not a JSON web key set: {error}"))?;
        let keys: Vec<_> = published.keys.into_iter().take(MOST_KEYS).filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err("the key set contains no public key that can verify tokens".to_owned());
        }
        Ok(Self(keys))
    }

    /// Finds the key with this id, or the only one that fits the algorithm if the token has no id.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut fitting = self.0.iter().filter(named).filter(|key| key.fits(algorithm));
        let found = fitting.next()?;
        fitting.next().is_none().then_some(&found.public)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn curve(curve: &str, more: &Value) -> Value {
        let mut key = json!({ "kty": "EC", "crv": curve, "x": "AA", "y": "AA" });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_is_found_by_id_and_algorithm() {
        let rsa = json!({ "kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB", "use": "sig", "alg": "RS256" });
        let set = set(&[curve("P-256", &json!({ "kid": "e" })), rsa, curve("P-384", &json!({ "kid": "f" }))]);
        assert!(set.find(Some("e"), Algorithm::ES256).is_some());
        assert!(set.find(Some("e"), Algorithm::ES384).is_none());
        assert!(set.find(Some("e"), Algorithm::RS256).is_none());
        assert!(set.find(Some("f"), Algorithm::ES384).is_some());
        assert!(set.find(Some("r"), Algorithm::RS256).is_some());
        assert!(set.find(Some("r"), Algorithm::RS512).is_none() && set.find(Some("r"), Algorithm::PS256).is_none());
        assert!(set.find(Some("x"), Algorithm::ES256).is_none());
        assert!(set.find(None, Algorithm::ES256).is_some(), "the only one");
    }

    #[test]
    fn an_ambiguous_key_is_not_used() {
        let set = set(&[
            curve("P-256", &json!({ "kid": "a" })),
            curve("P-256", &json!({ "kid": "b" })),
            curve("P-256", &json!({ "kid": "b" })),
        ]);
        assert!(set.find(Some("a"), Algorithm::ES256).is_some());
        assert!(set.find(Some("b"), Algorithm::ES256).is_none());
        assert!(set.find(None, Algorithm::ES256).is_none());
    }

    #[test]
    fn keys_for_other_purposes_are_left_out() {
        let good = curve("P-256", &json!({ "kid": "good" }));
        let set = set(&[
            curve("P-256", &json!({ "kid": "a", "use": "enc" })),
            curve("P-256", &json!({ "kid": "b", "key_ops": ["sign"] })),
            json!({ "kty": "oct", "kid": "c", "k": "c2VjcmV0" }),
            json!({ "kty": "new", "kid": "d" }),
            json!(7),
            good,
        ]);
        assert_eq!(set.0.len(), 1);
        assert!(set.find(Some("good"), Algorithm::ES256).is_some());
    }

    #[test]
    fn invalid_key_sets_are_refused() {
        for text in ["", "[]", "{}", r#"{"keys": 1}"#, r#"{"keys": []}"#, r#"{"keys": [{"kty": "oct", "k": "AA"}]}"#] {
            assert!(KeySet::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
