//! Writes messages in frames.

use axum::body::Bytes;
use futures_util::{Sink, SinkExt};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{self, Message as Sent};

/// Messages up to this size, in bytes, are sent in one frame. The pieces of larger ones are frames of their own, so that
/// no copy of the whole message is made.
const SMALL: usize = 16 << 10;
/// Maximum size of a frame, in bytes. The library copies a frame into its write buffer.
const FRAME: usize = 64 << 10;

/// The frames of a text message.
fn frames(pieces: Vec<Vec<u8>>) -> Vec<Sent> {
    let bytes: usize = pieces.iter().map(Vec::len).sum();
    let pieces: Vec<Bytes> = if bytes <= SMALL {
        vec![pieces.concat().into()]
    } else {
        pieces.into_iter().map(Bytes::from).flat_map(chunks).collect()
    };
    let last = pieces.len().saturating_sub(1);
    let frame = |(number, piece)| {
        let kind = if number == 0 { Data::Text } else { Data::Continue };
        Sent::Frame(Frame::message(piece, OpCode::Data(kind), number == last))
    };
    pieces.into_iter().enumerate().map(frame).collect()
}

fn chunks(mut piece: Bytes) -> Vec<Bytes> {
    let mut chunks = Vec::with_capacity(piece.len().div_ceil(FRAME));
    while !piece.is_empty() {
        chunks.push(piece.split_to(piece.len().min(FRAME)));
    }
    chunks
}

/// Sends a text message, and returns when the system has taken all of it.
///
/// # Errors
/// The connection has ended, or the client does not read.
pub async fn send(
    socket: &mut (impl Sink<Sent, Error = tungstenite::Error> + Unpin),
    pieces: Vec<Vec<u8>>,
) -> Result<(), tungstenite::Error> {
    for frame in frames(pieces) {
        socket.send(frame).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(pieces: &[usize]) -> Vec<(usize, bool, OpCode)> {
        let frames = frames(pieces.iter().map(|size| vec![b'x'; *size]).collect());
        let told = frames.into_iter().map(|frame| match frame {
            Sent::Frame(frame) => {
                let (bytes, header) = (frame.payload().len(), frame.header());
                (bytes, header.is_final, header.opcode)
            }
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn large_messages_are_fragmented() {
        let (text, more) = (OpCode::Data(Data::Text), OpCode::Data(Data::Continue));
        assert_eq!(sizes(&[10, 5, 1]), [(16, true, text)]);
        assert_eq!(sizes(&[10, 20_000, 0, 1]), [(10, false, text), (20_000, false, more), (1, true, more)]);
        assert_eq!(sizes(&[FRAME + 1]), [(FRAME, false, text), (1, true, more)]);
    }
}
