//! Output buffer in pieces. A single buffer would double and be copied as it grows.

/// Bytes after which a piece is complete. A single field may make a piece longer.
pub const PIECE: usize = 64 << 10;

/// Bytes that are appended to, and truncated from, the end.
#[derive(Debug, Default)]
pub struct Buffer {
    complete: Vec<Vec<u8>>,
    /// Total bytes of the complete pieces.
    complete_bytes: usize,
    last: Vec<u8>,
}

impl Buffer {
    /// Reserves room for `bytes` bytes, but at most for one piece.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { last: Vec::with_capacity(bytes.min(PIECE + PIECE / 8)), ..Self::default() }
    }

    /// The piece that is being written.
    pub fn last(&mut self) -> &mut Vec<u8> {
        &mut self.last
    }

    pub fn push(&mut self, byte: u8) {
        self.last.push(byte);
    }

    pub fn extend(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(bytes);
    }

    /// Number of bytes in the buffer.
    pub fn written(&self) -> usize {
        self.complete_bytes + self.last.len()
    }

    /// Whether the last piece is long enough to be completed.
    pub fn is_due(&self) -> bool {
        self.last.len() >= PIECE
    }

    /// Completes the last piece and begins another.
    pub fn complete(&mut self) {
        let piece = std::mem::replace(&mut self.last, Vec::with_capacity(PIECE + PIECE / 8));
        self.keep(piece);
    }

    /// Adds a piece, which is copied only if it has much unused room.
    pub fn append(&mut self, piece: Vec<u8>) {
        if !self.last.is_empty() {
            self.complete();
        }
        self.keep(piece);
    }

    /// Keeps a complete piece. One with a long text has doubled as it grew: the unused room is released, as limits on
    /// the memory count written bytes.
    fn keep(&mut self, mut piece: Vec<u8>) {
        if piece.capacity() - piece.len() > PIECE / 4 {
            piece.shrink_to_fit();
        }
        self.complete_bytes += piece.len();
        self.complete.push(piece);
    }

    /// Keeps the first `len` bytes and drops the rest.
    pub fn truncate(&mut self, len: usize) {
        while len < self.complete_bytes
            && let Some(piece) = self.complete.pop()
        {
            self.complete_bytes -= piece.len();
            self.last = piece;
        }
        self.last.truncate(len - self.complete_bytes);
    }

    /// The pieces in order, none of them empty.
    pub fn into_pieces(mut self) -> Vec<Vec<u8>> {
        let last = std::mem::take(&mut self.last);
        if !last.is_empty() {
            self.keep(last);
        }
        self.complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_split_at_the_size_and_can_be_truncated() {
        let mut buffer = Buffer::with_capacity(10);
        let mut whole = Vec::new();
        for byte in 0..5 {
            buffer.extend(&vec![byte; 50_000]);
            whole.extend_from_slice(&vec![byte; 50_000]);
            if buffer.is_due() {
                buffer.complete();
            }
        }
        assert_eq!(buffer.written(), 250_000);
        for len in [220_000, 200_000, 100_000, 99_999, 7, 0] {
            buffer.truncate(len);
            whole.truncate(len);
            assert_eq!(buffer.written(), len);
        }
        buffer.extend(b"again");
        buffer.append(b"more".to_vec());
        assert_eq!(buffer.into_pieces(), [b"again".to_vec(), b"more".to_vec()]);
    }

    #[test]
    fn complete_pieces_have_little_unused_room() {
        let mut buffer = Buffer::default();
        for len in [PIECE, PIECE + 1, 3 * PIECE, 33 * PIECE + 1] {
            (0..len).for_each(|_| buffer.push(b' '));
            buffer.complete();
            let mut large = Vec::with_capacity(2 * len);
            large.resize(len, b' ');
            buffer.append(large);
        }
        buffer.push(b' ');
        for piece in buffer.into_pieces() {
            assert!(piece.capacity() - piece.len() <= PIECE / 4, "{} of {} bytes", piece.len(), piece.capacity());
        }
    }
}
