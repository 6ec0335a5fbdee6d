//! A test identity provider that signs tokens and publishes its keys.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// A key pair.
pub struct Pair {
    pub id: String,
    pub algorithm: Algorithm,
    private: EncodingKey,
    /// The public key as the provider publishes it.
    pub public: Value,
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Pair {
    pub fn new(algorithm: Algorithm, id: &str) -> Self {
        let (private, mut public) = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => {
                let (signing, curve) = if algorithm == Algorithm::ES256 {
                    (&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
                } else {
                    (&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
                };
                let pair = EcdsaKeyPair::generate(signing).unwrap();
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let public = json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) });
                (EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()), public)
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key()) });
                (EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()), public)
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let key = pair.public_key();
                let modulus = key.modulus().big_endian_without_leading_zero();
                let exponent = key.exponent().big_endian_without_leading_zero();
                let public = json!({ "kty": "RSA", "n": text(modulus), "e": text(exponent) });
                let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
                (EncodingKey::from_rsa_der(pkcs1(der.as_ref())), public)
            }
        };
        public["kid"] = id.into();
        public["use"] = "sig".into();
        Self { id: id.to_owned(), algorithm, private, public }
    }

    pub fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        header
    }

    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.private).unwrap()
    }

    /// Signs a header and claims of any bytes, which no library would do.
    pub fn sign_raw(&self, head: &str, claims: &str) -> String {
        let message = format!("{}.{}", text(head), text(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// The key inside PKCS #8: the octet string after the version and the algorithm.
fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    let start = pkcs8.windows(2).skip(10).position(|pair| pair == [0x04, 0x82]).unwrap() + 10;
    &pkcs8[start + 4..]
}

/// Publishes keys at an address, and can go down.
#[derive(Clone)]
pub struct Provider {
    pub address: String,
    keys: Arc<Mutex<Vec<Value>>>,
    up: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    /// The provider answers no request while this lock is held.
    pub silence: Arc<tokio::sync::Mutex<()>>,
}

impl Provider {
    pub async fn start(keys: &[&Pair]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            address: format!("http://{}/keys?of=all", listener.local_addr().unwrap()),
            keys: Arc::default(),
            up: Arc::new(AtomicBool::new(true)),
            asked: Arc::default(),
            silence: Arc::default(),
        };
        provider.publish(keys);
        let answering = provider.clone();
        let router = Router::new().route("/keys", get(async move || answering.answer().await));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    pub fn publish(&self, keys: &[&Pair]) {
        *self.keys.lock().unwrap() = keys.iter().map(|pair| pair.public.clone()).collect();
    }

    pub fn go(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }

    /// The number of times the keys were requested.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    async fn answer(&self) -> (StatusCode, String) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        drop(self.silence.lock().await);
        if !self.up.load(Ordering::Relaxed) {
            return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
        }
        (StatusCode::OK, json!({ "keys": *self.keys.lock().unwrap() }).to_string())
    }
}
