//! The reference of all commands and settings, generated from the definitions of the command line.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};
use notegraph::cli::command_line;

use super::{REFERENCE, read, root};

/// If this variable is set, the reference is written instead of compared.
const WRITE: &str = "NOTEGRAPH_TEST_WRITE";

const INTRODUCTION: &str = "\
# Configuration

<!-- generated: NOTEGRAPH_TEST_WRITE=1 cargo test --test it docs::configuration -->

Every setting of the server is a flag and an environment variable. The flag wins over the variable, and the variable over the
default. Lists in a variable are separated by commas; switches take `true` or `false`. `notegraph COMMAND --help` prints the same
texts.

";

#[test]
fn the_reference_matches_the_command_line() {
    let reference = reference(&command_line());
    assert!(reference.contains("| `--database-url URL` | `DATABASE_URL` |"), "{reference}");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(root().join(REFERENCE), &reference).unwrap();
    }
    assert!(
        read(REFERENCE) == reference,
        "{REFERENCE} is not what the command line defines. Write it anew, and look at the difference:\n\n    \
         {WRITE}=1 cargo test --test it docs::configuration\n"
    );
}

fn reference(program: &Command) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("## All commands\n\n");
    settings(&mut text, program);
    for command in program.get_subcommands() {
        describe(&mut text, program.get_name(), command);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Writes a command and its subcommands.
fn describe(text: &mut String, before: &str, command: &Command) {
    let name = format!("{before} {}", command.get_name());
    let arguments: Vec<String> =
        command.get_arguments().filter(|argument| argument.is_positional()).map(value).collect();
    let usage = [std::slice::from_ref(&name), arguments.as_slice()].concat().join(" ");
    if command.has_subcommands() {
        for below in command.get_subcommands() {
            describe(text, &name, below);
        }
        return;
    }
    writeln!(text, "## `{usage}`\n").unwrap();
    if let Some(about) = command.get_long_about().or_else(|| command.get_about()) {
        writeln!(text, "{}\n", sentence(&about.to_string())).unwrap();
    }
    settings(text, command);
}

/// Writes the arguments of a command as tables, one for each heading.
fn settings(text: &mut String, command: &Command) {
    let mut headings: Vec<Option<&str>> = Vec::new();
    for argument in command.get_arguments() {
        if !headings.contains(&argument.get_help_heading()) {
            headings.push(argument.get_help_heading());
        }
    }
    for heading in headings {
        if let Some(heading) = heading {
            writeln!(text, "### {heading}\n").unwrap();
        }
        let arguments: Vec<&Arg> =
            command.get_arguments().filter(|argument| argument.get_help_heading() == heading).collect();
        let has_variables = arguments.iter().any(|argument| argument.get_env().is_some());
        let columns = if has_variables {
            ["flag", "variable", "default", "meaning"]
        } else {
            ["argument", "", "default", "meaning"]
        };
        let columns: Vec<&str> = columns.into_iter().filter(|column| !column.is_empty()).collect();
        writeln!(text, "| {} |", columns.join(" | ")).unwrap();
        writeln!(text, "|{}", " --- |".repeat(columns.len())).unwrap();
        for argument in arguments {
            row(text, argument, has_variables);
        }
        text.push('\n');
    }
}

fn row(text: &mut String, argument: &Arg, has_variables: bool) {
    let value = value(argument);
    let flag = argument.get_long().map(|long| format!("--{long}"));
    let name = [flag, (!value.is_empty()).then_some(value)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    write!(text, "| `{}` |", name.replace('|', "\\|")).unwrap();
    if has_variables {
        let variable = argument.get_env().map(|name| format!("`{}`", name.to_str().unwrap()));
        write!(text, " {} |", variable.unwrap_or_default()).unwrap();
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let default = match argument.get_action() {
        ArgAction::SetTrue => "off".to_owned(),
        _ if argument.is_required_set() => "required".to_owned(),
        _ if defaults.iter().all(String::is_empty) => String::new(),
        _ => format!("`{}`", defaults.join(",")),
    };
    let help = argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = sentence(&help.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
    let values: Vec<String> =
        argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let values = match values.as_slice() {
        [_, ..] if argument.get_action().takes_values() => format!("One of {}.", values.join(", ")),
        _ => String::new(),
    };
    let help = [help, values].join(" ");
    let help = help.trim();
    writeln!(text, " {default} | {help} |").unwrap();
}

/// A text with its full stop, which the command line omits after a single sentence.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// The value after the flag, or in place of the argument.
fn value(argument: &Arg) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    let name = argument
        .get_value_names()
        .and_then(<[_]>::first)
        .map_or_else(|| argument.get_id().to_string().to_uppercase(), ToString::to_string);
    let is_repeated = argument.get_num_args().is_some_and(|range| range.max_values() > 1)
        || (argument.is_positional() && matches!(argument.get_action(), ArgAction::Append));
    if is_repeated { format!("{name}...") } else { name }
}
