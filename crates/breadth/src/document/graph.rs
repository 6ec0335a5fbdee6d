//! The graph of fragment spreads. Fragments are identified by index; if two have the same name, the first counts.

use std::collections::HashMap;

use super::parse::ast::{Document, Offset, Selection, Selections};
use super::parse::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, short};

pub struct FragmentGraph<'a> {
    by_name: HashMap<&'a str, usize>,
    /// The fragments that each fragment spreads directly, without duplicates, with the position of the first spread.
    fragments: Vec<Vec<(usize, Offset)>>,
    /// The same for the operations.
    operations: Vec<Vec<(usize, Offset)>>,
    /// All fragments in topological order: each comes after those that it spreads.
    order: Vec<usize>,
}

enum Step {
    Begin(usize, Offset),
    End(usize),
}

impl<'a> FragmentGraph<'a> {
    /// Builds the graph in time proportional to the number of spreads. It does not recurse along chains of fragments.
    ///
    /// # Errors
    /// The first hundred cycles of fragments that spread themselves (GraphQL, section 5.5.2.2).
    pub fn of(document: &Document<'a>) -> Result<Self, Vec<Diagnostic>> {
        let mut by_name = HashMap::with_capacity(document.fragments.len());
        for (number, fragment) in document.fragments.iter().enumerate() {
            by_name.entry(fragment.name.text).or_insert(number);
        }
        let fragments = document.fragments.iter().map(|one| spreads(&by_name, &one.selection)).collect();
        let operations = document.operations.iter().map(|one| spreads(&by_name, &one.selection)).collect();
        let mut graph = Self { by_name, fragments, operations, order: Vec::new() };
        let diagnostics = graph.put_in_order(document);
        if diagnostics.is_empty() { Ok(graph) } else { Err(diagnostics) }
    }

    fn put_in_order(&mut self, document: &Document<'a>) -> Vec<Diagnostic> {
        let count = self.fragments.len();
        let (mut diagnostics, mut begun, mut ended) = (Vec::new(), vec![false; count], vec![false; count]);
        // Fragments that are begun and not ended, with the spreads that led to them.
        let mut path: Vec<(usize, Offset)> = Vec::new();
        let mut steps: Vec<Step> = Vec::new();
        for first in 0..count {
            steps.push(Step::Begin(first, 0));
            while let Some(step) = steps.pop() {
                match step {
                    Step::Begin(number, _) if is(&ended, number) => {}
                    Step::Begin(number, at) if is(&begun, number) => {
                        diagnostics.push(cycle(document, &path, number, at));
                        if diagnostics.len() >= MAX_DIAGNOSTICS {
                            return diagnostics;
                        }
                    }
                    Step::Begin(number, at) => {
                        set(&mut begun, number);
                        path.push((number, at));
                        steps.push(Step::End(number));
                        let spreads = self.fragments.get(number).into_iter().flatten().rev();
                        steps.extend(spreads.map(|(spread, at)| Step::Begin(*spread, *at)));
                    }
                    Step::End(number) => {
                        set(&mut ended, number);
                        path.pop();
                        self.order.push(number);
                    }
                }
            }
        }
        diagnostics
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// All fragments in topological order: each comes after those that it spreads.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The fragments that an operation uses, directly or through other fragments.
    pub fn used_by(&self, operation: usize) -> Vec<usize> {
        let mut seen = vec![false; self.fragments.len()];
        let mut waiting: Vec<usize> =
            self.operations.get(operation).into_iter().flatten().map(|(number, _)| *number).collect();
        let mut used = Vec::new();
        while let Some(number) = waiting.pop() {
            if !is(&seen, number) {
                set(&mut seen, number);
                used.push(number);
                waiting.extend(self.fragments.get(number).into_iter().flatten().map(|(number, _)| *number));
            }
        }
        used.sort_unstable();
        used
    }
}

fn is(flags: &[bool], number: usize) -> bool {
    flags.get(number).copied().unwrap_or_default()
}

fn set(flags: &mut [bool], number: usize) {
    if let Some(flag) = flags.get_mut(number) {
        *flag = true;
    }
}

fn cycle(document: &Document<'_>, path: &[(usize, Offset)], number: usize, at: Offset) -> Diagnostic {
    let name =
        |number: usize| document.fragments.get(number).map_or_else(String::new, |fragment| short(fragment.name.text));
    let start = path.iter().position(|(known, _)| *known == number).unwrap_or_default();
    let through = path.get(start + 1..).unwrap_or_default();
    let mut message = format!("Cannot spread fragment \"{}\" within itself", name(number));
    for (step, (number, _)) in through.iter().enumerate().take(5) {
        message.extend([if step == 0 { " via \"" } else { ", \"" }, &name(*number), "\""]);
    }
    if through.len() > 5 {
        message.push_str(", and others");
    }
    message.push('.');
    Diagnostic::new(message, through.iter().map(|(_, at)| *at).chain([at]).take(6))
}

/// The fragments that a selection spreads at any depth.
fn spreads(by_name: &HashMap<&str, usize>, selections: &Selections<'_>) -> Vec<(usize, Offset)> {
    let mut found = Vec::new();
    collect(by_name, selections, &mut found);
    found.sort_unstable();
    found.dedup_by_key(|(number, _)| *number);
    found
}

/// Collects spreads. The recursion is as deep as brackets may nest.
fn collect(by_name: &HashMap<&str, usize>, selections: &Selections<'_>, found: &mut Vec<(usize, Offset)>) {
    for selection in &selections.items {
        match selection {
            Selection::Field(field) => {
                if let Some(below) = &field.selection {
                    collect(by_name, below, found);
                }
            }
            Selection::Inline(inline) => collect(by_name, &inline.selection, found),
            Selection::Spread(spread) => {
                found.extend(by_name.get(spread.name.text).map(|number| (*number, spread.at)));
            }
        }
    }
}
