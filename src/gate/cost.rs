//! What a valid document costs with the variables that came with it. Fragments that spread each other double with every
//! line, and what executes them walks all of it: here each fragment is looked at once.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Value, Variables};
use async_graphql_value::Value as Literal;

use super::Bounds;
use super::spreads::Fragments;
use super::values::{literal_size, size};
use super::weight::Weight;

/// What a field of the document costs, beside the values that it gives: looking at it, and what it asks of the database.
const FIELD: u64 = 100;

/// What a byte costs that a change writes, for each record that it writes it to. With the index of a text of many different
/// words, a byte took 0.9 microseconds of CPU time on `PostgreSQL`, and 0.2 on `SQLite`.
const WRITTEN: u64 = 1;

/// The size of a page where none is asked for, and the largest.
const PAGE: (u64, u64) = (20, 100);
/// How many there are, about, in lists that are no pages.
const LISTS: [(&str, u64); 3] = [("assignees", 10), ("noteCounts", 20), ("noteTypes", 20)];

/// The lists of an introspection, and about how many items they have in this schema.
const INTROSPECTION: [(&str, u64); 8] = [
    ("types", 120),
    ("fields", 12),
    ("args", 4),
    ("inputFields", 8),
    ("enumValues", 8),
    ("possibleTypes", 8),
    ("interfaces", 2),
    ("directives", 8),
];

/// What a document is charged before it runs, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// All of it.
    pub cost: u64,
    /// Of that, what its changes cost by the bytes that they write: it stays when the rest is replaced by what was used, as
    /// the bytes stay.
    pub written: u64,
}

/// What a document costs: its fields, a hundred each, the values that its answer could hold, one each, and the bytes that
/// its changes write, for each record that they write them to. Refuses one that would cost too much.
///
/// # Errors
/// A sentence for the client: what there is too much of, and how much is allowed.
pub fn estimate(document: &ExecutableDocument, variables: &Variables, bounds: &Bounds) -> Result<Estimate, String> {
    for (count, most, what) in [
        (document.fragments.len(), bounds.fragments, "fragments"),
        (document.operations.iter().count(), bounds.operations, "operations"),
    ] {
        if count > most {
            return Err(format!("The document defines {count} {what}; at most {most} are taken."));
        }
    }
    let fragments =
        Fragments::of(document).map_err(|_| "A fragment of the document spreads itself, directly or by others.")?;
    let (mut estimate, mut whole) = (Estimate::default(), Weight::default());
    for (_, operation) in document.operations.iter() {
        let scales = Scales::new(document, &operation.node, variables, &fragments);
        let weight = scales.set(&operation.node.selection_set.node);
        if weight.own_fields > bounds.root_fields {
            return Err(format!("An operation has more than {} fields of its own.", bounds.root_fields));
        }
        // All operations count, and the fragments that none of them spreads.
        whole.add(weight);
        for name in &fragments.unused {
            whole.add(scales.known.get(name).copied().unwrap_or_default());
        }
        whole.check(bounds)?;
        // Which of them runs is found out later: the costliest counts.
        let written = weight.written.saturating_mul(WRITTEN);
        let cost = written.saturating_add(weight.fields * FIELD + weight.values);
        if cost > estimate.cost {
            estimate = Estimate { cost, written };
        }
    }
    Ok(estimate)
}

struct Scales<'a> {
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// The sizes of variables.
    sizes: HashMap<&'a str, u64>,
    /// The weights of fragments.
    known: HashMap<&'a str, Weight>,
}

