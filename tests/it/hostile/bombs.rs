//! Small documents that ask for a lot of work.

use std::fmt::Write;

use serde_json::{Value, json};

/// A document and its variables.
pub struct Hostile {
    pub name: String,
    pub document: String,
    pub variables: Value,
}

const DEPTHS: [usize; 5] = [64, 65, 1_000, 100_000, 1_000_000];

fn times(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        text.push_str(&each(n));
        text.push(' ');
        text
    })
}

/// Adds documents with deeply nested constructs, closed and not closed.
fn nested(all: &mut Vec<(String, String)>) {
    let kinds: [(&str, &str, &str, &str, &str); 9] = [
        ("lists", "{ node(id: ", "[", "]", ") { id } }"),
        ("objects", "{ notes(filter: ", "{not: ", "}", ") { totalCount } }"),
        ("lists of filters", "{ notes(filter: ", "{and: [", "]}", ") { totalCount } }"),
        ("types", "query ($a: ", "[", "]", ") { viewer { scopes } }"),
        ("default lists", "query ($a: Int = ", "[", "]", ") { viewer { scopes } }"),
        ("default objects", "query ($a: NoteFilter = ", "{not: ", "}", ") { notes(filter: $a) { totalCount } }"),
        ("arguments of directives", "{ viewer @skip(if: ", "[", "]", ") { scopes } }"),
        ("selections", "{ viewer ", "{ user ", "}", " }"),
        ("inline fragments", "{ ", "... { ", "}", " }"),
    ];
    for (kind, before, open, close, after) in kinds {
        for depth in DEPTHS {
            let inner = match kind {
                "types" => "Int",
                "objects" | "default objects" | "lists of filters" => "{}",
                "selections" | "inline fragments" => "",
                _ => "1",
            };
            let (opened, closed) = (open.repeat(depth), close.repeat(depth));
            all.push((format!("{depth} nested {kind}"), format!("{before}{opened}{inner}{closed}{after}")));
            all.push((format!("{depth} nested {kind}, not closed"), format!("{before}{opened}{inner}")));
        }
    }
}

fn fragments(all: &mut Vec<(String, String)>) {
    for lines in 10..=30 {
        let line = |n: usize| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }}", next = n + 1);
        let last = format!("fragment f{lines} on Query {{ viewer {{ scopes }} }}");
        all.push((format!("2^{lines} fragments"), format!("{{ ...f0 }} {} {last}", times(lines, line))));
        let line = |n: usize| {
            format!(
                "fragment f{n} on Query {{ a: node(id: 1) {{ id }} ...f{next} ... {{ ...f{next} }} }}",
                next = n + 1
            )
        };
        let unused = format!("{{ nope }} {} {last}", times(lines, line));
        all.push((format!("2^{lines} fragments that nothing spreads"), unused));
    }
    let cycle = |count: usize| times(count, |n| format!("fragment c{n} on Query {{ ...c{} }}", (n + 1) % count));
    for count in [1, 2, 3, 299] {
        all.push((format!("a cycle of {count}"), format!("{{ ...c0 }} {}", cycle(count))));
        all.push((
            format!("a cycle of {count} that nothing spreads"),
            format!("{{ viewer {{ scopes }} }} {}", cycle(count)),
        ));
    }
    all.push((
        "1,000 fragments".into(),
        format!("{{ ...f0 }} {}", times(1_000, |n| format!("fragment f{n} on Query {{ viewer {{ scopes }} }}"))),
    ));
    // Too deep for the stack of a validator that follows each fragment by recursion.
    let level = 55;
    let chain = |n: usize| {
        format!("fragment d{n} on Query {{ {} ...d{} {} }}", "... { ".repeat(level), n + 1, "}".repeat(level))
    };
    let end = "fragment d60 on Query { viewer { scopes } }";
    all.push(("a chain of fragments".into(), format!("{{ ...d0 }} {} {end}", times(60, chain))));
    for count in [290, 1_000] {
        let chain = times(count, |n| format!("fragment l{n} on Query {{ ...l{} }}", n + 1));
        let end = format!("fragment l{count} on Query {{ viewer {{ scopes }} }}");
        all.push((format!("a line of {count} fragments"), format!("{{ ...l0 }} {chain} {end}")));
    }
    // Conflicting fields that a naive check finds again in each enclosing selection.
    let conflicts = times(800, |n| format!("a: f{n}"));
    let around =
        |n: usize| format!("fragment e{n} on Query {{ {} ...e{} {} }}", "... { ".repeat(50), n + 1, "}".repeat(50));
    let within = format!("{{ viewer {{ scopes }} }} {} fragment e20 on Query {{ {conflicts} }}", times(20, around));
    all.push(("conflicts within many selections".into(), within));
    all.push(("fields that conflict".into(), format!("{{ {} }}", times(150, |n| format!("a: f{n}")))));
}

