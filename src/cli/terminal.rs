//! Output of commands: one line per call, whatever the printed values hold.
//!
//! Names come from imports, from other systems and from holders of a token with the scope ADMIN. Printed unescaped,
//! they could move the cursor, forge rows or change the title of the terminal.

use std::fmt::Arguments;
use std::io::{Write, stdout};

use crate::text::control_characters::escape;

/// Prints a line to standard output, like `println!`, but with control characters escaped, and without a panic if the
/// reader has closed the pipe.
macro_rules! out {
    () => { crate::cli::terminal::print(format_args!("")) };
    ($($text:tt)*) => { crate::cli::terminal::print(format_args!($($text)*)) };
}

/// Prints a line to standard error, like [`out!`].
macro_rules! err {
    ($($text:tt)*) => { crate::cli::terminal::tell(format_args!($($text)*)) };
}

pub(super) use {err, out};

pub fn print(text: Arguments<'_>) {
    let _ = stdout().write_all(line(text).as_bytes());
}

pub fn tell(text: Arguments<'_>) {
    // Through the macro, so that the output of passing tests is captured.
    eprint!("{}", line(text));
}

fn line(text: Arguments<'_>) -> String {
    let mut line = escape(&text.to_string()).into_owned();
    line.push('\n');
    line
}

/// Prints rows in aligned columns.
pub fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) {
    let rows: Vec<[String; COLUMNS]> =
        rows.iter().map(|row| std::array::from_fn(|column| escape(&row[column]).into_owned())).collect();
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        out!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn printed_text_stays_on_one_line() {
        assert_eq!(line(format_args!("{}: {}", 1, "a\nb\x1b[1A")), "1: a\\nb\\u{1b}[1A\n");
    }

    #[test]
    fn commands_print_only_through_the_macros() {
        let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli"))];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let is_here = path.ends_with("terminal.rs");
                assert!(is_here || !text.contains("println!(") && !text.contains("print!("), "{}", path.display());
                files += 1;
            }
        }
        assert!(files > 20, "only {files} files of commands were read");
    }
}
