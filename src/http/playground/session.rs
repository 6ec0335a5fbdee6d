//! Hands the playground its token in exchange for a short-lived, single-use code.
//!
//! The code is in the fragment of the URL that `serve --demo` prints. URLs end up in browser histories, screenshots and
//! bookmarks; a token in the URL would be usable there until it expires.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;

use crate::auth::Secret;
use crate::http::sha256;

/// A token that waits to be fetched.
pub struct PlaygroundSession {
    /// SHA-256 of the code. Comparing hashes reveals nothing about the code by its timing.
    code: [u8; 32],
    token: Mutex<Option<Secret>>,
    until: Instant,
}

impl PlaygroundSession {
    /// How long a code is valid after the server has started.
    pub const LIFETIME: Duration = Duration::from_mins(10);

    /// Keeps a token for `lifetime`, and generates the code for fetching it: 256 random bits.
    ///
    /// # Errors
    /// If the system cannot provide random bytes.
    pub fn start(token: Secret, lifetime: Duration) -> Result<(Self, String), getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        let code = URL_SAFE_NO_PAD.encode(bits);
        let session =
            Self { code: sha256::hash(&code), token: Mutex::new(Some(token)), until: Instant::now() + lifetime };
        Ok((session, code))
    }

    /// Returns the token if the code is right and still valid. This works once.
    pub fn redeem(&self, code: &str) -> Option<Secret> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() >= self.until {
            *token = None;
        }
        if sha256::hash(code) == self.code { token.take() } else { None }
    }
}

impl std::fmt::Debug for PlaygroundSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("until", &self.until).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> (PlaygroundSession, String) {
        PlaygroundSession::start(Secret::from_text("ng_1_secret"), PlaygroundSession::LIFETIME).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_works_once() {
        let (session, code) = session();
        assert_eq!(code.len(), 43);
        assert!(session.redeem("").is_none() && session.redeem(&code.to_lowercase()).is_none());
        assert_eq!(session.redeem(&code).unwrap().reveal(), "ng_1_secret");
        assert!(session.redeem(&code).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_expires() {
        let (session, code) = session();
        tokio::time::advance(PlaygroundSession::LIFETIME).await;
        assert!(session.redeem(&code).is_none());
        assert!(session.token.lock().unwrap().is_none(), "the token is kept");
    }

    #[tokio::test(start_paused = true)]
    async fn debug_output_shows_no_secret() {
        let (session, code) = session();
        let shown = format!("{session:?}");
        assert!(!shown.contains(&code) && !shown.contains("ng_1_"), "{shown}");
    }
}
