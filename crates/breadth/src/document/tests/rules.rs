use super::{Schema, wrong, wrong_for};

#[test]
fn valid_documents_are_accepted() {
    for text in [
        "{ note(id: 1) { id } }",
        "\"what it is for\" query Q(\"which\" $id: ID!) { note(id: $id) { ...F } } \"\"\"its fields\"\"\" fragment F on Note { id }",
        "\u{feff}query ( $ # the name\n id , : ID ! = 1 ) { note ( id : $ , id ) { id , , } }",
        "{ note(id: \"\\u{1F600}\\uD83D\\uDE00\") { id } }",
        "query($a: Boolean!) { __typename @skip(if: $a) }",
        "{ __schema { types { name fields(includeDeprecated: true) { name } } } __type(name: \"Note\") { name } }",
        "{ node(id: 1) { id ... on Note { a } ... on User { b: name } ... on Node { id } } }",
        "{ any { __typename ... on Node { id } ... on Note { x: a } } }",
        "query($f: Filter) { notes(filter: $f) { id } notes(filter: $f) { a } }",
        "query($i: ID!) { notes(filter: {ids: [$i], not: {ids: $i2}}) { id } }".replace("$i2", "[1, $i]").as_str(),
        "query($i: [ID!]!) { notes(filter: {ids: $i}) { id } }",
        "query($l: Language) { note(id: 1) { text(lang: $l) } }",
        "query($s: Int) { note(id: 1) { text(size: $s) } }",
        "query($s: Int = 2) { note(id: 1) { text(size: $s) } }",
        "query($n: String!) { note(id: 1) { find(by: {name: $n}) { id } } }",
        "{ note(id: 1) { find(f: 1, on: \"2026-01-01\") { id } x: find(f: 1.5e3) { id } } }",
        "{ notes(filter: {least: 5, ids: 1}) { tags } }",
        "{ note(id: 1) { text(size: 1, lang: DE) text(lang: DE, size: 1) } }",
        "{ note(id: 1) { ... { ... on Note { a } } ...F ...F } } fragment F on Note { a }",
        "query A { user { id } } query B { user { id } }",
        "mutation { add(input: {name: \"a\", many: {name: \"b\"}}) { id } }",
        "{ query: user { on: id fragment: name true: id } }",
    ] {
        assert_eq!(wrong(text), Vec::<String>::new(), "{text}");
    }
}