impl<'a> Scales<'a> {
    fn new(
        document: &'a ExecutableDocument,
        operation: &'a OperationDefinition,
        variables: &'a Variables,
        fragments: &Fragments<'a>,
    ) -> Self {
        let mut scales = Self { operation, variables, sizes: HashMap::new(), known: HashMap::new() };
        let definitions = operation.variable_definitions.iter().map(|definition| definition.node.name.node.as_str());
        scales.sizes = definitions.map(|name| (name, scales.variable(name).map_or(0, size))).collect();
        for name in &fragments.in_order {
            if let Some(fragment) = document.fragments.get(*name) {
                let mut weight = scales.set(&fragment.node.selection_set.node);
                // A spread of nothing costs a step, too.
                weight.fields = weight.fields.saturating_add(1);
                scales.known.insert(name, weight);
            }
        }
        scales
    }

    /// Goes no deeper than brackets may nest: what fragments come to is known.
    fn set(&self, set: &'a SelectionSet) -> Weight {
        let mut weight = Weight::default();
        for selection in &set.items {
            let (more, directives) = match &selection.node {
                Selection::Field(field) => (self.field(&field.node), field.node.directives.len()),
                Selection::InlineFragment(fragment) => {
                    (self.set(&fragment.node.selection_set.node), fragment.node.directives.len())
                }
                Selection::FragmentSpread(spread) => {
                    let known = self.known.get(spread.node.fragment_name.node.as_str());
                    (known.copied().unwrap_or_default(), spread.node.directives.len())
                }
            };
            weight.add(more);
            weight.directives += directives as u64;
        }
        weight.depth += u64::from(!set.items.is_empty());
        weight
    }

