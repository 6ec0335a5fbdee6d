//! Runs the examples of a document in their order.

use serde_json::{Value, json};
use testkit::process::{Process, post, program};
use testkit::{Database, Engine};
use tokio::process::Command;

use super::blocks::{Block, Item, items};
use super::console::Console;
use super::expect::Expected;
use super::read;

/// A server with the demo's data, as `serve --demo` starts it.
pub struct Demo {
    process: Process,
    administrator: String,
    // The last field, so that it is dropped when nothing is connected any more.
    database: Database,
}

impl Demo {
    async fn start() -> Self {
        let database = Database::empty(&Engine::of_this_run()).await;
        let process = Process::serve(database.url(), &["--demo"]).await;
        let line = process.printed.last().unwrap();
        let administrator = line.strip_prefix("Token:").expect("the token is printed last").trim().to_owned();
        Self { process, administrator, database }
    }

    pub fn administrator(&self) -> &str {
        &self.administrator
    }

    /// Creates a token of the administrator with a smaller scope.
    async fn token(&self, scope: &str) -> String {
        let arguments = ["token", "create", "--company", "Demo", "--user", "admin", "--scope", scope];
        let mut command = Command::new(program());
        let output =
            command.args(arguments).env_clear().env("DATABASE_URL", self.database.url()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Sends a body, with additional header lines.
    pub async fn send(&self, token: &str, head: &[String], body: &str) -> Value {
        let request = String::from_utf8(post(token, body)).unwrap();
        let lines = [&["Connection: close".to_owned()], head, &[String::new()]].concat();
        let request = request.replacen("Connection: close\r\n", &lines.join("\r\n"), 1);
        let answer = self.process.exchange(request.as_bytes()).await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer}"));
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

/// An example to execute.
enum Example {
    /// An operation, with the scope of its token if it differs from the administrator's.
    Operation {
        document: String,
        variables: Value,
        scope: Option<String>,
        expected: Expected,
        again: Option<Expected>,
    },
    Request {
        body: String,
        expected: Expected,
    },
    File {
        name: String,
        content: String,
    },
    Setup(String),
    Console(Block),
}

/// Runs all examples of a document.
pub async fn examples(path: &str) {
    let examples = examples_of(path, &read(path));
    let needs_server = examples.iter().any(|(_, example)| match example {
        Example::Operation { .. } | Example::Request { .. } => true,
        Example::Console(block) => block.text.contains("$ curl "),
        Example::File { .. } | Example::Setup(_) => false,
    });
    let demo = if needs_server { Some(Demo::start().await) } else { None };
    let console = Console::new();
    let mut wrong = Vec::new();
    for (line, example) in examples {
        if let Err(what) = run(&example, demo.as_ref(), &console).await {
            wrong.push(format!("{path}:{line}: {what}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn run(example: &Example, demo: Option<&Demo>, console: &Console) -> Result<(), String> {
    match example {
        Example::Operation { document, variables, scope, expected, again } => {
            let demo = demo.expect("a server runs");
            let token = match scope {
                Some(scope) => demo.token(scope).await,
                None => demo.administrator().to_owned(),
            };
            let body = json!({ "query": document, "variables": variables }).to_string();
            for expected in [Some(expected), again.as_ref()].into_iter().flatten() {
                let response = demo.send(&token, &[], &body).await;
                expected.check(&response).map_err(|what| format!("{what}: {response}"))?;
            }
            Ok(())
        }
        Example::Request { body, expected } => {
            let demo = demo.expect("a server runs");
            let response = demo.send(demo.administrator(), &[], body).await;
            expected.check(&response).map_err(|what| format!("{what}: {response}"))
        }
        Example::File { name, content } => console.write(name, content),
        Example::Setup(command) => console.run(command, "").await,
        Example::Console(block) => console.block(&block.text, demo).await,
    }
}

/// Languages of blocks that are not executed here. `tests/clients` imports those of `js`.
const OTHER_LANGUAGES: [&str; 5] = ["text", "js", "yaml", "nginx", "ini"];

fn examples_of(path: &str, document: &str) -> Vec<(usize, Example)> {
    let items = items(document);
    let mut examples = Vec::new();
    let mut index = 0;
    let mut line = 0;
    while let Some(item) = items.get(index) {
        let rest = &items[index + 1..];
        index += 1;
        match item {
            Item::Prose(_) => {}
            Item::Block(block) => {
                line = block.line;
                let example = match block.language.as_str() {
                    "graphql" => {
                        let (below, used) = Below::read(path, rest);
                        index += used;
                        let Below { variables, scope, expected, again } = below;
                        Example::Operation { document: block.text.clone(), variables, scope, expected, again }
                    }
                    "console" => Example::Console(block.clone()),
                    other if OTHER_LANGUAGES.contains(&other) => continue,
                    other => panic!("{path}:{line}: nobody knows what to do with a block of {other:?} here"),
                };
                examples.push((line, example));
            }
            Item::Marker { name, value } => match (name.as_str(), rest.first()) {
                ("setup", _) => examples.push((line, Example::Setup(value.clone()))),
                ("file", Some(Item::Block(block))) => {
                    index += 1;
                    examples.push((block.line, Example::File { name: value.clone(), content: block.text.clone() }));
                }
                ("request", Some(Item::Block(block))) => {
                    let (below, used) = Below::read(path, &rest[1..]);
                    index += 1 + used;
                    examples
                        .push((block.line, Example::Request { body: block.text.clone(), expected: below.expected }));
                }
                // Read by other tests.
                ("module" | "figures" | "generated", _) => {}
                _ => panic!("{path}, after line {line}: the comment {name:?} stands where it means nothing"),
            },
        }
    }
    examples
}

/// The comments and blocks directly below an operation or a request.
#[derive(Default)]
struct Below {
    variables: Value,
    scope: Option<String>,
    expected: Expected,
    /// The expected result of sending it once more.
    again: Option<Expected>,
}

impl Below {
    /// Also returns the number of items that belong to it.
    fn read(path: &str, items: &[Item]) -> (Self, usize) {
        let mut below = Self { variables: json!({}), ..Self::default() };
        let mut used = 0;
        while let Some(Item::Marker { name, value }) = items.get(used) {
            let codes = || value.split_whitespace().map(str::to_owned).collect();
            match name.as_str() {
                "errors" => below.expected.errors = codes(),
                "userErrors" => below.expected.user_errors = codes(),
                "again" => below.again = Some(Expected { user_errors: codes(), ..Expected::default() }),
                "scope" => below.scope = Some(value.clone()),
                "variables" | "response" => {
                    let Some(Item::Block(block)) = items.get(used + 1).filter(|item| is_json(item)) else {
                        panic!("{path}: a block of json has to follow {name:?}")
                    };
                    let json = serde_json::from_str(&block.text)
                        .unwrap_or_else(|error| panic!("{path}:{}: {error}", block.line));
                    if name == "variables" {
                        below.variables = json;
                    } else {
                        below.expected.response = Some(json);
                    }
                    used += 1;
                }
                _ => break,
            }
            used += 1;
        }
        // The errors in the shown response need not be repeated in a comment.
        if let Some(response) = &below.expected.response
            && below.expected.errors.is_empty()
            && let Some(errors) = response["errors"].as_array()
        {
            let codes = errors.iter().filter_map(|error| error["extensions"]["code"].as_str());
            below.expected.errors = codes.map(str::to_owned).collect();
        }
        (below, used)
    }
}

fn is_json(item: &Item) -> bool {
    matches!(item, Item::Block(block) if block.language == "json")
}
