//! Orders fragments by which of them spread which others.

use std::collections::{HashMap, HashSet};

use breadth::types::{ExecutableDocument, Selection, SelectionSet};

/// The fragments of a document.
pub struct Fragments<'a> {
    /// All fragments, each after those that it spreads.
    pub in_order: Vec<&'a str>,
    /// The fragments that nothing spreads.
    pub unused: Vec<&'a str>,
}

enum Step<'a> {
    Begin(&'a str),
    End(&'a str),
}

impl<'a> Fragments<'a> {
    /// Follows the spreads without recursion, as a chain of fragments may be as deep as there are fragments.
    ///
    /// # Errors
    /// The name of a fragment that spreads itself, directly or through others (GraphQL, section 5.5.2.2).
    pub fn of(document: &'a ExecutableDocument) -> Result<Self, &'a str> {
        let spreads: HashMap<&str, Vec<&str>> = document
            .fragments
            .iter()
            .map(|(name, one)| (name.as_str(), spread(&one.node.selection_set.node)))
            .collect();
        let mut in_order = Vec::with_capacity(spreads.len());
        let (mut begun, mut ended) = (HashSet::new(), HashSet::new());
        for name in spreads.keys() {
            let mut steps = vec![Step::Begin(name)];
            while let Some(step) = steps.pop() {
                match step {
                    Step::Begin(name) if ended.contains(name) => {}
                    // Begun but not ended: the current path leads back to this fragment.
                    Step::Begin(name) if !begun.insert(name) => return Err(name),
                    Step::Begin(name) => {
                        steps.push(Step::End(name));
                        let known = spreads.get(name).into_iter().flatten();
                        steps.extend(known.filter(|name| spreads.contains_key(**name)).map(|name| Step::Begin(name)));
                    }
                    Step::End(name) => {
                        ended.insert(name);
                        in_order.push(name);
                    }
                }
            }
        }
        let operations = document.operations.iter().flat_map(|(_, one)| spread(&one.node.selection_set.node));
        let used: HashSet<&str> = operations.chain(spreads.values().flatten().copied()).collect();
        let unused = in_order.iter().copied().filter(|name| !used.contains(name)).collect();
        Ok(Self { in_order, unused })
    }
}

/// The fragments that a selection set spreads, each once.
fn spread(set: &SelectionSet) -> Vec<&str> {
    let mut found = HashSet::new();
    // Selection sets nest no deeper than brackets may, but avoiding recursion is just as easy.
    let mut sets = vec![set];
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => drop(found.insert(spread.node.fragment_name.node.as_str())),
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::parse_query;

    use super::*;

    #[test]
    fn fragments_are_sorted_after_those_that_they_spread() {
        let document = parse_query(
            "{ ...a } fragment a on Q { ...b ...c x { ...d } } fragment b on Q { ...c } fragment c on Q { ...d } \
             fragment d on Q { y } fragment e on Q { ... { ...d } ...unknown }",
        );
        let document = document.unwrap();
        let fragments = Fragments::of(&document).ok().unwrap();
        let place = |name| fragments.in_order.iter().position(|one| *one == name).unwrap();
        for (first, second) in [("d", "c"), ("c", "b"), ("b", "a"), ("d", "e")] {
            assert!(place(first) < place(second), "{:?}", fragments.in_order);
        }
        assert_eq!(fragments.in_order.len(), 5);
        assert_eq!(fragments.unused, ["e"]);
    }

    #[test]
    fn fragment_cycles_are_found_anywhere() {
        for document in [
            "{ ...a } fragment a on Q { ...a }",
            "{ ...a } fragment a on Q { x ...b } fragment b on Q { ... { ...a } }",
            "{ x } fragment a on Q { ...b } fragment b on Q { ...c } fragment c on Q { y { ...b } }",
        ] {
            assert!(Fragments::of(&parse_query(document).unwrap()).is_err(), "{document}");
        }
    }
}
