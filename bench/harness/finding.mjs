// Work that only notegraph does, so there is nothing to compare: filters, search, counts. Measured only if `--works`
// names it.
import { random, sample } from "./random.mjs";

export const titles = {
  f1: "filtered list of 20, one of five filters",
  s1: "search of two common words, 20 newest with their hits",
  s2: "search of two common words, 20 most relevant with their hits",
  s3: "search of two common words that no note has together",
  n1: "counts by one of seven keys over 50,000 notes",
  p1: "customers by the beginning of a name, 20",
};

const WORDS = ["call", "order", "delivery", "monday", "friday", "offer", "shop", "price", "wants", "visit"];
// Each of these words is in a hundred thousand notes of the demo, but no note has both words of a pair.
const APART = ["call order", "call delivery", "call offer", "call price", "call visit", "wants visit"].concat(
  ["price visit", "offer wants", "delivery offer", "order visit", "delivery visit"],
);
const KEYS = ["STATUS", "TYPE", "REFERENCE_TYPE", "USER", "ASSIGNEE", "TAG", "PRIORITY"];
const NAMES = ["an", "li", "mar", "jo", "sch", "mu", "be", "ka"];

/** Parameters from the content of the database; `keys.since` is the time of the 50,000th newest note. */
export function parameters(keys, seed, count) {
  const next = random(seed);
  const pick = (list) => sample(list, count, next);
  const [users, others, types, customers] = [pick(keys.users), pick(keys.users), pick(keys.types), pick(keys.customers)];
  const pairs = WORDS.flatMap((one) => WORDS.filter((two) => two !== one).map((two) => `${one} ${two}`));
  const isApart = (pair) => APART.includes(pair) || APART.includes(pair.split(" ").reverse().join(" "));
  const [together, apart] = [pick(pairs.filter((pair) => !isApart(pair))), pick(pairs.filter(isApart))];
  const filters = [
    (index) => ({ status: { eq: "OPEN" }, assignees: { any: [users[index]] } }),
    (index) => ({ typeId: { eq: types[index] }, priority: true }),
    (index) => ({ customerId: { eq: customers[index] }, status: { eq: "CLOSED" } }),
    (index) => ({ userId: { in: [users[index], others[index]] }, createdOn: { gte: keys.since } }),
    (index) => ({ or: [{ customerId: { eq: customers[index] } }, { assignees: { any: [others[index]] } }] }),
  ];
  return {
    f1: users.map((_, index) => ({ filter: filters[index % filters.length](index) })),
    s1: together.map((search) => ({ search })),
    s2: together.map((search) => ({ search, orderBy: [{ field: "RELEVANCE", direction: "DESC" }] })),
    s3: apart.map((search) => ({ search })),
    n1: users.map((_, index) => ({ groupBy: KEYS[index % KEYS.length], filter: { createdOn: { gte: keys.since } } })),
    p1: pick(NAMES).map((search) => ({ search })),
  };
}

const NODE = "id subject status priority createdOn customer { id fullName } assignees { user { id fullName } }";

const FOUND = `query Found($search: String!) {
  notes(first: 20, search: $search) { edges { searchHit { field snippet } node { ${NODE} } } }
}`;

export const documents = {
  f1: `query Filtered($filter: NoteFilter!) { notes(first: 20, filter: $filter) { nodes { ${NODE} } } }`,
  s1: FOUND,
  s2: `query Best($search: String!, $orderBy: [NoteOrder!]) {
  notes(first: 20, search: $search, orderBy: $orderBy) { edges { searchHit { field snippet } node { ${NODE} } } }
}`,
  s3: FOUND,
  n1: `query Counts($groupBy: NoteGroupKey!, $filter: NoteFilter!) {
  noteCounts(groupBy: $groupBy, filter: $filter) { key label count }
}`,
  p1: "query People($search: String!) { customers(first: 20, search: $search) { nodes { id fullName email } } }",
};
