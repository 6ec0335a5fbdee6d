//! The state of a socket that speaks `graphql-transport-ws`. It has no input and no output: it says what a message leads to.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::message::{self, ClientMessage};

/// Why the server closes a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    /// At most 123 bytes, as in RFC 6455, section 5.5.
    pub reason: Cow<'static, str>,
}

impl Close {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// Something that is no message of the protocol.
    fn bad_message(mut reason: String) -> Self {
        reason.truncate(reason.floor_char_boundary(123));
        Self { code: 4400, reason: reason.into() }
    }

    pub const GOING_AWAY: Self = Self::new(1001, "The server is shutting down");
    pub const BAD_FRAME: Self = Self::new(1002, "The frames are not those of RFC 6455");
    pub const NOT_UTF8: Self = Self::new(1007, "The message is not UTF-8");
    pub const TOO_LARGE: Self = Self::new(1009, "The message is too large");
    /// Clients connect again after a while.
    pub const TRY_LATER: Self = Self::new(1013, "Too many sockets or too little memory, try again later");
    pub const BINARY: Self = Self::new(4400, "Binary messages are not part of the protocol");
    const UNAUTHORIZED: Self = Self::new(4401, "Unauthorized");
    pub const FORBIDDEN: Self = Self::new(4403, "Forbidden");
    pub const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    const TOO_MANY_INITS: Self = Self::new(4429, "Too many initialisation requests");
    /// The server failed; its log has the reason.
    pub const FAILED: Self = Self::new(4500, "Internal server error");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waiting for `connection_init`.
    New,
    /// The token is being checked.
    Initializing,
    /// Acknowledged.
    Ready,
}

/// The action that follows a message of the client.
#[derive(Debug)]
pub enum Action<'a> {
    None,
    /// Check this token, or that of the upgrade.
    Authenticate {
        token: Option<String>,
    },
    Send(String),
    /// Start an operation.
    Start {
        id: String,
        number: u64,
        payload: &'a RawValue,
    },
    /// Refuse an operation because too many run on the socket.
    Refuse {
        id: String,
    },
    /// Stop the operation with this number.
    Stop {
        number: u64,
    },
    Close(Close),
}

/// The state of a socket.
pub struct Protocol {
    stage: Stage,
    /// The running operations: the number that tells an operation from an earlier one with the same ID.
    running: HashMap<String, u64>,
    /// Maximum number of running operations.
    most: usize,
    next: u64,
}

impl Protocol {
    pub fn new(most: usize) -> Self {
        Self { stage: Stage::New, running: HashMap::new(), most, next: 0 }
    }

