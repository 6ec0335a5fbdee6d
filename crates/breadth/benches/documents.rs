//! How long documents take to be parsed and validated: `cargo bench -p breadth --bench documents -- SCHEMA DOCUMENT...`, each
//! a file (paths from `crates/breadth`). The limits are the defaults.

use std::hint::black_box;
use std::time::{Duration, Instant};

use breadth::document::{DocumentLimits, ParserLimits, Scalar, Schema, read};

/// Before it is measured, so that caches and the processor's clock are what they are under load.
const WARM_UP: Duration = Duration::from_millis(500);
const TIMES: usize = 20_000;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [schema, documents @ ..] = files.as_slice() else {
        println!("no files: give a schema and documents");
        return;
    };
    let sdl = text(schema);
    // The schema does not say which values a scalar accepts; the program's own code checks them.
    let scalars: Vec<_> = sdl.lines().filter_map(|line| line.strip_prefix("scalar ")).collect();
    let scalars: Vec<_> =
        scalars.iter().filter_map(|line| Some((line.split_whitespace().next()?, Scalar::Own(|_| Ok(()))))).collect();
    let schema = Schema::of(&sdl, &scalars).unwrap_or_else(|error| panic!("{schema}: {error}"));
    for file in documents {
        let document = text(file);
        let once = || {
            let begun = Instant::now();
            let result =
                black_box(read(&schema, black_box(&document), ParserLimits::default(), &DocumentLimits::default()));
            (begun.elapsed(), result.map(|_| ()))
        };
        if let (_, Err(refused)) = once() {
            panic!("{file}: {refused}");
        }
        let begun = Instant::now();
        while begun.elapsed() < WARM_UP {
            let _ = black_box(once());
        }
        let mut times: Vec<Duration> = (0..TIMES).map(|_| once().0).collect();
        times.sort_unstable();
        let at = |percent: usize| times[(TIMES * percent / 100).min(TIMES - 1)];
        println!("{file}: median {:?}, 1 % {:?}, 99 % {:?} of {TIMES}", at(50), at(1), at(99));
    }
}

fn text(file: &str) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}