fn many(all: &mut Vec<(String, String)>) {
    let query = |inner: &str| format!("{{ {inner} }}");
    all.push(("1,000 aliases".into(), query(&times(1_000, |n| format!("a{n}: viewer {{ scopes }}")))));
    all.push((
        "1,000 aliases below".into(),
        format!("{{ viewer {{ {} }} }}", times(1_000, |n| format!("a{n}: scopes"))),
    ));
    all.push(("1,000 aliases of __typename".into(), query(&times(1_000, |n| format!("a{n}: __typename")))));
    all.push(("10,000 fields".into(), query(&times(10_000, |_| "__typename".to_owned()))));
    all.push((
        "10,000 directives".into(),
        query(&format!("viewer {} {{ scopes }}", times(10_000, |_| "@skip(if: false)".to_owned()))),
    ));
    all.push(("2,000 directives".into(), query(&format!("viewer {} {{ scopes }}", times(2_000, |_| "@a".to_owned())))));
    for count in [190, 1_900, 10_000] {
        all.push((
            format!("{count} unknown names"),
            query(&times(count, |n| format!("unknown_{n}_{}", "x".repeat(20)))),
        ));
    }
    all.push((
        "ten unknown names of 600 letters".into(),
        query(&times(10, |n| format!("unknown_{n}_{}", "x".repeat(600)))),
    ));
    all.push(("3,000 equal fields".into(), query(&format!("viewer {{ {} }}", times(3_000, |_| "scopes".to_owned())))));
    all.push((
        "1,900 fields of one name".into(),
        query(&format!("viewer {{ {} }}", times(1_900, |n| format!("f{n}(a: [{{ b: {n} }}]) f0(a: {n})")))),
    ));
    for count in [1_000, 2_400, 5_000, 10_000] {
        let variables = times(count, |n| format!("$v{n}: Int"));
        all.push((format!("{count} unused variables"), format!("query ({variables}) {{ viewer {{ scopes }} }}")));
    }
    for (ty, value) in [("[Nothing]", "[1]"), ("[[Nothing!]!]!", "1"), ("Nothing", "1"), ("[Nothing]", "[null]")] {
        let variable = format!("$a: {ty} = {value}");
        all.push((
            format!("{variable}, of a type there is not"),
            format!("query ({variable}) {{ viewer {{ scopes }} }}"),
        ));
        all.push((
            format!("{variable}, in an operation that is not run"),
            format!("{{ viewer {{ scopes }} }} query q({variable}) {{ viewer {{ scopes }} }}"),
        ));
    }
    all.push(("1,500 operations".into(), {
        let bomb = times(9, |n| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }}", next = n + 1));
        format!(
            "{} {bomb} fragment f9 on Query {{ viewer {{ scopes }} }}",
            times(1_500, |n| format!("query q{n} {{ ...f0 }}"))
        )
    }));
    let wide = times(300, |n| format!("unknown{n}"));
    all.push((
        "an unknown argument 2,000 times".into(),
        query(&times(1_990, |n| format!("viewer(a{n}: 1) {{ scopes }}"))),
    ));
    all.push(("an introspection of towers".into(), {
        let mut tower = "name".to_owned();
        for _ in 0..8 {
            tower = format!("possibleTypes {{ fields {{ type {{ {tower} }} }} }}");
        }
        format!("{{ __schema {{ types {{ {tower} }} }} }}")
    }));
    all.push(("pages within pages".into(), {
        let mut pages = "id".to_owned();
        for _ in 0..6 {
            pages = format!("customer {{ notes(first: 100) {{ nodes {{ {pages} }} }} }}");
        }
        format!("{{ notes(first: 100) {{ nodes {{ {pages} }} }} }}")
    }));
    all.push(("a field and 300 names under each type".into(), format!("{{ viewer {{ {wide} user {{ {wide} }} }} }}")));
}

