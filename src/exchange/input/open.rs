use std::io::{BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// An open file, standard input, or any other reader.
pub type File = Box<dyn Read + Send>;

const BUFFER: usize = 64 * 1024;

/// Opens a file; `-` stands for standard input.
///
/// # Errors
/// When the file does not exist, may not be read, or is a directory.
pub fn open(name: &str) -> std::io::Result<File> {
    if name == "-" {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = std::fs::File::open(name)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::Error::other("it is a directory, not a file"));
    }
    Ok(Box::new(file))
}

/// Returns the text of a file: unpacks gzip, and removes a byte order mark, which some editors add.
pub fn decode(file: File) -> std::io::Result<Box<dyn BufRead>> {
    let (begin, file) = beginning(file, 2)?;
    let input = Cursor::new(begin.clone()).chain(file);
    let unpacked: Box<dyn Read> = if begin == [0x1f, 0x8b] {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, input)))
    } else {
        Box::new(input)
    };
    let (begin, rest) = beginning(unpacked, 3)?;
    let begin = if begin == "\u{FEFF}".as_bytes() { Vec::new() } else { begin };
    Ok(Box::new(buffered(begin, rest)))
}

fn buffered<R: Read>(begin: Vec<u8>, rest: R) -> BufReader<Chain<Cursor<Vec<u8>>, R>> {
    BufReader::with_capacity(BUFFER, Cursor::new(begin).chain(rest))
}

/// Reads the first `length` bytes, or fewer if the file is shorter.
fn beginning<R: Read>(mut file: R, length: u64) -> std::io::Result<(Vec<u8>, R)> {
    let mut begin = Vec::new();
    file.by_ref().take(length).read_to_end(&mut begin)?;
    Ok((begin, file))
}
