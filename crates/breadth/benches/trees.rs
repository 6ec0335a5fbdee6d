//! The same trees by this engine and by async-graphql's executor, each in a thread of its own, with documents that are known:
//! `cargo bench -p breadth`. `node crates/breadth/benches/trees.mjs` does the same with graphql-js.

#![expect(clippy::disallowed_types, reason = "what the library's macro writes")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use breadth::document::{DocumentLimits, ParserLimits};
use breadth::{Data, NoMutation, NoSubscription, NonNull, Schema, Variables, field, field_ref, inline, object};

/// How long each is measured.
const WHILE: Duration = Duration::from_secs(2);
const ROWS: i32 = 5_000;

#[derive(Clone, async_graphql::SimpleObject)]
#[graphql(name = "Row")]
struct Row {
    id: i32,
    name: String,
    city: String,
    size: i32,
    open: bool,
    note: Option<String>,
}

impl Row {
    fn new(id: i32) -> Self {
        let (name, city) = (format!("Row {id}"), "Lisbon".to_owned());
        Self { id, name, city, size: id % 7, open: id % 2 == 0, note: (id % 3 == 0).then(|| "so \"it\" is".to_owned()) }
    }

    fn all() -> Vec<Self> {
        (0..ROWS).map(Self::new).collect()
    }
}

object! {
    /// A row.
    Row {
        /// Its number.
        id = field(|row: &Row| row.id);
        /// Its name.
        name = field_ref(|row: &Row| &row.name);
        /// The location.
        city = field_ref(|row: &Row| &row.city);
        /// Its size.
        size = field(|row: &Row| row.size);
        /// Whether it is open.
        open = field(|row: &Row| row.open);
        /// The description.
        note = field_ref(|row: &Row| &row.note);
    }
}

/// One of a chain.
struct Link(i32);

object! {
    /// One of a chain.
    Link {
        /// Its place.
        place = field(|link: &Link| link.0);
        /// The one behind it.
        next = inline(|link: &Link| NonNull(Link(link.0 + 1)));
    }
}

#[async_graphql::Object]
impl Link {
    async fn place(&self) -> i32 {
        self.0
    }

    async fn next(&self) -> Link {
        Link(self.0 + 1)
    }
}

#[derive(Default)]
struct Query;

object! {
    /// The query root.
    Query {
        /// All rows.
        rows = inline(|_: &Query| Row::all());
        /// The first row.
        row = inline(|_: &Query| NonNull(Row::new(0)));
        /// The first of a chain.
        chain = inline(|_: &Query| NonNull(Link(0)));
    }
}

struct Stock;

#[async_graphql::Object]
impl Stock {
    async fn rows(&self) -> Vec<Row> {
        Row::all()
    }

    async fn row(&self) -> Row {
        Row::new(0)
    }

    async fn chain(&self) -> Link {
        Link(0)
    }
}

/// Microseconds of one, on average.
async fn measure<F: Future>(mut run: impl FnMut() -> F) -> f64 {
    black_box(run().await);
    let (begun, mut times) = (Instant::now(), 0_u32);
    while begun.elapsed() < WHILE {
        black_box(run().await);
        times += 1;
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let fields = "{ id name city size open note }";
    let chain = (0..50).fold("{ place }".to_owned(), |below, _| format!("{{ place next {below} }}"));
    let schema = Schema::new::<Query, NoMutation, NoSubscription>(&[]);
    let stock = async_graphql::Schema::build(Stock, async_graphql::EmptyMutation, async_graphql::EmptySubscription)
        .limit_recursive_depth(100)
        .finish();
    let (data, none) = (Data::default(), Variables::default());
    for (name, document) in [
        ("5,000 objects of six fields", format!("{{ rows {fields} }}")),
        ("a chain 50 deep", format!("{{ chain {chain} }}")),
        ("one object", format!("{{ row {fields} }}")),
    ] {
        let Ok(read) = schema.read(&document, ParserLimits::default(), &DocumentLimits::default()) else {
            panic!("{document}")
        };
        let ours = measure(async || schema.execute(&read, 0, &none, &data, None).await.json().len()).await;
        let theirs = measure(async || {
            let answer = stock.execute(document.as_str()).await;
            serde_json::to_string(&answer.data).map(|text| text.len())
        });
        let theirs = theirs.await;
        println!("{name}: {ours:.1} us; async-graphql, parsing and validation included: {theirs:.1} us");
    }
}