fn texts(all: &mut Vec<(String, String)>) {
    let rest = "x".repeat(100_000);
    all.push(("block strings without an end".into(), format!("\"\"\"\n{}{rest}", "\\\"\"\"\n".repeat(3_300))));
    all.push((
        "block strings without an end in a list".into(),
        format!("{{ node(id: [{}", "\"a\\\\\"\"\"\"\" ".repeat(3_000)),
    ));
    all.push(("strings without an end".into(), "{ node(id: \"\n".repeat(3_000)));
    all.push(("a comment of two megabytes".into(), format!("{{ viewer {{ scopes }} }} #{}", "x".repeat(2_000_000))));
    all.push((
        "a comment of 125,000 bytes in what is wrong".into(),
        format!("{{ viewer #{}\n nope }}", "x".repeat(125_000)),
    ));
    all.push(("blanks and commas".into(), format!("{{ nope{} }}", " ,\t\n".repeat(30_000))));
    all.push(("a byte order mark, and no document".into(), "\u{feff}".repeat(1_000)));
    all.push(("nothing".into(), String::new()));
    all.push(("escapes".into(), format!("{{ node(id: \"{}\") {{ nope }} }}", "\\u0041".repeat(20_000))));
    all.push(("a wrong escape at the end".into(), format!("{{ node(id: \"{}\\x\") {{ id }} }}", "a".repeat(120_000))));
    all.push((
        "a number of 120,000 digits".into(),
        format!("{{ notes(first: {}) {{ totalCount }} }}", "9".repeat(120_000)),
    ));
    all.push(("a name of 120,000 letters".into(), format!("{{ {} }}", "n".repeat(120_000))));
    let mut marks = String::new();
    for n in 0..9_000 {
        let _ = write!(marks, "{}", ["!", "$", "&", "...", ":", "=", "@", "|"][n % 8]);
    }
    all.push(("marks".into(), marks));
    all.push(("letters of all scripts".into(), "é手ж\u{0}\u{200b}".repeat(5_000)));
}

/// All hostile documents. The server must not execute any of them.
pub fn documents() -> Vec<Hostile> {
    let mut all = Vec::new();
    nested(&mut all);
    fragments(&mut all);
    many(&mut all);
    texts(&mut all);
    let without = |(name, document)| Hostile { name, document, variables: json!({}) };
    let mut all: Vec<Hostile> = all.into_iter().map(without).collect();
    let under = "{ customers(first: 100) { nodes { notes(first: 100, search: $s) { nodes { subject } } } } }";
    all.push(Hostile {
        name: "a long variable under many rows".into(),
        document: format!("query ($s: String) {under}"),
        variables: json!({ "s": "-!".repeat(900_000) }),
    });
    all.push(Hostile {
        name: "a long variable in many fields".into(),
        document: format!(
            "query ($s: String) {{ {} }}",
            times(190, |n| format!("n{n}: notes(search: $s) {{ totalCount }}"))
        ),
        variables: json!({ "s": "a ".repeat(900_000) }),
    });
    all
}