/// Invalid documents with the errors that they get, including positions.
const WRONG: &[(&str, &str)] = &[
    ("{ nope }", "1:3 Cannot query field \"nope\" on type \"Query\"."),
    ("{\r user {\r\n  nope }\n}", "3:3 Cannot query field \"nope\" on type \"User\"."),
    (
        "{ user }",
        "1:3 Field \"user\" of type \"User\" must have a selection of subfields. Did you mean \"user { ... }\"?",
    ),
    ("{ user { id { x } } }", "1:13 Field \"id\" must not have a selection since type \"ID!\" has no subfields."),
    (
        "{ note { id } }",
        "1:3 Argument \"Query.note(id:)\" of type \"ID!\" is required, but it was not provided. (in \"note\")",
    ),
    ("{ note(id: 1, id: 2) { id } }", "1:8 1:15 There can be only one argument named \"id\"."),
    ("{ note(id: 1, x: 2) { id } }", "1:15 Unknown argument \"x\" on field \"Query.note\"."),
    ("{ user @nope { id } }", "1:8 Unknown directive \"@nope\"."),
    ("{ user @skip(if: true, x: 1) { id } }", "1:24 Unknown argument \"x\" on directive \"@skip\"."),
    (
        "{ user @skip { id } }",
        "1:8 Argument \"@skip(if:)\" of type \"Boolean!\" is required, but it was not provided. (in \"user\")",
    ),
    (
        "{ user @skip(if: true) @skip(if: true) { id } }",
        "1:8 1:24 The directive \"@skip\" can only be used once at this location.",
    ),
    ("query @skip(if: true) { user { id } }", "1:7 Directive \"@skip\" may not be used on QUERY."),
    (
        "query($a: Int @deprecated) { notes(first: $a) { id } }",
        "1:15 Directive \"@deprecated\" may not be used on VARIABLE_DEFINITION.",
    ),
    ("{ notes(first: 1.0) { id } }", "1:16 Int cannot represent non-integer value: 1.0 (in \"notes\" at first)"),
    (
        "{ x: notes(first: 2147483648) { id } }",
        "1:19 Int cannot represent non 32-bit signed integer value: 2147483648 (in \"x\" at first)",
    ),
    ("{ note(id: null) { id } }", "1:12 Expected value of non-null type \"ID!\" not to be null. (in \"note\" at id)"),
    (
        "{ note(id: 1.5) { id } }",
        "1:12 ID cannot represent a non-string and non-integer value: 1.5 (in \"note\" at id)",
    ),
    (
        "{ note(id: 1) { text(lang: \"DE\") } }",
        "1:28 Enum \"Language\" cannot represent non-enum value: \"DE\". (in \"note.text\" at lang)",
    ),
    (
        "{ note(id: 1) { text(lang: FR) } }",
        "1:28 Value \"FR\" does not exist in \"Language\" enum. It has DE, EN. (in \"note.text\" at lang)",
    ),
    (
        "{ note(id: 1) { find(on: \"x\") { id } } }",
        "1:26 Expected value of type \"Day\", found: \"x\"; it has to be a day. (in \"note.find\" at on)",
    ),
    (
        "query($d: Day) { note(id: 1) { find(on: [$d]) { id } } }",
        "1:41 Expected value of type \"Day\", found: [$d]; it has to be a day. (in \"note.find\" at on)",
    ),
    (
        "query($d: Int) { note(id: 1) { find(on: {a: $d}) { id } } }",
        "1:41 Expected value of type \"Day\", found: { a: $d }; it has to be a day. (in \"note.find\" at on)",
    ),
    (
        "{ notes(filter: {text: \"a\", text: \"b\"}) { id } }",
        "1:18 1:29 There can be only one input field named \"text\".",
    ),
    (
        "{ notes(filter: {nope: 1}) { id } }",
        "1:18 Expected value of type \"Filter\" not to include unknown field \"nope\", found: { nope: 1 }. (in \"notes\" at filter)",
    ),
    (
        "{ notes(filter: [1]) { id } }",
        "1:17 Expected value of type \"Filter\" to be an object, found: [1]. (in \"notes\" at filter)",
    ),
    (
        "mutation { add(input: {}) { id } }",
        "1:23 Expected value of type \"New\" to include required field \"name\", found: {  }. (in \"add\" at input)",
    ),
    (
        "{ note(id: 1) { find(by: {id: 1, name: \"a\"}) { id } } }",
        "1:26 Within OneOf Input Object type \"By\", exactly one field must be specified, and the value for that field must be non-null. (in \"note.find\" at by)",
    ),
    (
        "query($n: String) { note(id: 1) { find(by: {name: $n}) { id } } }",
        "1:7 1:51 Variable \"$n\" is of type \"String\" but must be non-nullable to be used for OneOf Input Object \"By\".",
    ),
    ("query($a: Int, $a: Int) { notes(first: $a) { id } }", "1:8 1:17 There can be only one variable named \"$a\"."),
    ("query($a: Int) { user { id } }", "1:7 Variable \"$a\" is never used."),
    ("query Q { notes(first: $a) { id } }", "1:24 1:1 Variable \"$a\" is not defined by operation \"Q\"."),
    ("query($a: Note) { user { id @skip(if: $a) } }", "1:11 Variable \"$a\" cannot be non-input type \"Note\"."),
    ("query($a: [Nope!] = [1]) { user { id @skip(if: $a) } }", "1:12 Unknown type \"Nope\"."),
    ("query($a: Int = \"x\") { notes(first: $a) { id } }", "1:17 Int cannot represent non-integer value: \"x\""),
    (
        "query($a: String) { notes(first: $a) { id } }",
        "1:7 1:34 Variable \"$a\" of type \"String\" used in position expecting type \"Int\".",
    ),
    (
        "query($a: ID) { note(id: $a) { id } }",
        "1:7 1:26 Variable \"$a\" of type \"ID\" used in position expecting type \"ID!\".",
    ),
    (
        "query($a: ID = null) { note(id: $a) { id } }",
        "1:7 1:33 Variable \"$a\" of type \"ID\" used in position expecting type \"ID!\".",
    ),
    (
        "query($a: [ID]) { notes(filter: {ids: $a}) { id } }",
        "1:7 1:39 Variable \"$a\" of type \"[ID]\" used in position expecting type \"[ID!]\".",
    ),
    (
        "query($a: ID!) { notes(filter: {ids: $a}) { id } }",
        "1:7 1:38 Variable \"$a\" of type \"ID!\" used in position expecting type \"[ID!]\".",
    ),
    ("query A { user { id } } query A { user { id } }", "1:7 1:31 There can be only one operation named \"A\"."),
    ("{ user { id } } query A { user { id } }", "1:1 This anonymous operation must be the only defined operation."),
    ("subscription { a }", "1:1 The subscription operation is not supported by the schema."),
    ("{ user { ...F } }", "1:13 Unknown fragment \"F\"."),
    ("{ user { id } } fragment F on User { id }", "1:17 Fragment \"F\" is never used."),
    (
        "{ ...F } fragment F on Query { user { id } } fragment F on Query { user { id } }",
        "1:19 1:55 There can be only one fragment named \"F\".",
    ),
    ("{ ...F } fragment F on Nope { x }", "1:24 Unknown type \"Nope\"."),
    ("{ user { ... on Language { x } } }", "1:17 Fragment cannot condition on non composite type \"Language\"."),
    (
        "{ user { ... on Note { id } } }",
        "1:10 Fragment cannot be spread here as objects of type \"User\" can never be of type \"Note\".",
    ),
    (
        "{ any { ...F } } fragment F on Other { x }",
        "1:9 Fragment \"F\" cannot be spread here as objects of type \"Any\" can never be of type \"Other\".",
    ),
    ("{ any { id } }", "1:9 Cannot query field \"id\" on type \"Any\"."),
    (
        "{ user { ...A } } fragment A on User { note { ...B } } fragment B on Note { user { ...A } }",
        "1:47 1:84 Cannot spread fragment \"A\" within itself via \"B\".",
    ),
    (
        "{ user { id: name id } }",
        "1:10 1:19 Fields \"id\" conflict because \"name\" and \"id\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
    ),
    (
        "{ notes(first: 1) { id } notes(first: 2) { id } }",
        "1:3 1:26 Fields \"notes\" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.",
    ),
    (
        "{ node(id: 1) { ... on Note { a } ... on User { a } } }",
        "1:31 1:49 Fields \"a\" conflict because they return conflicting types \"Int\" and \"String\". Use different aliases on the fields to fetch both if this was intentional.",
    ),
    (
        "{ user { x: note { y: a } } ...F } fragment F on Query { user { x: note { y: b } } }",
        "1:20 1:75 Fields \"user\" conflict because subfields \"x\" conflict because subfields \"y\" conflict because \"a\" and \"b\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
    ),
    ("{ user { __typename(x: 1) } }", "1:21 Unknown argument \"x\" on field \"User.__typename\"."),
    ("{ user { __schema { types { name } } } }", "1:10 Cannot query field \"__schema\" on type \"User\"."),
    ("{ user { id } } type A { b: Int }", "1:17 The \"A\" definition is not executable."),
    ("\"why\" directive @a on FIELD", "1:1 The \"a\" definition is not executable."),
    ("extend schema @a", "1:1 The schema definition is not executable."),
    (
        "{ notes(filter: {text: 5}) { id } }",
        "1:24 String cannot represent a non string value: 5 (in \"notes\" at filter.text)",
    ),
    (
        "{ notes(first: \"d\\n\") { id } }",
        "1:16 Int cannot represent non-integer value: \"d\\n\" (in \"notes\" at first)",
    ),
    (
        "{ notes(first: \"\"\"d\"\"\") { id } }",
        "1:16 Int cannot represent non-integer value: \"\"\"d\"\"\" (in \"notes\" at first)",
    ),
    (
        "{ note(id: 1) { find(by: {id: 1, nope: 2}) { id } } }",
        "1:34 Expected value of type \"By\" not to include unknown field \"nope\", found: { id: 1, nope: 2 }. (in \"note.find\" at by)",
    ),
];

