//! Runs the commands of the documents as a reader types them: by a shell, in a folder of their own.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::{Output, Stdio};

use notegraph::cli::command_line;
use tempfile::TempDir;
use testkit::process::program;
use tokio::process::Command;

use super::blocks::{Item, items};
use super::execute::Demo;
use super::expect::fits;
use super::{DOCUMENTS, read};

/// Prefixes of commands that are not run, each with the reason.
pub const NOT_RUN: &[(&str, &str)] = &[
    ("cargo run ", "builds the program, which runs here already"),
    ("cargo build ", "builds the program, which runs here already"),
    ("cargo test ", "runs these very tests"),
    ("sudo install ", "changes the machine"),
];

/// A folder in which commands run.
pub struct Console {
    folder: TempDir,
    /// Contains the program under the name `notegraph`.
    programs: TempDir,
}

impl Console {
    pub fn new() -> Self {
        let programs = tempfile::tempdir().unwrap();
        symlink(program(), programs.path().join("notegraph")).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), programs }
    }

    pub fn write(&self, name: &str, content: &str) -> Result<(), String> {
        std::fs::write(self.folder.path().join(name), content).map_err(|error| format!("{name}: {error}"))
    }

    /// Runs the commands of a block, and compares their output with that in the block.
    pub async fn block(&self, text: &str, demo: Option<&Demo>) -> Result<(), String> {
        for (command, expected) in commands(text) {
            let done = if is_not_run(&command) {
                Ok(())
            } else if command.starts_with("curl ") {
                self.ask(&command, demo.expect("a server runs")).await
            } else if command.contains("notegraph serve ") {
                self.is_understood(&command).await
            } else {
                self.run(&command, &expected).await
            };
            done.map_err(|what| format!("`{command}`: {what}"))?;
        }
        Ok(())
    }

    pub async fn run(&self, command: &str, expected: &str) -> Result<(), String> {
        let output = self.shell(command).await;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
        }
        // Without an expected output, the command may print anything.
        if expected.is_empty() {
            return Ok(());
        }
        let (printed, expected): (Vec<_>, Vec<_>) = (printed.lines().collect(), expected.lines().collect());
        let is_same = match expected.as_slice() {
            // Compare only the first lines; similar ones follow.
            [line] => printed.iter().all(|printed| fits(line, printed)) && !printed.is_empty(),
            lines => {
                lines.len() == printed.len() && lines.iter().zip(&printed).all(|(line, printed)| fits(line, printed))
            }
        };
        if is_same { Ok(()) } else { Err(format!("prints {printed:?}, not {expected:?}")) }
    }

    async fn shell(&self, script: &str) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.programs.path().display());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(self.folder.path()).env_clear().env("PATH", path);
        command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
    }

    /// The arguments that the shell passes to a command.
    async fn arguments(&self, program: &str, command: &str, token: &str) -> Vec<String> {
        let script = format!("{program}() {{ printf '%s\\0' \"$@\"; }}\nTOKEN='{token}'\n{command}");
        let output = self.shell(&script).await;
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// A server would not exit, so only its command line is parsed.
    async fn is_understood(&self, command: &str) -> Result<(), String> {
        let arguments = self.arguments("notegraph", command, "").await;
        let all = ["notegraph".to_owned()].into_iter().chain(arguments);
        command_line().try_get_matches_from(all).map(drop).map_err(|error| error.to_string())
    }

    /// Sends the same request as `curl`, which need not be installed.
    async fn ask(&self, command: &str, demo: &Demo) -> Result<(), String> {
        let mut arguments = self.arguments("curl", command, demo.administrator()).await.into_iter();
        let (mut head, mut body) = (Vec::new(), None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "http://127.0.0.1:8080/graphql" => {}
                "-H" => head.extend(arguments.next()),
                "--data" => body = arguments.next(),
                other => return Err(format!("nobody knows what {other:?} means here")),
            }
        }
        let token = format!("Authorization: Bearer {}", demo.administrator());
        // The client adds these two headers itself.
        for line in [token.as_str(), "Content-Type: application/json"] {
            let place =
                head.iter().position(|sent| sent == line).ok_or_else(|| format!("it does not send {line:?}"))?;
            head.remove(place);
        }
        let asks_for_cost = head.iter().any(|line| line == "X-GraphQL-Cost: 1");
        let body = body.ok_or("it sends nothing")?;
        let response = demo.send(demo.administrator(), &head, &body).await;
        if !response["errors"].is_null() || response["data"].is_null() {
            return Err(response.to_string());
        }
        if response["extensions"]["cost"]["estimated"].is_null() == asks_for_cost {
            return Err(format!("the cost is not as it was asked for: {response}"));
        }
        Ok(())
    }
}

fn is_not_run(command: &str) -> bool {
    NOT_RUN.iter().any(|(start, _)| command.starts_with(start))
}

/// The commands of a block, each with its output.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                command.push('\n');
                command.push_str(lines.next().expect("a command goes on after a backslash"));
            }
            // Parts that the reader need not type.
            let command = command.split_once("  # ").map_or(command.as_str(), |(command, _)| command).trim_end();
            commands.push((command.to_owned(), String::new()));
        } else {
            let (_, printed) = commands.last_mut().expect("a block begins with a command");
            printed.push_str(line);
            printed.push('\n');
        }
    }
    commands
}

#[test]
fn excluded_commands_occur_in_the_documents() {
    let blocks = DOCUMENTS.iter().flat_map(|path| items(&read(path)));
    let all: BTreeSet<String> = blocks
        .filter_map(|item| match item {
            Item::Block(block) if block.language == "console" => Some(commands(&block.text)),
            _ => None,
        })
        .flatten()
        .map(|(command, _)| command)
        .collect();
    assert!(all.len() > 20, "{all:?}");
    for (start, reason) in NOT_RUN {
        assert!(all.iter().any(|command| command.starts_with(start)), "no command is {start:?} ({reason}) any more");
    }
}

#[test]
fn a_console_block_is_parsed() {
    let text = "$ notegraph one \\\n    --two\nprinted\n  more\n$ notegraph three  # why";
    let expected = [("notegraph one \\\n    --two", "printed\n  more\n"), ("notegraph three", "")];
    assert_eq!(commands(text), expected.map(|(command, printed)| (command.to_owned(), printed.to_owned())));
}
