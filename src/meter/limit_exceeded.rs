/// A limit on what an operation may use, or on what operations hold together, is exceeded. Messages are for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitExceeded {
    /// The operation exceeds a limit. The message says what to reduce.
    TooComplex(String),
    /// The token exceeds a limit together with its other operations. The message says what helps.
    RateLimited(String),
    /// All operations together hold the maximum memory; a retry may succeed when some have ended.
    MemoryInUse,
}

impl LimitExceeded {
    /// `extensions.code` of the error that clients see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooComplex(_) => "TOO_COMPLEX",
            Self::RateLimited(_) => "RATE_LIMITED",
            Self::MemoryInUse => "UNAVAILABLE",
        }
    }
}
