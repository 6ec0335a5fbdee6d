use std::sync::LazyLock;

use async_graphql_parser::parse_query;

use super::*;
use crate::schema;

static SCHEMA: LazyLock<schema::Schema> = LazyLock::new(schema::build);

fn estimate(document: &str, variables: &Variables) -> Result<QueryCost, String> {
    query_cost(SCHEMA.types(), &parse_query(document).unwrap(), variables, &QueryLimits::default())
}

fn cost_of(document: &str) -> Result<u64, String> {
    estimate(document, &Variables::default()).map(|estimate| estimate.cost)
}

/// Repeats a piece of a document, replacing `#` with a different number each time.
fn many(piece: &str, count: usize) -> String {
    (0..count).map(|n| piece.replace('#', &n.to_string())).collect()
}

fn judge(document: &str) -> Result<(), String> {
    cost_of(document).map(drop)
}

#[test]
fn exponential_fragments_are_refused_without_expansion() {
    let line = |line: usize| format!("fragment f{line} on Note {{ ...f{next} ...f{next} }}", next = line + 1);
    let lines: Vec<String> = (0..60).map(line).collect();
    let bomb = format!("{{ notes {{ nodes {{ ...f0 }} }} }} {} fragment f60 on Note {{ __typename }}", lines.join(" "));
    assert!(judge(&bomb).is_err_and(|message| message.contains("2000 fields")));
}

/// A document of 16 KB whose variable would expand to four million filters of thousands of bytes each.
#[test]
fn variables_count_at_each_use() {
    let judge = |document: &str, variables: serde_json::Value| {
        let variables = Variables::from_json(variables);
        estimate(document, &variables).map(|estimate| estimate.arguments)
    };
    let bomb = |mentions: usize| {
        let mentions = "$a ".repeat(mentions);
        format!("query($a: NoteFilter!) {{ notes(filter: {{ or: [{mentions}] }}) {{ totalCount }} }}")
    };
    let empty = |count: usize| serde_json::json!({ "a": { "or": vec![serde_json::json!({}); count] } });
    for (document, variables) in [
        (bomb(4_000), empty(1_000)),
        (bomb(40), empty(100)),
        (bomb(1), empty(4_000)),
        (many("query($a: NoteFilter) { a#: notes(filter: $a) { totalCount } }", 1), empty(50_000)),
        (format!("query($a: NoteFilter) {{ {} }}", many("a#: notes(filter: $a) { totalCount } ", 100)), empty(40)),
        (bomb(1), serde_json::json!({ "a": { "id": { "in": vec!["1"; 50_000] } } })),
    ] {
        let judged = judge(&document, variables);
        assert!(judged.as_ref().is_err_and(|message| message.contains("40000 values")), "{judged:?}");
    }
    // The argument, its list and the variable count, too.
    assert_eq!(judge(&bomb(1), empty(10)), Ok((10 + 1 + 1 + 10 + 1 + 10 * 10) * INPUT_BYTES));
    assert!(judge(&bomb(10), empty(100)).is_ok());
}

#[test]
fn fragment_cycles_are_refused() {
    for document in [
        "{ ...a } fragment a on Query { viewer { scopes } ...b } fragment b on Query { ...a }",
        "{ viewer { scopes } } fragment a on Query { ...a }",
    ] {
        assert!(judge(document).is_err_and(|message| message.contains("itself")), "{document}");
    }
}

/// A chain of fragments is as deep as all of them together, so it must not be followed by recursion.
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
fn all_operations_and_unused_fragments_count() {
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
fn arguments_count_for_each_parent_object() {
    let text = |length: usize| Variables::from_json(serde_json::json!({ "s": "x".repeat(length) }));
    let judge = |document: &str, length: usize| estimate(document, &text(length)).map(drop);
    let under = "query($s: String) { customers(first: 100) { nodes { notes(search: $s) { totalCount } } } }";
    assert_eq!(judge(under, 600_000), Ok(()));
    assert!(judge(under, 700_000).is_err_and(|message| message.contains("arguments add up to more than")));
    let aliases = many("n#: notes(search: $s) { totalCount } ", 100);
    assert!(judge(&format!("query($s: String) {{ {aliases} }}"), 700_000).is_err());
    let literal = format!(
        "{{ customers(first: 100) {{ nodes {{ notes(search: \"{}\") {{ totalCount }} }} }} }}",
        "x".repeat(700_000)
    );
    assert!(cost_of(&literal).is_err());
}

#[test]
fn sizes_of_nested_pages_multiply() {
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
fn the_cost_of_a_document_is_its_fields_and_response_values() {
    assert_eq!(cost_of("{ __typename }"), Ok(101));
    assert_eq!(cost_of("{ notes(first: 50) { nodes { id subject } } }"), Ok(4 * FIELD + 1 + 50 * 3));
    assert_eq!(cost_of("query A { a } query B { a b }"), Ok(2 * FIELD + 2), "the costliest");
}

#[test]
fn mutations_cost_the_bytes_written_to_each_record() {
    let cost = |document: &str, variables: serde_json::Value| {
        estimate(document, &Variables::from_json(variables)).unwrap().cost
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
fn batch_mutations_count_for_each_record() {
    let ids = vec!["1"; 100].join(",");
    let below =
        "{ results { note { customer { notes(first: 100) { nodes { messages(first: 100) { nodes { id } } } } } } } }";
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
        let judged = estimate(&document, &variables);
        assert!(judged.is_err_and(|message| message.contains("values")), "{document}");
    }
}

/// The lengths of lists come from the schema: ten for one that is not paginated, and one for the page of a connection,
/// which counts for the connection.
#[test]
fn lists_count_by_their_types() {
    let of = |document: &str| {
        estimate(document, &Variables::default()).map(|estimate| (estimate.cost - estimate.written) % FIELD)
    };
    assert_eq!(of("{ note(id: 1) { assignees { id } } }"), Ok(1 + 1 + 10));
    assert_eq!(of("{ noteTypes { name } }"), Ok(1 + 10));
    assert_eq!(of("{ notes(first: 3) { ...f } } fragment f on NoteConnection { edges { cursor } }"), Ok(1 + 3 * 2));
    assert_eq!(of("{ viewer { scopes } }"), Ok(1 + 1), "a list of scalars is one value");
    assert_eq!(of("mutation { notePatch(input: {}) { userErrors { code } } }"), Ok(1 + 2));
    let types = SCHEMA.types().introspection_length(SCHEMA.types().find("__Schema").unwrap(), "types").unwrap();
    assert_eq!(cost_of("{ __schema { types { name } } }"), Ok(3 * FIELD + 2 + types), "as many as there are");
}

/// The introspection query that tools send: everything, with types of up to nine wrappers.
#[test]
fn a_full_introspection_is_accepted() {
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
