//! A document as a tree, which can be generated, printed, and shrunk while it still fails.

use std::collections::BTreeSet;
use std::fmt::Write;

use async_graphql::{Name, Value as Constant};
use async_graphql_value::Value;

#[derive(Clone, Default)]
pub struct Document {
    pub variables: Vec<Variable>,
    pub selection: Vec<Selection>,
    pub fragments: Vec<Fragment>,
}

#[derive(Clone)]
pub struct Variable {
    pub ty: String,
    pub default: Option<Constant>,
    /// The value that is sent; `None` if the variable is left out.
    pub sent: Option<Constant>,
}

#[derive(Clone)]
pub struct Fragment {
    pub on: String,
    pub selection: Vec<Selection>,
}

#[derive(Clone)]
pub struct Selection {
    pub what: What,
    pub directives: Vec<(&'static str, Value)>,
    pub below: Vec<Selection>,
}

#[derive(Clone)]
pub enum What {
    Field { alias: Option<String>, name: String, arguments: Vec<(String, Value)> },
    Inline(Option<String>),
    Spread(usize),
}

impl Selection {
    pub fn new(what: What) -> Self {
        Self { what, directives: Vec::new(), below: Vec::new() }
    }

    pub fn field(name: &str) -> Self {
        Self::new(What::Field { alias: None, name: name.to_owned(), arguments: Vec::new() })
    }
}

/// The variables and fragments that a document uses. Only these are printed, because validation refuses unused ones.
#[derive(Default)]
struct Used {
    variables: BTreeSet<usize>,
    fragments: BTreeSet<usize>,
}

pub fn variable(index: usize) -> Name {
    Name::new(format!("v{index}"))
}

impl Document {
    fn used(&self) -> Used {
        let mut used = Used::default();
        self.walk(&self.selection, &mut used);
        used
    }

    fn walk(&self, selection: &[Selection], used: &mut Used) {
        for selected in selection {
            for (_, value) in &selected.directives {
                used.value(value);
            }
            match &selected.what {
                What::Field { arguments, .. } => arguments.iter().for_each(|(_, value)| used.value(value)),
                What::Inline(_) => {}
                What::Spread(fragment) => {
                    if used.fragments.insert(*fragment) {
                        self.walk(&self.fragments[*fragment].selection, used);
                    }
                }
            }
            self.walk(&selected.below, used);
        }
    }

    /// The variables that are sent.
    pub fn sent(&self) -> serde_json::Map<String, serde_json::Value> {
        let used = self.used().variables.into_iter();
        let sent = used.filter_map(|index| {
            let sent = self.variables[index].sent.clone()?;
            Some((format!("v{index}"), sent.into_json().unwrap()))
        });
        sent.collect()
    }

    /// The variables that are sent, plus the defaults of those that are not.
    pub fn sent_or_default(&self) -> serde_json::Map<String, serde_json::Value> {
        let used = self.used().variables.into_iter();
        let known = used.filter_map(|index| {
            let Variable { sent, default, .. } = &self.variables[index];
            Some((format!("v{index}"), sent.clone().or_else(|| default.clone())?.into_json().unwrap()))
        });
        known.collect()
    }

    pub fn text(&self) -> String {
        let used = self.used();
        let mut out = String::new();
        if !used.variables.is_empty() {
            let definitions: Vec<String> = used
                .variables
                .iter()
                .map(|&index| {
                    let Variable { ty, default, .. } = &self.variables[index];
                    let default = default.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
                    format!("$v{index}: {ty}{default}")
                })
                .collect();
            let _ = write!(out, "query ({}) ", definitions.join(", "));
        }
        print(&self.selection, 0, &mut out);
        for index in used.fragments {
            let Fragment { on, selection } = &self.fragments[index];
            let _ = write!(out, "\nfragment F{index} on {on} ");
            print(selection, 0, &mut out);
        }
        out
    }