    fn field(&self, field: &'a Field) -> Weight {
        let name = field.name.node.as_str();
        let below = self.set(&field.selection_set.node);
        let times = self.times(field, below.page);
        let introspects = INTROSPECTION.iter().any(|(list, _)| *list == name);
        let values = below.values.saturating_mul(times).saturating_add(1);
        let mut variable = |name: &str| self.sizes.get(name).copied().unwrap_or_default();
        let arguments = field.arguments.iter().map(|(_, value)| literal_size(&value.node, &mut variable)).sum();
        let written = field.get_argument("input").map_or(0, |input| self.written(&input.node, times));
        Weight {
            fields: below.fields.saturating_add(1),
            values,
            introspected: if introspects { values } else { below.introspected },
            arguments: below.arguments.saturating_mul(times).saturating_add(arguments),
            written: below.written.saturating_add(written),
            aliases: below.aliases.saturating_add(u64::from(field.alias.is_some())),
            own_fields: 1,
            lists: below.lists + u64::from(introspects),
            page: matches!(name, "nodes" | "edges"),
            ..below
        }
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
            let list = LISTS.iter().chain(&INTROSPECTION).find(|(name, _)| *name == field.name.node);
            return list.map_or(1, |(_, about)| *about);
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

    /// The bytes that the input of a change writes: where it names records by `ids`, the rest of it is written to each of
    /// them; where it is a list, each record is in it once.
    fn written(&self, input: &Literal, records: u64) -> u64 {
        let mut variable = |name: &str| self.sizes.get(name).copied().unwrap_or_default();
        let (whole, ids) = match input {
            Literal::Variable(name) => match self.variable(name) {
                Some(Value::Object(fields)) => (variable(name), fields.get("ids").map(size)),
                _ => (variable(name), None),
            },
            Literal::Object(fields) => {
                let ids = fields.get("ids").map(|ids| literal_size(ids, &mut variable));
                (literal_size(input, &mut variable), ids)
            }
            _ => (literal_size(input, &mut variable), None),
        };
        match ids {
            Some(ids) => whole.saturating_sub(ids).saturating_mul(records),
            None => whole,
        }
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

    fn cost_of(document: &str) -> Result<u64, String> {
        let estimate = estimate(&parse_query(document).unwrap(), &Variables::default(), &Bounds::default());
        estimate.map(|estimate| estimate.cost)
    }

    /// The same piece of a document, with another number for `#` each time.
    fn many(piece: &str, count: usize) -> String {
        (0..count).map(|n| piece.replace('#', &n.to_string())).collect()
    }

    fn judge(document: &str) -> Result<(), String> {
        cost_of(document).map(drop)
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
    fn a_fragment_that_comes_back_to_itself_is_refused() {
        for document in [
            "{ ...a } fragment a on Query { viewer { scopes } ...b } fragment b on Query { ...a }",
            "{ viewer { scopes } } fragment a on Query { ...a }",
        ] {
            assert!(judge(document).is_err_and(|message| message.contains("itself")), "{document}");
        }
    }

    /// A chain of fragments is as deep as all of them together, and must not be followed by recursion.
    #[test]
    fn depth_counts_through_fragments() {
        let levels = 50;
        let chain = |fragments: usize| {
            let open = "a { ".repeat(levels);
            let one = |n: usize| format!("fragment f{n} on Q {{ {open} ...f{} {} }}", n + 1, "}".repeat(levels));
            let all: Vec<String> = (0..fragments).map(one).collect();
            format!("{{ ...f0 }} {} fragment f{fragments} on Q {{ a }}", all.join(" "))
        };
        assert_eq!(judge(&chain(1)), Ok(()));
        assert!(judge(&chain(2)).is_err_and(|message| message.contains("nests more than 64")));
        assert!(judge(&chain(60)).is_err());
    }

    #[test]
    fn all_operations_count_and_fragments_that_none_spreads() {
        let fields = vec!["a"; 150].join(" ");
        let operations = |count: usize| many(&format!("query q# {{ {fields} }} "), count);
        assert_eq!(judge(&operations(13)), Ok(()));
        assert!(judge(&operations(14)).is_err_and(|message| message.contains("2000 fields")));
        assert!(judge(&many("query q# { a } ", 51)).is_err_and(|message| message.contains("at most 50")));
        let unused = |count: usize| format!("{{ a }} fragment unused on Q {{ {} }}", vec!["b"; count].join(" "));
        assert_eq!(judge(&unused(1_000)), Ok(()));
        assert!(judge(&unused(2_000)).is_err_and(|message| message.contains("2000 fields")));
    }

    #[test]
    fn aliases_root_fields_and_directives_are_bounded() {
        for (what, most, hint) in [("x#: __typename ", 500, "aliases"), ("f @skip(if: false) ", 500, "directives")] {
            assert_eq!(judge(&format!("{{ a {{ {} }} }}", many(what, most))), Ok(()), "{what}");
            let refused = judge(&format!("{{ a {{ {} }} }}", many(what, most + 1)));
            assert!(refused.is_err_and(|message| message.contains(hint)), "{what}");
        }
        assert_eq!(judge(&format!("{{ {} }}", many("f ", 200))), Ok(()));
        let refused = judge(&format!("{{ ...a }} fragment a on Q {{ {} }}", many("f ", 201)));
        assert!(refused.is_err_and(|message| message.contains("200 fields of its own")));
    }

    #[test]
    fn arguments_count_for_each_object_that_they_are_used_with() {
        let text = |length: usize| Variables::from_json(serde_json::json!({ "s": "x".repeat(length) }));
        let judge = |document: &str, length: usize| {
            estimate(&parse_query(document).unwrap(), &text(length), &Bounds::default()).map(drop)
        };
        let under = "query($s: String) { customers(first: 100) { nodes { notes(search: $s) { totalCount } } } }";
        assert_eq!(judge(under, 600_000), Ok(()));
        assert!(judge(under, 700_000).is_err_and(|message| message.contains("arguments come to more than")));
        let aliases = many("n#: notes(search: $s) { totalCount } ", 100);
        assert!(judge(&format!("query($s: String) {{ {aliases} }}"), 700_000).is_err());
        let literal = format!(
            "{{ customers(first: 100) {{ nodes {{ notes(search: \"{}\") {{ totalCount }} }} }} }}",
            "x".repeat(700_000)
        );
        assert!(cost_of(&literal).is_err());
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
        assert_eq!(cost_of("{ __typename }"), Ok(101));
        assert_eq!(cost_of("{ notes(first: 50) { nodes { id subject } } }"), Ok(4 * FIELD + 1 + 50 * 3));
        assert_eq!(cost_of("query A { a } query B { a b }"), Ok(2 * FIELD + 2), "the costliest");
    }

    #[test]
    fn changes_cost_the_bytes_that_they_write_to_each_record() {
        let cost = |document: &str, variables: serde_json::Value| {
            let document = parse_query(document).unwrap();
            estimate(&document, &Variables::from_json(variables), &Bounds::default()).unwrap().cost
        };
        let text = "x".repeat(10_000);
        let ids: Vec<u32> = (0..100).collect();
        let one = "mutation($i: I!) { notePatch(input: $i) { changedFields } }";
        let many = "mutation($i: I!) { notesPatch(input: $i) { changedCount } }";
        let spread = "mutation($i: I!) { ...f } fragment f on Mutation { notesPatch(input: $i) { changedCount } }";
        let people = "mutation($i: [I!]!) { customersUpsert(input: $i) { userErrors { code } } }";
        let of_one = cost(one, serde_json::json!({ "i": { "id": 1, "patch": { "details": text } } }));
        assert!((10_000..11_000).contains(&of_one), "{of_one}");
        let patch = serde_json::json!({ "i": { "ids": ids, "patch": { "details": text } } });
        for document in [many, spread] {
            let of_many = cost(document, patch.clone());
            assert!((1_000_000..1_100_000).contains(&of_many), "{of_many}");
        }
        let of_people = cost(people, serde_json::json!({ "i": vec![serde_json::json!({ "fullName": "x" }); 100] }));
        assert!(of_people < 10_000, "{of_people}");
        let read = "query($i: F!) { notes(filter: $i) { totalCount } }";
        let of_read = cost(read, serde_json::json!({ "i": { "subject": { "eq": text } } }));
        assert!(of_read < 1_000, "{of_read}");
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
            let judged = estimate(&parse_query(&document).unwrap(), &variables, &Bounds::default());
            assert!(judged.is_err_and(|message| message.contains("values")), "{document}");
        }
    }

    #[test]
    fn what_tools_ask_of_the_schema_is_taken_and_what_multiplies_is_not() {
        let tools = "{ __schema { types { fields { args { type { ofType { ofType { name } } } } } } } }";
        assert_eq!(judge(tools), Ok(()));
        let towers = "{ __schema { types { possibleTypes { interfaces { possibleTypes { name } } } } } }";
        assert!(judge(towers).is_err_and(|message| message.contains("introspection")));
        let aliases =
            |count| format!("{{ __schema {{ {} }} }}", many("t#: types { fields { args { name } } } ", count));
        assert_eq!(judge(&aliases(20)), Ok(()));
        assert!(judge(&aliases(100)).is_err_and(|message| message.contains("400000 values")));
        let roots = format!("{{ {} }}", many("s#: __schema { types { fields { args { name } } } } ", 100));
        assert!(judge(&roots).is_err_and(|message| message.contains("400000 values")));
    }

    /// As tools send it: everything, with types of up to nine wrappers.
    #[test]
    fn a_whole_introspection_is_taken() {
        let reference = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
        let value = "name description type { ...T } defaultValue isDeprecated deprecationReason";
        let whole = format!(
            "{{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }} subscriptionType {{ name kind }} \
             types {{ kind name description specifiedByURL isOneOf \
             fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ {value} }} \
             type {{ ...T }} isDeprecated deprecationReason }} \
             inputFields(includeDeprecated: true) {{ {value} }} interfaces {{ ...T }} \
             enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} \
             possibleTypes {{ ...T }} }} \
             directives {{ name description isRepeatable locations args(includeDeprecated: true) {{ {value} }} }} }} }} \
             fragment T on __Type {{ {reference} }}"
        );
        assert_eq!(judge(&whole), Ok(()));
    }
}