#[test]
fn each_violation_is_reported_once_with_its_location() {
    for (text, expected) in WRONG {
        assert_eq!(wrong(text), [*expected], "{text}");
    }
}

#[test]
fn a_subscription_has_one_root_field() {
    let sdl = "type Query { a: Int } type S { a: Int b: Int } schema { query: Query subscription: S }";
    let schema = Schema::of(sdl, &[]).unwrap();
    for (text, expected) in [
        ("subscription { a a }", ""),
        ("subscription N { a b }", "1:20 Subscription \"N\" must select only one top level field."),
        (
            "subscription { a @skip(if: true) ...F } fragment F on S { b @include(if: true) }",
            "1:18 1:61 Anonymous Subscription must not use `@skip` or `@include` directives in the top level selection.",
        ),
        (
            "subscription { __typename }",
            "1:16 Anonymous Subscription must not select an introspection top level field.",
        ),
    ] {
        assert_eq!(wrong_for(&schema, text).join("; "), expected, "{text}");
    }
}

#[test]
fn a_syntax_error_is_reported_at_the_first_unexpected_token() {
    for (text, expected) in [
        ("", "1:1 Syntax Error: Unexpected <EOF>."),
        ("{", "1:2 Syntax Error: Expected Name, found <EOF>."),
        ("{ }", "1:3 Syntax Error: Expected Name, found \"}\"."),
        ("{ user { } }", "1:10 Syntax Error: Expected Name, found \"}\"."),
        ("{ a(b: 01) }", "1:9 Syntax Error: Invalid number, unexpected digit after 0: \"1\"."),
        ("{ a(b: 1a) }", "1:9 Syntax Error: Invalid number, expected digit but got: \"a\"."),
        ("{ a(b: 1.) }", "1:10 Syntax Error: Invalid number, expected digit but got: \")\"."),
        ("{ a(b: 1.2.3) }", "1:11 Syntax Error: Invalid number, expected digit but got: \".\"."),
        ("{ a(b: -) }", "1:9 Syntax Error: Invalid number, expected digit but got: \")\"."),
        ("{ a(b: .57) }", "1:8 Syntax Error: Invalid number, expected digit before \".\", did you mean \"0.57\"?"),
        ("{ a(b: \"x) }", "1:13 Syntax Error: Unterminated string."),
        ("{ a(b: \"x\r\") }", "1:10 Syntax Error: Unterminated string."),
        ("{ a(b: \"\"\"x\") }", "1:16 Syntax Error: Unterminated string."),
        ("{ a(b: \"\\uD83D\") }", "1:9 Syntax Error: Invalid Unicode escape sequence: \"\\uD83D\"."),
        ("{ a(b: \"\\uD83D\\uD83D\") }", "1:9 Syntax Error: Invalid Unicode escape sequence: \"\\uD83D\"."),
        ("{ a(b: \"\\x\") }", "1:9 Syntax Error: Invalid character escape sequence: \"\\x\"."),
        ("{ a ? }", "1:5 Syntax Error: Unexpected character: \"?\"."),
        ("{ 😀é }", "1:3 Syntax Error: Unexpected character: U+1F600."),
        ("{ ..a }", "1:3 Syntax Error: Unexpected \"..\", did you mean \"...\"?"),
        ("query($a: Int = $b) { a }", "1:17 Syntax Error: Unexpected variable \"$b\" in constant value."),
        ("query($a: Int = $5) { a }", "1:17 Syntax Error: Unexpected \"$\"."),
        (
            "\"why\" { a }",
            "1:1 Syntax Error: Unexpected description, descriptions are not supported on shorthand queries.",
        ),
        ("\"why\" nope", "1:1 Syntax Error: Unexpected description, only GraphQL definitions support descriptions."),
        ("{ a } type { b: Int }", "1:12 Syntax Error: Expected Name, found \"{\"."),
        ("extend query { a }", "1:8 Syntax Error: Unexpected Name \"query\"."),
        ("fragment on on A { b }", "1:10 Syntax Error: Unexpected Name \"on\"."),
        ("{ a(secret: \"text\" }", "1:20 Syntax Error: Expected Name, found \"}\"."),
        ("{ a(b: \"a\" \"secret\") }", "1:12 Syntax Error: Expected Name, found String \"secret\"."),
        ("{ a(b: \"a\" \"\") }", "1:12 Syntax Error: Expected Name, found String \"\"."),
        ("{ \"\"\"b\\\"\"\"\"\"\" }", "1:3 Syntax Error: Expected Name, found BlockString \"b\"\"\"\"."),
        ("query() { a }", "1:7 Syntax Error: Expected \"$\", found \")\"."),
        ("{ a(b: [1 }", "1:11 Syntax Error: Unexpected \"}\"."),
        ("query Q nope", "1:9 Syntax Error: Expected \"{\", found Name \"nope\"."),
    ] {
        assert_eq!(wrong(text), [expected], "{text}");
    }
}
