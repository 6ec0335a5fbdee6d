# Recipes for daily work: `just` lists them. They need `just` (https://just.systems) and bash.

_list:
    @just --list

# Serve the API and the playground with demo data; the database is ./notegraph.db
dev *FLAGS:
    cargo run -- serve --demo {{ FLAGS }}

# Run the tests on SQLite, or those whose names contain FILTER
test *FILTER:
    cargo test --workspace -- {{ FILTER }}

# Run the tests on PostgreSQL, in databases of their own
test-postgres *FILTER:
    NOTEGRAPH_TEST_POSTGRES=${NOTEGRAPH_TEST_POSTGRES:-postgres://postgres@127.0.0.1:5432} cargo test --workspace -- {{ FILTER }}

# Format the code, and check lints and documentation
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --test siege -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Generate the schema and the configuration reference from the code
generate:
    cargo run -- schema > schema.graphql.new && mv schema.graphql.new schema.graphql
    NOTEGRAPH_TEST_WRITE=1 cargo test --test it docs::configuration

# Run all checks that every change has to pass
ci:
    .ci/run

# Run the long forms of the checks, or some of their parts
nightly *PARTS:
    .ci/nightly {{ PARTS }}

# Compare the server with its peers, which takes an hour on a quiet machine
bench *FLAGS:
    bench/run {{ FLAGS }}
