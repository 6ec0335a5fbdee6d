//! The documents: every example does what the text around it says, every link resolves, and the configuration reference
//! matches the definition of the command line.
//!
//! In `README.md` and `docs/`, the fenced blocks of these languages are examples:
//!
//! - `graphql` is executed by `serve --demo`, with a token of the scope ADMIN. It has to succeed, and to find
//!   something. Other expectations are directly below it, in comments that a reader does not see:
//!   - `<!-- errors: CODE ... -->`: the codes of the top-level errors, in their order;
//!   - `<!-- userErrors: CODE ... -->`: those of all `userErrors`, in any order;
//!   - `<!-- again: CODE ... -->`: those of the `userErrors` if the same is sent once more;
//!   - `<!-- scope: READ -->`: the scope of another token;
//!   - `<!-- variables -->` or `<!-- response -->` above a block of `json`. A response may leave out fields, and `…` in a
//!     text matches anything.
//! - `json` has a comment above it: one of these, a `<!-- request -->` to be sent as it is, or a `<!-- file: NAME -->`
//!   for the commands.
//! - `console` has commands after `$`, and below each its output, if that is to be compared. They run one after the
//!   other in a folder of their own, after `<!-- setup: COMMAND -->`. The commands in [`console::NOT_RUN`] are not run.
//!
//! The examples of a document run in their order on a database of their own, so each document can be read by itself.

mod blocks;
mod configuration;
mod console;
mod execute;
mod expect;
mod links;
mod words;

use std::path::{Path, PathBuf};

/// A test for each document, and the list of them.
macro_rules! documents {
    ($($name:ident $path:literal)*) => {
        const DOCUMENTS: &[&str] = &[$($path),*];
        $(
            #[tokio::test]
            async fn $name() {
                execute::examples($path).await;
            }
        )*
    };
}

documents! {
    readme "README.md"
    authentication "docs/authentication.md"
    clients "docs/clients.md"
    deployment "docs/deployment.md"
    errors "docs/errors.md"
    events "docs/events.md"
    import_and_export "docs/import-export.md"
    live_updates "docs/live-updates.md"
    mutations "docs/mutations.md"
    queries "docs/queries.md"
    search "docs/search.md"
    troubleshooting "docs/troubleshooting.md"
}

/// This document is generated, and has no examples.
const REFERENCE: &str = "docs/configuration.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Markdown files of a folder, by their paths from the root.
fn markdown_in(folder: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths.iter().map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_document_has_a_test() {
    let mut expected = vec!["README.md".to_owned()];
    expected.extend(markdown_in("docs").into_iter().filter(|path| path != REFERENCE));
    assert_eq!(DOCUMENTS, expected);
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 250, "README.md has {lines} lines; details belong in docs/");
}
