//! Where the keys of an identity provider come from, and how they are kept.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use jsonwebtoken::DecodingKey;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use url::Url;

use super::keys::{Algorithm, KeySet};

/// How large a key set may be, in bytes.
const LARGEST: usize = 1 << 20;
/// How long it may take to read.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A file, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Address(Url),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https:") {
            return Err("this program speaks no TLS: give the http address of what takes it off, or a file that you \
                        keep current"
                .to_owned());
        }
        if !text.starts_with("http:") {
            return Ok(Self::File(text.into()));
        }
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err("give an address with a host and without a password".to_owned());
        }
        Ok(Self::Address(url))
    }
}

impl Source {
    /// # Errors
    /// Why there are no keys; for the operator.
    pub async fn check(&self) -> Result<(), String> {
        self.read().await.map(drop)
    }

    async fn read(&self) -> Result<KeySet, String> {
        let read = async {
            match self {
                Self::File(path) => {
                    let length = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?.len();
                    if length > LARGEST as u64 {
                        return Err(format!("larger than {LARGEST} bytes"));
                    }
                    tokio::fs::read(path).await.map(Bytes::from).map_err(|error| error.to_string())
                }
                Self::Address(url) => get(url).await,
            }
        };
        let json = tokio::time::timeout(TIMEOUT, read).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))?;
        KeySet::read(&json)
    }
}

/// One request, to one address: nobody is led elsewhere.
async fn get(url: &Url) -> Result<Bytes, String> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let reason = |error: &dyn std::error::Error| error.to_string();
    // The brackets of an IPv6 address are of the URL alone.
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map_err(|error| reason(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| reason(&error))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = Request::get(format!("{}{query}", url.path()))
        .header(header::HOST, url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")))
        .header(header::ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|error| reason(&error))?;
    // It carries the answer, and ends with those who hold its ends here.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| reason(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("the answer is {}", answer.status()));
    }
    Ok(Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|error| error.to_string())?.to_bytes())
}

/// How long keys are taken for good.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long they are used before they are asked for again.
    pub fresh: Duration,
    /// How long to wait between two attempts, whoever causes them.
    pub between: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { fresh: Duration::from_mins(10), between: Duration::from_secs(10) }
    }
}

/// The keys as they were read last.
pub struct Keys(Arc<Kept>);

struct Kept {
    source: Source,
    patience: Patience,
    /// With the time when they were read.
    set: RwLock<Option<(Arc<KeySet>, Instant)>>,
    /// When they were last asked for; held while they are.
    asked: Mutex<Option<Instant>>,
}

impl Keys {
    pub fn new(source: Source, patience: Patience) -> Self {
        Self(Arc::new(Kept { source, patience, set: RwLock::new(None), asked: Mutex::new(None) }))
    }

    /// The key that a token names. One that is not known may be new: then the keys are read again, but not as often as
    /// tokens make up names. Where they cannot be read, those that were go on to hold.
    ///
    /// # Errors
    /// When the keys were never read.
    pub async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Option<DecodingKey>, Arc<dyn std::error::Error + Send + Sync>> {
        if let Some((set, read)) = self.0.current()
            && let Some(key) = set.find(id, algorithm)
        {
            if read.elapsed() > self.0.patience.fresh {
                // Nobody waits for it.
                let kept = Arc::clone(&self.0);
                tokio::spawn(async move { kept.refresh_in_turn().await });
            }
            return Ok(Some(key.clone()));
        }
        self.0.refresh_in_turn().await;
        match self.0.current() {
            Some((set, _)) => Ok(set.find(id, algorithm).cloned()),
            None => Err(Arc::from(Box::from("the keys of the identity provider were never read"))),
        }
    }
}

impl Kept {
    fn current(&self) -> Option<(Arc<KeySet>, Instant)> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys, unless somebody just did, or just tried to.
    async fn refresh_in_turn(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|last| last.elapsed() < self.patience.between) {
            return;
        }
        // Also where whoever waits for this hangs up.
        *asked = Some(Instant::now());
        match self.source.read().await {
            Ok(set) => {
                let read = Some((Arc::new(set), Instant::now()));
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = read;
            }
            Err(reason) => {
                tracing::warn!(
                    reason,
                    "the keys of the identity provider cannot be read; those that were go on to hold"
                );
            }
        }
        // From the end: an attempt that takes long does not make the next one due.
        *asked = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_file_or_an_address() {
        assert_eq!("keys.json".parse(), Ok(Source::File("keys.json".into())));
        assert_eq!("/etc/keys.json".parse(), Ok(Source::File("/etc/keys.json".into())));
        let url = "http://keycloak:8080/realms/x/certs?a=b";
        assert_eq!(url.parse(), Ok(Source::Address(Url::parse(url).unwrap())));
        for wrong in ["https://idp.example/keys", "http://", "http://me:secret@idp/keys"] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
    }
}
