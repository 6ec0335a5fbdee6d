//! Reads the keys of an identity provider, and caches them.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::uri::InvalidUri;
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::DecodingKey;
use tokio::io::AsyncReadExt;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;
use url::Url;

use super::keys::{Algorithm, KeySet};

/// Maximum size of a key set, in bytes.
const LARGEST: usize = 1 << 20;
/// Timeout for reading it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The location of a key set: a file or a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    File(PathBuf),
    Url(Url),
}

impl FromStr for JwksSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with("http:") && !text.starts_with("https:") {
            return Ok(Self::File(text.into()));
        }
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err("the address must have a host, and no user name or password".to_owned());
        }
        Ok(Self::Url(url))
    }
}

impl JwksSource {
    /// Checks that the keys can be read.
    ///
    /// # Errors
    /// Why they cannot; the text is for the operator.
    pub async fn check(&self) -> Result<(), String> {
        self.read().await.map(drop)
    }

    async fn read(&self) -> Result<KeySet, String> {
        let read = async {
            match self {
                Self::File(path) => {
                    let found = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?;
                    if !found.is_file() {
                        // Opening a pipe would wait for a writer, and a device may never end.
                        return Err("it is not a file".to_owned());
                    }
                    read_file(path).await.map_err(|error| error.to_string())?
                }
                Self::Url(url) => get(url).await,
            }
        };
        let json = tokio::time::timeout(TIMEOUT, read).await.unwrap_or_else(|_| Err("timed out".to_owned()))?;
        KeySet::read(&json)
    }
}

/// Reads at most [`LARGEST`] bytes of a file, which may have grown since its size was checked.
async fn read_file(path: &Path) -> std::io::Result<Result<Bytes, String>> {
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(LARGEST as u64 + 1).read_to_end(&mut bytes).await?;
    if bytes.len() > LARGEST {
        return Ok(Err(format!("it is larger than {LARGEST} bytes")));
    }
    Ok(Ok(bytes.into()))
}

/// Sends one request, without following redirects. The certificate of an https address must be trusted by the system.
async fn get(url: &Url) -> Result<Bytes, String> {
    let uri: Uri = url.as_str().parse().map_err(|error: InvalidUri| error.to_string())?;
    let request = Request::get(uri).header(header::ACCEPT, "application/json").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let client = Client::builder(TokioExecutor::new());
    let answer = if url.scheme() == "https" {
        // Created only for https: a system without trusted certificates can still use http.
        let connector = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| error.to_string())?;
        client.build(connector.https_only().enable_http1().build()).request(request).await
    } else {
        client.build_http().request(request).await
    };
    let answer = answer.map_err(|error| in_full(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("the response has the status {}", answer.status()));
    }
    Ok(Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|error| error.to_string())?.to_bytes())
}

/// Formats an error with its causes, since the outermost one only says that connecting failed.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// How long keys are cached.
#[derive(Clone, Copy, Debug)]
pub struct KeyRefreshPolicy {
    /// Age at which keys are refreshed.
    pub max_age: Duration,
    /// Minimum time between two attempts, whatever causes them.
    pub retry_interval: Duration,
}

impl Default for KeyRefreshPolicy {
    fn default() -> Self {
        Self { max_age: Duration::from_mins(10), retry_interval: Duration::from_secs(10) }
    }
}

/// The cached keys of a provider.
pub struct Keys(Arc<Kept>);

struct Kept {
    source: JwksSource,
    refresh: KeyRefreshPolicy,
    /// The keys, and when they were read.
    set: RwLock<Option<(Arc<KeySet>, Instant)>>,
    /// When the keys were last requested; locked during a request.
    asked: Arc<Mutex<Option<Instant>>>,
}

impl Keys {
    pub fn new(source: JwksSource, refresh: KeyRefreshPolicy) -> Self {
        Self(Arc::new(Kept { source, refresh, set: RwLock::new(None), asked: Arc::default() }))
    }

    /// Finds the key that a token names. An unknown key may be new, so the keys are read again, but at most once per
    /// `between`, since tokens can make up names. If reading fails, the cached keys stay valid.
    ///
    /// # Errors
    /// If the keys were never read.
    pub async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Option<DecodingKey>, Arc<dyn std::error::Error + Send + Sync>> {
        if let Some((set, read)) = self.0.current()
            && let Some(key) = set.find(id, algorithm)
        {
            // Refresh in the background; skip it if another request already refreshes them.
            if read.elapsed() > self.0.refresh.max_age
                && let Ok(asked) = Arc::clone(&self.0.asked).try_lock_owned()
            {
                drop(self.0.refresh(asked));
            }
            return Ok(Some(key.clone()));
        }
        let asked = Arc::clone(&self.0.asked).lock_owned().await;
        if let Some(refreshed) = self.0.refresh(asked) {
            // Whether it succeeded or not, use the keys that are cached now.
            let _ = refreshed.await;
        }
        match self.0.current() {
            Some((set, _)) => Ok(set.find(id, algorithm).cloned()),
            None => Err(Arc::from(Box::from("the keys of the identity provider have not been read yet"))),
        }
    }
}

impl Kept {
    fn current(&self) -> Option<(Arc<KeySet>, Instant)> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys, unless the previous attempt was too recent. Runs in a task of its own, so that a client that
    /// hangs up does not cancel it for the others.
    fn refresh(self: &Arc<Self>, mut asked: OwnedMutexGuard<Option<Instant>>) -> Option<JoinHandle<()>> {
        if asked.is_some_and(|last| last.elapsed() < self.refresh.retry_interval) {
            return None;
        }
        let kept = Arc::clone(self);
        Some(tokio::spawn(async move {
            match kept.source.read().await {
                Ok(set) => {
                    let read = Some((Arc::new(set), Instant::now()));
                    *kept.set.write().unwrap_or_else(PoisonError::into_inner) = read;
                }
                Err(reason) => {
                    tracing::warn!(
                        reason,
                        "cannot read the keys of the identity provider; the keys that were read before stay valid"
                    );
                }
            }
            // Count from the end, so that a slow attempt does not make the next one due.
            *asked = Some(Instant::now());
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_file_or_an_address() {
        assert_eq!("keys.json".parse(), Ok(JwksSource::File("keys.json".into())));
        assert_eq!("/etc/keys.json".parse(), Ok(JwksSource::File("/etc/keys.json".into())));
        for url in ["http://keycloak:8080/realms/x/certs?a=b", "https://idp.example/keys"] {
            assert_eq!(url.parse(), Ok(JwksSource::Url(Url::parse(url).unwrap())));
        }
        for wrong in ["https://", "http://", "http://me:secret@idp/keys"] {
            assert!(wrong.parse::<JwksSource>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_file_of_keys_is_a_file_of_bounded_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        std::fs::write(&path, " ".repeat(LARGEST + 1)).unwrap();
        assert!(JwksSource::File(path).check().await.unwrap_err().contains("larger than"));
        for path in [folder.path(), Path::new("/dev/zero")] {
            assert_eq!(JwksSource::File(path.to_owned()).check().await, Err("it is not a file".to_owned()));
        }
    }
}
