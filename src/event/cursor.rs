use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::log::LogState;
use super::permutation::Key;
use super::position::Position;
use crate::error::{Error, Result};
use crate::graphql::global_id::EventHandle;
use crate::ids::{CompanyId, EventId};

/// The prefix of the cursors of events; no other cursor contains a dot.
const PREFIX: &str = "e.";
/// Length of half a block: a cursor holds three numbers in each.
const HALF: usize = 24;

fn bad() -> Error {
    Error::BadCursor(
        "This is not a cursor of the event log; use one that `noteEvents` or `history` returned.".to_owned(),
    )
}

fn block(text: &str) -> Option<[u8; 2 * HALF]> {
    let text = text.strip_prefix(PREFIX).filter(|text| text.len() == 2 * HALF * 4 / 3)?;
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn joined(numbers: [i64; 3]) -> [u8; HALF] {
    let mut half = [0; HALF];
    for (bytes, number) in half.chunks_exact_mut(8).zip(numbers) {
        bytes.copy_from_slice(&number.to_be_bytes());
    }
    half
}

fn split(half: [u8; HALF]) -> [i64; 3] {
    let mut numbers = [0; 3];
    for (number, bytes) in numbers.iter_mut().zip(half.chunks_exact(8)) {
        *number = bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte));
    }
    numbers
}

/// The cursors and IDs of a company's events.
pub struct Cursors {
    generation: i64,
    horizon: Position,
    cursor: Key,
    id: Key,
}

impl Cursors {
    pub fn new(state: &LogState, company_id: CompanyId) -> Self {
        Self {
            generation: state.generation,
            horizon: state.horizon,
            cursor: Key::new(&state.secret, "cursor", company_id.0),
            id: Key::new(&state.secret, "id", company_id.0),
        }
    }

    /// The cursor of an event, the same whenever it is read, unless transactions that were running then may still append
    /// events before it: then it also holds the position from which the feed has to be read.
    pub fn of(&self, position: Position) -> String {
        let unfinished = position.transaction >= self.horizon.transaction && self.horizon.transaction > 0;
        self.encode(position, if unfinished { self.horizon.transaction } else { -1 }, 0)
    }

    /// The cursor of a position up to which events were examined. It is another one each time, so that two of them do not
    /// show whether anything has happened that the viewer may not see.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn of_end(&self, position: Position) -> Result<String> {
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        Ok(self.encode(position, -1, i64::from_be_bytes(nonce)))
    }

    fn encode(&self, position: Position, complete: i64, nonce: i64) -> String {
        let block = [joined([position.transaction, position.id, complete]), joined([self.generation, nonce, 0])];
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.cursor.hide(block).as_flattened()))
    }

    /// The position of a cursor in a history, and the one from which the feed goes on after it.
    ///
    /// # Errors
    /// `BAD_CURSOR` if it is none, `CURSOR_EXPIRED` if it is one of another log.
    pub fn decode(&self, text: &str) -> Result<[Position; 2]> {
        let mut halves = [[0; HALF]; 2];
        halves.as_flattened_mut().copy_from_slice(&block(text).ok_or_else(bad)?);
        let [place, mark] = self.cursor.reveal(halves).map(split);
        let ([transaction, id, complete], [generation, _, check]) = (place, mark);
        if generation != self.generation || check != 0 {
            return Err(Error::CursorExpired(
                "This cursor is not one of this event log: the database was restored or copied since, or the cursor is of \
                 another company. Read everything again, and start from `from: BEGINNING` or NOW."
                    .to_owned(),
            ));
        }
        let position = Position { transaction, id };
        let complete = if complete < 0 { position } else { Position { transaction: complete, id: 0 } };
        Ok([position, complete])
    }

    pub fn handle(&self, id: EventId) -> EventHandle {
        EventHandle(self.id.hide([id.0.to_be_bytes(), [0; 8]]))
    }

    /// The event that a handle names; none if no event of the company has it.
    pub fn event_id(&self, handle: EventHandle) -> Option<EventId> {
        let [id, check] = self.id.reveal(handle.0);
        (check == [0; 8]).then(|| EventId(i64::from_be_bytes(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursors(generation: i64, company: i64) -> Cursors {
        let horizon = Position { transaction: 100, id: 0 };
        let state = LogState { generation, secret: "secret".to_owned(), horizon, floor: None };
        Cursors::new(&state, CompanyId(company))
    }

    #[test]
    fn a_cursor_holds_its_position() {
        let (cursors, position) = (cursors(7, 1), Position { transaction: 99, id: i64::MAX });
        assert_eq!(cursors.decode(&cursors.of(position)).ok(), Some([position, position]));
        assert_eq!(cursors.of(position), cursors.of(position));
        let end = cursors.of_end(position).ok().unwrap();
        assert_eq!(cursors.decode(&end).ok(), Some([position, position]));
        assert_ne!(end, cursors.of_end(position).ok().unwrap());
    }

    #[test]
    fn the_feed_goes_on_where_the_log_was_complete() {
        let (cursors, position) = (cursors(7, 1), Position { transaction: 105, id: 3 });
        assert_eq!(cursors.decode(&cursors.of(position)).ok(), Some([position, Position { transaction: 100, id: 0 }]));
    }

    #[test]
    fn a_cursor_of_another_log_has_expired() {
        let text = cursors(7, 1).of(Position { transaction: 1, id: 2 });
        let code = |cursors: Cursors, text: &str| cursors.decode(text).err().map(|error| error.code());
        assert_eq!(code(cursors(8, 1), &text), Some("CURSOR_EXPIRED"));
        assert_eq!(code(cursors(7, 2), &text), Some("CURSOR_EXPIRED"));
        for text in ["", "e.", "x", &text[1..], &text[..65], &format!("{text}A"), &text.replace("e.", "e.*")] {
            assert_eq!(code(cursors(7, 1), text), Some("BAD_CURSOR"), "{text}");
        }
    }

    #[test]
    fn a_handle_names_one_event_of_one_company() {
        let handle = cursors(7, 1).handle(EventId(42));
        assert_eq!(cursors(8, 1).event_id(handle), Some(EventId(42)), "of each generation");
        assert_eq!(cursors(7, 2).event_id(handle), None);
    }
}
