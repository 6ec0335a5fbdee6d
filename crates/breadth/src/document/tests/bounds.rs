use std::fmt::Write as _;

use super::*;

#[test]
fn limits_may_have_the_largest_number() {
    let limits = ParserLimits { tokens: usize::MAX, brackets: 64 };
    assert!(crate::document::read(&schema(), "{ user { id } }", limits, &DocumentLimits::default()).is_ok());
}

#[test]
fn exceeded_limits_differ_from_invalid_documents() {
    let nested = |depth: usize| format!("{{ a(b: {}1{}) }}", "[".repeat(depth), "]".repeat(depth));
    assert!(wrong(&nested(63)).concat().contains("64 brackets"));
    assert!(wrong(&"{a".repeat(100_000)).concat().contains("64 brackets"));
    assert!(wrong(&format!("query($a: {}", "[".repeat(100_000))).concat().contains("64 brackets"));
    let fields = |count: usize| format!("{{ {} }}", "a, ".repeat(count));
    assert!(wrong(&fields(9_999)).concat().contains("10000 tokens"));
    assert!(wrong(&fields(9_998)).concat().contains("200 fields of its own"));
    let many = "[".repeat(100);
    for text in [
        format!("{{ note(id: \"{many}\") {{ id }} }}"),
        format!("{{ note(id: \"\"\"{many}\" \\\"\"\" {many}\"\"\") {{ id }} }}"),
        format!("# {many}\n{{ user {{ id }} }} # {many}"),
    ] {
        assert_eq!(wrong(&text), Vec::<String>::new(), "{text}");
    }
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        let _ = write!(all, "{} ", line(number));
        all
    })
}

/// Introspection lists form cycles.
#[test]
fn introspections_are_bounded() {
    let circle = |depth: usize| {
        let below = (0..depth).fold("name".to_owned(), |below, _| format!("fields {{ type {{ {below} }} }}"));
        format!("{{ __type(name: \"Note\") {{ {below} }} }}")
    };
    let many = |count: usize| {
        let types = "types { fields { args { name description type { name } } } }";
        format!("{{ __schema {{ {} }} }}", lines(count, |number| format!("t{number}: {types}")))
    };
    let tower = "fragment A on __Type { fields { type { ...B } } } fragment B on __Type { possibleTypes { ...C } }
        fragment C on __Type { interfaces { inputFields { name } } }";
    let limits = DocumentLimits { introspected_values: 50_000, ..DocumentLimits::default() };
    for (text, hint) in [
        (circle(3), None),
        (circle(4), Some("3 lists")),
        (format!("{{ __schema {{ queryType {{ ...A }} }} }} {tower}"), Some("3 lists")),
        (format!("{{ __schema {{ queryType {{ ...B }} }} }} {}", &tower[tower.find("fragment B").unwrap()..]), None),
        (many(10), None),
        (many(100), Some("50000 values")),
    ] {
        match (crate::document::read(&schema(), &text, ParserLimits::default(), &limits), hint) {
            (Ok(_), None) => {}
            (Err(DocumentError::TooMuch(message)), Some(hint)) => assert!(message.contains(hint), "{message}"),
            (told, _) => panic!("{text} {:?}", told.map(drop)),
        }
    }
}

/// The time to judge each document depends on its length alone.
#[test]
fn documents_that_expand_exponentially_are_refused() {
    let double = |n: usize| format!("fragment f{n} on Query {{ ...f{} ...f{} }}", n + 1, n + 1);
    let bomb = format!("{{ ...f0 }} {} fragment f60 on Query {{ user {{ id }} }}", lines(60, double));
    let chain = |n: usize| format!("fragment f{n} on Query {{ ...f{} }}", n + 1);
    let long = format!("{{ ...f0 }} {} fragment f290 on Query {{ user {{ id }} }}", lines(290, chain));
    let variables = format!("query({}) {{ user {{ id }} }}", lines(2_400, |n| format!("$v{n}: Int")));
    let equal = format!("{{ user {{ {} }} }}", lines(1_900, |_| "id".to_owned()));
    let aliases = format!("{{ user {{ {} }} }}", lines(450, |n| format!("x: f{n}")));
    let cycle = lines(299, |n| format!("fragment f{n} on Query {{ ...f{} }}", (n + 1) % 299));
    let arguments = format!("{{ note({}) {{ id }} }}", lines(3_000, |n| format!("a{}: 1", n % 1_500)));
    // Fields of an interface are compared with each type next to them, and again at each level below.
    let mut towers = "node(id: 1) { id }".to_owned();
    for _ in 0..20 {
        towers = format!("any {{ ... on Note {{ x: parent {{ id }} }} ... on User {{ x: note {{ a }} }} }} {towers}");
    }
    // Fragments with long names that all spread each other.
    let long_name = "f".repeat(500);
    let spreads = lines(60, |n| format!("...{long_name}{n}"));
    let cycles = lines(60, |n| format!("fragment {long_name}{n} on Query {{ {spreads} }}"));
    // Thousands of invalid items below a name of 100 KB.
    let alias = "a".repeat(100_000);
    let items = format!("{{ {alias}: notes(filter: {{ids: [{}]}}) {{ id }} }}", lines(9_900, |_| "A".to_owned()));
    let undefined = lines(4_700, |n| format!("$v{n}"));
    let operations = lines(50, |n| format!("query q{n} {{ ...f }}"));
    let undefined = format!("{operations} fragment f on Query {{ note(id: [{undefined}]) {{ id }} }}");
    // An interface next to its object types is compared with each of them, and so is everything below.
    let doubled = |depth: usize, below: &str| {
        let level = |below: String, _| {
            format!("{{ next {below} ... on Oak {{ next {{ __typename }} }} ... on Elm {{ next {{ __typename }} }} }}")
        };
        format!("{{ tree {} }}", (0..depth).fold(below.to_owned(), level))
    };
    let list = lines(2_300, |_| "1".to_owned());
    let lists = format!(
        "{{ next(of: [{list}]) {{ __typename }} x: next(of: [1]) {{ __typename }} next(of: [{list}]) {{ __typename }} }}"
    );
    // A document that doubles 70 times exceeds 64-bit counters.
    let double = |n: usize| format!("fragment g{n} on Query @a @b {{ ...g{} @c ...g{} @c }}", n + 1, n + 1);
    let more =
        format!("query @a {{ user {{ ...g0 }} }} {} fragment g70 on Query {{ user {{ id }} }}", lines(70, double));
    for (text, hint) in [
        (doubled(20, "{ __typename }"), "too many combinations"),
        (doubled(10, "{ __typename }"), ""),
        (doubled(10, &lists), "too many combinations"),
        (more, "2000 fields"),
        (format!("{{ ...{long_name}0 }} {cycles}"), "within itself"),
        (items, "ID cannot represent"),
        (undefined, "is not defined"),
        (bomb, "200 fields of its own"),
        (long, "64 selections"),
        (variables, "never used"),
        (equal, ""),
        (aliases, "Cannot query"),
        (format!("{{ ...f0 }} {cycle}"), "within itself"),
        (arguments, "only one argument"),
        (format!("{{ {towers} }}"), ""),
    ] {
        let start = cpu_time::ThreadTime::now();
        let told = wrong(&text);
        // CPU time, as other processes may use the CPU meanwhile; 20 ms in optimized builds.
        let took = start.elapsed();
        assert!(took.as_millis() < 1_000, "{hint} {took:?}");
        assert!(told.concat().len() <= 100_000, "{hint}");
        assert!(told.len() <= 100 && told.concat().contains(hint) && told.is_empty() == hint.is_empty(), "{told:?}");
    }
}
