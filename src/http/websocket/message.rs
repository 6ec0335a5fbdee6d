//! The messages of `graphql-transport-ws`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::request::bearer::bearer_in;
use crate::json::object::{RawObject, quoted};

/// Maximum length of an operation's ID, in bytes; clients send UUIDs or numbers.
const MOST_ID: usize = 256;

/// A message from the client.
#[derive(Debug)]
pub enum ClientMessage<'a> {
    /// `connection_init`, with the authorization of its payload.
    ConnectionInit {
        token: Option<String>,
    },
    Ping {
        payload: Option<&'a RawValue>,
    },
    Pong,
    /// `subscribe`: the payload is a request as a POST has it.
    Subscribe {
        id: String,
        payload: &'a RawValue,
    },
    Complete {
        id: String,
    },
}

/// The members of a message, before its type is known.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl<'a> ClientMessage<'a> {
    /// # Errors
    /// If the text is no message of the protocol: what is wrong, and what would be right.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let message: Members<'a> = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            if error.is_data() {
                format!("The message is not an object with a `type`, at {place}.")
            } else {
                format!("The message is not JSON, at {place}.")
            }
        })?;
        let object = message.payload.filter(|payload| payload.get() != "null");
        if object.is_some_and(|payload| !payload.get().starts_with('{')) {
            return Err("The `payload` is not an object.".to_owned());
        }
        let id = || match message.id {
            Some(id) if (1..=MOST_ID).contains(&id.len()) => Ok(id),
            _ => Err(format!("The `id` is not a string of 1 to {MOST_ID} bytes.")),
        };
        match message.kind.as_str() {
            "connection_init" => Ok(Self::ConnectionInit { token: object.map(token).transpose()?.flatten() }),
            "ping" => Ok(Self::Ping { payload: object }),
            "pong" => Ok(Self::Pong),
            "subscribe" => match object {
                Some(payload) => Ok(Self::Subscribe { id: id()?, payload }),
                None => Err("A `subscribe` message needs a `payload` with a `query`.".to_owned()),
            },
            "complete" => Ok(Self::Complete { id: id()? }),
            other => {
                let other: String = other.chars().take(40).collect();
                Err(format!("`{other}` is no type of message."))
            }
        }
    }
}

/// The bearer token in the payload of `connection_init`: browsers cannot set the headers of an upgrade. It is under
/// `Authorization`, in any case, at the top or under `headers`, as front ends have it.
fn token(payload: &RawValue) -> Result<Option<String>, String> {
    let read = |text: &str| RawObject::parse(text).map_err(|_| "The `payload` cannot be read.".to_owned());
    let find = |object: &RawObject| {
        let found = object.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let value: Option<String> = found.and_then(|(_, value)| serde_json::from_str(value).ok());
        // A value that is no bearer token is a wrong token, not an absent one.
        value.map(|value| bearer_in(&value).unwrap_or_default().to_owned())
    };
    let payload = read(payload.get())?;
    match (find(&payload), payload.get("headers")) {
        (None, Some(headers)) if headers.starts_with('{') => Ok(find(&read(headers)?)),
        (found, _) => Ok(found),
    }
}

/// `connection_ack`.
pub fn connection_ack() -> String {
    r#"{"type":"connection_ack"}"#.to_owned()
}

/// `pong`, with the payload of the ping.
pub fn pong(payload: Option<&RawValue>) -> String {
    match payload {
        Some(payload) => format!(r#"{{"type":"pong","payload":{}}}"#, payload.get()),
        None => r#"{"type":"pong"}"#.to_owned(),
    }
}

/// `complete`.
pub fn complete(id: &str) -> String {
    format!(r#"{{"id":{},"type":"complete"}}"#, quoted(id))
}

/// The beginning of a message with a payload, which is followed by the payload and a closing brace.
pub fn with_payload(id: &str, kind: &str) -> String {
    format!(r#"{{"id":{},"type":"{kind}","payload":"#, quoted(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(payload: &str) -> Option<String> {
        match ClientMessage::parse(&format!(r#"{{"type":"connection_init","payload":{payload}}}"#)) {
            Ok(ClientMessage::ConnectionInit { token }) => token,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_token_is_at_the_top_or_under_headers() {
        for payload in [
            r#"{"Authorization":"Bearer ng_1"}"#,
            r#"{"authorization":"bearer ng_1"}"#,
            r#"{"headers":{"AUTHORIZATION":"Bearer ng_1"}}"#,
            r#"{"a":[{}],"headers":{"x":1,"authorization":"Bearer ng_1"}}"#,
        ] {
            assert_eq!(token_of(payload).as_deref(), Some("ng_1"), "{payload}");
        }
        assert_eq!(token_of(r#"{"Authorization":"Basic x"}"#).as_deref(), Some(""));
        for payload in ["null", "{}", r#"{"headers":null}"#, r#"{"Authorization":1}"#] {
            assert_eq!(token_of(payload), None, "{payload}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (text, reason) in [
            ("", "not JSON"),
            ("{", "not JSON"),
            ("[]", "not an object"),
            ("1", "not an object"),
            ("{}", "not an object with a `type`"),
            (r#"{"type":"connection_init","type":"ping"}"#, "not an object"),
            (r#"{"type":"start","id":"1","payload":{}}"#, "`start` is no type"),
            (r#"{"type":"next","id":"1","payload":{}}"#, "`next` is no type"),
            (r#"{"type":"connection_init","payload":"token"}"#, "not an object"),
            (r#"{"type":"ping","payload":[]}"#, "not an object"),
            (r#"{"type":"subscribe","payload":{"query":"{a}"}}"#, "`id`"),
            (r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#, "`id`"),
            (r#"{"type":"subscribe","id":7,"payload":{"query":"{a}"}}"#, "not an object"),
            (r#"{"type":"subscribe","id":"1"}"#, "`payload`"),
            (r#"{"type":"complete"}"#, "`id`"),
        ] {
            let error = ClientMessage::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
        let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(MOST_ID + 1));
        assert!(ClientMessage::parse(&long).is_err());
    }

    #[test]
    fn ids_are_escaped() {
        assert_eq!(complete("a\"b"), r#"{"id":"a\"b","type":"complete"}"#);
        assert_eq!(with_payload("1", "next"), r#"{"id":"1","type":"next","payload":"#);
    }
}