    pub fn receive<'a>(&mut self, text: &'a str) -> Action<'a> {
        let message = match ClientMessage::parse(text) {
            Ok(message) => message,
            Err(reason) => return Action::Close(Close::bad_message(reason)),
        };
        match (message, self.stage) {
            (ClientMessage::ConnectionInit { token }, Stage::New) => {
                self.stage = Stage::Initializing;
                Action::Authenticate { token }
            }
            (ClientMessage::ConnectionInit { .. }, _) => Action::Close(Close::TOO_MANY_INITS),
            (ClientMessage::Ping { payload }, _) => Action::Send(message::pong(payload)),
            (ClientMessage::Pong, _) => Action::None,
            (ClientMessage::Subscribe { .. }, Stage::New | Stage::Initializing) => Action::Close(Close::UNAUTHORIZED),
            (ClientMessage::Subscribe { id, payload }, Stage::Ready) => {
                if self.running.contains_key(&id) {
                    let mut reason = format!("Subscriber for {id} already exists");
                    reason.truncate(reason.floor_char_boundary(123));
                    return Action::Close(Close { code: 4409, reason: reason.into() });
                }
                if self.running.len() >= self.most {
                    return Action::Refuse { id };
                }
                let number = self.next;
                self.next += 1;
                self.running.insert(id.clone(), number);
                Action::Start { id, number, payload }
            }
            // The operation may have ended meanwhile.
            (ClientMessage::Complete { id }, _) => match self.running.remove(&id) {
                Some(number) => Action::Stop { number },
                None => Action::None,
            },
        }
    }

    /// The token is valid. Returns the acknowledgement.
    pub fn acknowledge(&mut self) -> String {
        self.stage = Stage::Ready;
        message::connection_ack()
    }

    /// Whether `connection_init` has arrived.
    pub fn is_initialized(&self) -> bool {
        self.stage != Stage::New
    }

    /// Whether the client still waits for this operation, and not for a later one with the same ID.
    pub fn is_running(&self, id: &str, number: u64) -> bool {
        self.running.get(id) == Some(&number)
    }

    /// Frees the ID of an operation that has ended.
    pub fn end(&mut self, id: &str, number: u64) {
        if self.is_running(id, number) {
            self.running.remove(id);
        }
    }

    /// Whether no operation runs.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INIT: &str = r#"{"type":"connection_init"}"#;

    fn ready(most: usize) -> Protocol {
        let mut protocol = Protocol::new(most);
        assert!(matches!(protocol.receive(INIT), Action::Authenticate { token: None }));
        assert_eq!(protocol.acknowledge(), r#"{"type":"connection_ack"}"#);
        protocol
    }

    fn subscribe(id: &str) -> String {
        format!(r#"{{"type":"subscribe","id":"{id}","payload":{{"query":"{{a}}"}}}}"#)
    }

    fn code(action: &Action<'_>) -> Option<u16> {
        if let Action::Close(close) = action { Some(close.code) } else { None }
    }

    #[test]
    fn a_socket_is_initialized_once() {
        let mut protocol = Protocol::new(9);
        assert_eq!(code(&protocol.receive(&subscribe("1"))), Some(4401));
        protocol.receive(INIT);
        assert_eq!(code(&protocol.receive(&subscribe("1"))), Some(4401), "before the acknowledgement");
        assert_eq!(code(&protocol.receive(INIT)), Some(4429));
        assert_eq!(code(&ready(9).receive(INIT)), Some(4429));
    }

    #[test]
    fn an_id_is_free_when_its_operation_ends() {
        let mut protocol = ready(9);
        let text = subscribe("1");
        let Action::Start { id, number, payload } = protocol.receive(&text) else { panic!() };
        assert_eq!((id.as_str(), payload.get()), ("1", r#"{"query":"{a}"}"#));
        let Action::Close(close) = protocol.receive(&text) else { panic!() };
        assert_eq!((close.code, &*close.reason), (4409, "Subscriber for 1 already exists"));
        protocol.end("1", number);
        let Action::Start { number: later, .. } = protocol.receive(&text) else { panic!() };
        assert!(protocol.is_running("1", later) && !protocol.is_running("1", number));
        protocol.end("1", number);
        assert!(protocol.is_running("1", later), "the end of an earlier one");
    }

    #[test]
    fn a_client_may_complete_an_operation_at_any_time() {
        let mut protocol = ready(9);
        let (text, complete) = (subscribe("1"), r#"{"type":"complete","id":"1"}"#);
        assert!(matches!(protocol.receive(complete), Action::None), "it is unknown");
        let Action::Start { number, .. } = protocol.receive(&text) else { panic!() };
        assert!(matches!(protocol.receive(complete), Action::Stop { number: stopped } if stopped == number));
        assert!(!protocol.is_running("1", number) && protocol.is_idle());
        assert!(matches!(protocol.receive(complete), Action::None));
        assert!(matches!(protocol.receive(&text), Action::Start { .. }));
    }

    #[test]
    fn too_many_operations_are_refused_one_by_one() {
        let mut protocol = ready(2);
        for id in ["1", "2"] {
            assert!(matches!(protocol.receive(&subscribe(id)), Action::Start { .. }));
        }
        assert!(matches!(protocol.receive(&subscribe("3")), Action::Refuse { id } if id == "3"));
        protocol.receive(r#"{"type":"complete","id":"1"}"#);
        assert!(matches!(protocol.receive(&subscribe("3")), Action::Start { .. }));
    }

    #[test]
    fn a_ping_is_answered_at_any_time() {
        let mut protocol = Protocol::new(9);
        let answer = |action: Action<'_>| if let Action::Send(text) = action { text } else { panic!("{action:?}") };
        assert_eq!(answer(protocol.receive(r#"{"type":"ping"}"#)), r#"{"type":"pong"}"#);
        assert_eq!(
            answer(ready(9).receive(r#"{"type":"ping","payload":{"a":[1]}}"#)),
            r#"{"type":"pong","payload":{"a":[1]}}"#
        );
        assert!(matches!(protocol.receive(r#"{"type":"pong","payload":{}}"#), Action::None));
    }

    #[test]
    fn reasons_fit_into_a_frame() {
        let mut protocol = ready(9);
        let text = subscribe(&"ü".repeat(100));
        protocol.receive(&text);
        for text in [&text, &format!(r#"{{"type":"{}"}}"#, "ü".repeat(100)), "x"] {
            let Action::Close(close) = protocol.receive(text) else { panic!() };
            assert!((1..=123).contains(&close.reason.len()), "{close:?}");
        }
    }
}
