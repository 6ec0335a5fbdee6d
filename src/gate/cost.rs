//! What a parsed document may cost, told before it is validated: fragments that spread each other double with every
//! line, and the library's own rules walk all of it. Here each fragment is looked at once.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Value, Variables};
use async_graphql_value::Value as Literal;

/// How many fragments a document may define.
const MOST_FRAGMENTS: usize = 300;
/// How many fields, fragments expanded. A large real document has some 500.
const MOST_FIELDS: u64 = 2_000;
/// How many values an answer may hold: fields times the sizes of the pages that they stand in.
const MOST_VALUES: u64 = 1_000_000;
/// What a field of the document costs, beside the values that it gives: looking at it, and what it asks of the database.
const FIELD: u64 = 100;
/// How deep the lists of an introspection may nest; tools ask for types, their fields and the arguments of these.
const MOST_INTROSPECTION_LISTS: u64 = 3;

/// The size of a page where none is asked for, and the largest.
const PAGE: (u64, u64) = (20, 100);

/// What a document costs: its fields, a hundred each, and the values that its answer could hold, one each. Refuses one
/// that would cost too much, before anything walks its fragments one by one.
///
/// # Errors
/// A sentence for the client: what there is too much of, and how much is allowed.
pub fn estimate(document: &ExecutableDocument, variables: &Variables) -> Result<u64, String> {
    let mut cost = 0;
    let fragments = document.fragments.len();
    if fragments > MOST_FRAGMENTS {
        return Err(format!("The document defines {fragments} fragments; at most {MOST_FRAGMENTS} are taken."));
    }
    for (_, operation) in document.operations.iter() {
        let mut scales =
            Scales { document, operation: &operation.node, variables, known: HashMap::new(), walking: HashSet::new() };
        let weight = scales.set(&operation.node.selection_set.node);
        if weight.fields > MOST_FIELDS {
            return Err(format!("The document asks for more than {MOST_FIELDS} fields, fragments expanded."));
        }
        if weight.values > MOST_VALUES {
            return Err(format!(
                "The answer could hold more than {MOST_VALUES} values; ask for smaller pages, or nest fewer of them."
            ));
        }
        if weight.lists > MOST_INTROSPECTION_LISTS {
            return Err(format!("The introspection nests more than {MOST_INTROSPECTION_LISTS} lists."));
        }
        // Which of them runs is found out later: the costliest counts.
        cost = cost.max(weight.fields * FIELD + weight.values);
    }
    Ok(cost)
}

/// What a selection set comes to.
#[derive(Clone, Copy, Default)]
struct Weight {
    fields: u64,
    values: u64,
    /// How deep lists of the introspection nest.
    lists: u64,
    /// It selects `nodes` or `edges`: what it belongs to is a page.
    page: bool,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.values = self.values.saturating_add(other.values);
        self.lists = self.lists.max(other.lists);
        self.page |= other.page;
    }
}

struct Scales<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    known: HashMap<&'a str, Weight>,
    /// Fragments that are being looked at: one that comes back to itself is refused by the validation.
    walking: HashSet<&'a str>,
}

impl<'a> Scales<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Weight {
        let mut weight = Weight::default();
        for selection in &set.items {
            weight.add(match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            });
        }
        weight
    }

    fn field(&mut self, field: &'a Field) -> Weight {
        let name = field.name.node.as_str();
        let below = self.set(&field.selection_set.node);
        let times = self.times(field, below.page);
        let introspects = matches!(
            name,
            "types" | "fields" | "args" | "inputFields" | "enumValues" | "possibleTypes" | "interfaces" | "directives"
        );
        Weight {
            fields: below.fields.saturating_add(1),
            values: below.values.saturating_mul(times).saturating_add(1),
            lists: below.lists + u64::from(introspects),
            page: matches!(name, "nodes" | "edges"),
        }
    }

    fn fragment(&mut self, name: &'a str) -> Weight {
        if let Some(weight) = self.known.get(name) {
            return *weight;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Weight::default() };
        if !self.walking.insert(name) {
            return Weight::default();
        }
        let mut weight = self.set(&fragment.node.selection_set.node);
        // A spread of nothing costs a step, too.
        weight.fields = weight.fields.saturating_add(1);
        self.walking.remove(name);
        self.known.insert(name, weight);
        weight
    }

    /// How many objects a field leads to.
    fn times(&self, field: &Field, page: bool) -> u64 {
        if let Some(ids) = field.get_argument("ids") {
            return self.length(&ids.node);
        }
        // A change of many: their results are as many.
        if let Some(input) = field.get_argument("input") {
            return match &input.node {
                Literal::Object(input) => input.get("ids").map_or(1, |ids| self.length(ids)),
                input @ Literal::List(_) => self.length(input),
                Literal::Variable(name) => match self.variable(name) {
                    Some(Value::Object(input)) => input.get("ids").map_or(1, length),
                    Some(input @ Value::List(_)) => length(input),
                    _ => 1,
                },
                _ => 1,
            };
        }
        if !page {
            return 1;
        }
        let size = ["first", "last"].into_iter().find_map(|name| match &field.get_argument(name)?.node {
            Literal::Number(number) => number.as_u64(),
            Literal::Variable(name) => match self.variable(name)? {
                Value::Number(number) => number.as_u64(),
                _ => None,
            },
            _ => None,
        });
        size.unwrap_or(PAGE.0).min(PAGE.1)
    }

    fn length(&self, list: &Literal) -> u64 {
        match list {
            Literal::List(items) => items.len() as u64,
            Literal::Variable(name) => self.variable(name).map_or(1, length),
            _ => 1,
        }
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).or_else(|| {
            let definitions = self.operation.variable_definitions.iter();
            let definition = definitions.map(|definition| &definition.node).find(|one| one.name.node == *name)?;
            definition.default_value.as_ref().map(|value| &value.node)
        })
    }
}

