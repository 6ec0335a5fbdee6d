// The five kinds of work, as requests: each has a list of parameters that is the same for every server.
import * as finding from "./finding.mjs";
import { options } from "./options.mjs";
import { random, sample } from "./random.mjs";

export const titles = {
  q1: "one note with everything",
  q2: "50 newest open notes with customer, author, assignees' users, 10 messages with authors",
  q3: "20 notes of a customer, scalars only",
  m1: "create with two assignees, read back nested",
  m2: "patch two fields",
  ...finding.titles,
};

/** Work that only notegraph is measured on. */
export const ownWork = new Set(Object.keys(finding.titles));

export const changes = new Set(["m1", "m2"]);

/** Placeholder of a number that differs in each request: a patch with the same values would change nothing. */
export const COUNTER = "@@";

const REQUESTS = 2_000;

/**
 * Parameters of the requests, from the content of the database. `keys.notes` are ids of notes with at most 100
 * messages, the maximum of one page; `keys.customers` have at least 20 notes.
 */
export function parameters(keys) {
  const next = random(options.seed);
  const pick = (list) => sample(list, REQUESTS, next);
  const users = pick(keys.users);
  const types = pick(keys.types);
  return {
    q1: pick(keys.notes).map((id) => ({ id })),
    q2: [{}],
    q3: pick(keys.customers).map((id) => ({ id })),
    m1: pick(keys.anyCustomers).map((customer, index) => {
      const [first] = sample(keys.users, 1, next);
      const second = keys.users.find((user) => user !== first && user >= users[index]) ?? keys.users.find((user) => user !== first);
      return {
        customer,
        type: types[index],
        subject: `Call back about order ${index}`,
        details: "The customer asks when the second parcel comes; the first one is there, and complete.",
        tags: ["call back", "parcel"],
        assignees: [first, second],
      };
    }),
    m2: pick(keys.notes).map((id, index) => ({ id, subject: `Patched in request ${COUNTER}`, priority: index % 2 === 0 })),
    ...finding.parameters(keys, options.seed, REQUESTS),
  };
}
