// The trees of trees.rs by graphql-js, which web/check has: `node crates/breadth/benches/trees.mjs`.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/check/package.json", import.meta.url));
const { GraphQLBoolean, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLList, GraphQLSchema, GraphQLString, execute, parse } =
  require("graphql");

const SECONDS = 2;
const must = (type) => new GraphQLNonNull(type);
const rowOf = (id) => ({
  id,
  name: `Row ${id}`,
  city: "Lisbon",
  size: id % 7,
  open: id % 2 === 0,
  note: id % 3 === 0 ? 'so "it" is' : null,
});

const Row = new GraphQLObjectType({
  name: "Row",
  fields: {
    id: { type: must(GraphQLInt) },
    name: { type: must(GraphQLString) },
    city: { type: must(GraphQLString) },
    size: { type: must(GraphQLInt) },
    open: { type: must(GraphQLBoolean) },
    note: { type: GraphQLString },
  },
});
const Link = new GraphQLObjectType({
  name: "Link",
  fields: () => ({
    place: { type: must(GraphQLInt) },
    next: { type: must(Link), resolve: (link) => ({ place: link.place + 1 }) },
  }),
});
const Query = new GraphQLObjectType({
  name: "Query",
  fields: {
    rows: { type: must(new GraphQLList(must(Row))), resolve: () => Array.from({ length: 5_000 }, (_, id) => rowOf(id)) },
    row: { type: must(Row), resolve: () => rowOf(0) },
    chain: { type: must(Link), resolve: () => ({ place: 0 }) },
  },
});
const schema = new GraphQLSchema({ query: Query });

const fields = "{ id name city size open note }";
let chain = "{ place }";
for (let depth = 0; depth < 50; depth += 1) chain = `{ place next ${chain} }`;
for (const [name, text] of [
  ["5,000 objects of six fields", `{ rows ${fields} }`],
  ["a chain 50 deep", `{ chain ${chain} }`],
  ["one object", `{ row ${fields} }`],
]) {
  const document = parse(text);
  const once = () => JSON.stringify(execute({ schema, document }).data).length;
  for (let warm = 0; warm < 200; warm += 1) once();
  const begun = performance.now();
  let times = 0;
  while (performance.now() - begun < SECONDS * 1_000) {
    once();
    times += 1;
  }
  console.log(`${name}: ${(((performance.now() - begun) * 1_000) / times).toFixed(1)} us`);
}