fn length(list: &Value) -> u64 {
    if let Value::List(items) = list { items.len() as u64 } else { 1 }
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::parse_query;

    use super::*;

    fn judge(document: &str) -> Result<(), String> {
        estimate(&parse_query(document).unwrap(), &Variables::default()).map(drop)
    }

    #[test]
    fn fragments_that_double_are_refused_without_being_walked() {
        let line = |line: usize| format!("fragment f{line} on Note {{ ...f{next} ...f{next} }}", next = line + 1);
        let lines: Vec<String> = (0..60).map(line).collect();
        let bomb =
            format!("{{ notes {{ nodes {{ ...f0 }} }} }} {} fragment f60 on Note {{ __typename }}", lines.join(" "));
        assert!(judge(&bomb).is_err_and(|message| message.contains("2000 fields")));
    }

    #[test]
    fn a_fragment_that_comes_back_to_itself_is_left_to_the_validation() {
        assert_eq!(
            judge("{ ...a } fragment a on Query { viewer { scopes } ...b } fragment b on Query { ...a }"),
            Ok(())
        );
    }

    #[test]
    fn nested_pages_multiply() {
        let pages = |size: &str| {
            format!(
                "query($n: Int = 100) {{ customers(first: {size}) {{ nodes {{ notes(first: {size}) {{ edges {{ node {{ \
                 messages(last: {size}) {{ nodes {{ message }} }} }} }} }} }} }} }}"
            )
        };
        assert_eq!(judge(&pages("20")), Ok(()));
        assert!(judge(&pages("$n")).is_err_and(|message| message.contains("values")), "by its variable's default");
        assert!(judge(&pages("100000")).is_err());
    }

    #[test]
    fn a_document_costs_its_fields_and_the_values_of_its_answer() {
        let cost = |document: &str| estimate(&parse_query(document).unwrap(), &Variables::default());
        assert_eq!(cost("{ __typename }"), Ok(101));
        assert_eq!(cost("{ notes(first: 50) { nodes { id subject } } }"), Ok(4 * FIELD + 1 + 50 * 3));
        assert_eq!(cost("query A { a } query B { a b }"), Ok(2 * FIELD + 2), "the costliest");
    }

    #[test]
    fn changes_of_many_count_for_as_many() {
        let ids = vec!["1"; 100].join(",");
        let below = "{ results { note { customer { notes(first: 100) { nodes { messages(first: 100) { nodes { id } } } } } } } }";
        let people = "{ customers { notes(first: 100) { nodes { messages(first: 100) { nodes { id } } } } } }";
        let some = vec!["{ externalKey: \"1\" }"; 100].join(",");
        let upsert = format!("mutation {{ customersUpsert(input: [{some}]) {people} }}");
        assert!(judge(&upsert).is_err_and(|message| message.contains("values")));
        let literal = format!("mutation {{ notesPatch(input: {{ ids: [{ids}] }}) {below} }}");
        assert!(judge(&literal).is_err_and(|message| message.contains("values")));
        assert_eq!(judge(&literal.replace(&ids, "1")), Ok(()));
        for (variable, document) in [
            (
                format!("{{ \"ids\": [{ids}] }}"),
                format!("mutation($ids: [ID!]!) {{ notesPatch(input: {{ ids: $ids }}) {below} }}"),
            ),
            (
                format!("{{ \"input\": {{ \"ids\": [{ids}] }} }}"),
                format!("mutation($input: I!) {{ notesPatch(input: $input) {below} }}"),
            ),
        ] {
            let variables = Variables::from_json(serde_json::from_str(&variable).unwrap());
            let judged = estimate(&parse_query(&document).unwrap(), &variables);
            assert!(judged.is_err_and(|message| message.contains("values")), "{document}");
        }
    }

    #[test]
    fn what_tools_ask_of_the_schema_is_taken_and_what_multiplies_is_not() {
        let tools = "{ __schema { types { fields { args { type { ofType { ofType { name } } } } } } } }";
        assert_eq!(judge(tools), Ok(()));
        let towers = "{ __schema { types { possibleTypes { interfaces { possibleTypes { name } } } } } }";
        assert!(judge(towers).is_err_and(|message| message.contains("introspection")));
    }
}