    /// All documents that are slightly smaller than this one.
    pub fn smaller(&self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut paths = Vec::new();
        places(&self.selection, &mut Vec::new(), &mut |path| paths.push((None, path.to_vec())));
        let used = self.used().fragments;
        for &fragment in &used {
            let selection = &self.fragments[fragment].selection;
            places(selection, &mut Vec::new(), &mut |path| paths.push((Some(fragment), path.to_vec())));
        }
        for (fragment, path) in paths {
            for cut in [Cut::Selection, Cut::Hoist, Cut::Details] {
                let mut less = self.clone();
                let fragments = less.fragments.clone();
                let root = match fragment {
                    Some(fragment) => &mut less.fragments[fragment].selection,
                    None => &mut less.selection,
                };
                if cut.apply(root, &path, &fragments) {
                    found.push(less);
                }
            }
        }
        found
    }
}

impl Used {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Variable(name) => {
                self.variables.insert(name[1..].parse().unwrap());
            }
            Value::List(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.value(field)),
            _ => {}
        }
    }
}

fn print(selection: &[Selection], depth: usize, out: &mut String) {
    out.push_str("{\n");
    for selected in selection {
        out.push_str(&"  ".repeat(depth + 1));
        match &selected.what {
            What::Field { alias, name, arguments } => {
                if let Some(alias) = alias {
                    let _ = write!(out, "{alias}: ");
                }
                out.push_str(name);
                if !arguments.is_empty() {
                    let arguments: Vec<String> =
                        arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                    let _ = write!(out, "({})", arguments.join(", "));
                }
            }
            What::Inline(Some(on)) => {
                let _ = write!(out, "... on {on}");
            }
            What::Inline(None) => out.push_str("..."),
            What::Spread(fragment) => {
                let _ = write!(out, "...F{fragment}");
            }
        }
        for (directive, condition) in &selected.directives {
            let _ = write!(out, " @{directive}(if: {condition})");
        }
        if selected.below.is_empty() {
            out.push('\n');
        } else {
            out.push(' ');
            print(&selected.below, depth + 1, out);
        }
    }
    out.push_str(&"  ".repeat(depth));
    out.push_str("}\n");
}

fn places(selection: &[Selection], path: &mut Vec<usize>, found: &mut impl FnMut(&[usize])) {
    for (index, selected) in selection.iter().enumerate() {
        path.push(index);
        found(path);
        places(&selected.below, path, found);
        path.pop();
    }
}

/// A way to make a document smaller at one place.
enum Cut {
    /// Removes the selection, or replaces the only one of its set by `__typename`.
    Selection,
    /// Replaces a fragment by its contents.
    Hoist,
    /// Removes arguments and directives.
    Details,
}

impl Cut {
    fn apply(&self, root: &mut Vec<Selection>, path: &[usize], fragments: &[Fragment]) -> bool {
        let (&index, above) = path.split_last().unwrap();
        let set = above.iter().fold(root, |set, &index| &mut set[index].below);
        let alone = set.len() == 1;
        let selected = &mut set[index];
        match self {
            Self::Selection if !alone => drop(set.remove(index)),
            Self::Selection => {
                if matches!(&selected.what, What::Field { name, .. } if name == "__typename") {
                    return false;
                }
                *selected = Selection::field("__typename");
            }
            Self::Hoist => {
                let below = match &selected.what {
                    What::Field { .. } => return false,
                    What::Inline(_) => std::mem::take(&mut selected.below),
                    What::Spread(fragment) => fragments[*fragment].selection.clone(),
                };
                set.splice(index..=index, below);
            }
            Self::Details => {
                let arguments = match &mut selected.what {
                    // Keep the ID, without which the field is invalid.
                    What::Field { arguments, .. } => {
                        let before = arguments.len();
                        arguments.retain(|(name, _)| name.starts_with("id"));
                        before - arguments.len()
                    }
                    _ => 0,
                };
                let less = arguments + selected.directives.len() > 0;
                selected.directives.clear();
                return less;
            }
        }
        true
    }
}
