// The siege of tests/siege, as far as it applies, against notegraph and its peers: the latency of 20 users while their
// server is attacked. Takes one minute per server and prints a table. Run it with `bench/siege`.
import { fork } from "node:child_process";
import * as http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { ask, headers } from "./ask.mjs";
import { options } from "./options.mjs";
import * as postgres from "./postgres.mjs";
import { cpuSeconds, memory, peakMemory, resetPeak, run, start } from "./processes.mjs";
import { random } from "./random.mjs";
import { servers } from "./servers.mjs";
import { COUNTER, parameters } from "./work.mjs";

const USERS = 20;
const WORKS = ["q2", "q1", "q3", "m1", "m2"];
const ATTACK_SECONDS = 12;
/** Timeout of a victim's request, in milliseconds. */
const PATIENCE = 10_000;
/** Memory, in MiB, above which a server is killed. */
const MOST_MEMORY = 4_096;
const LONG = { notes: 100, characters: 250_000 };

const aliases = (count, field) => Array.from({ length: count }, (_, number) => `a${number}: ${field}`).join(" ");

/**
 * Each attack in the dialect of each server, at the largest size that the server accepts: notegraph limits pages to
 * 100, the peers have no limit.
 */
function attacks(server, { company, customer }) {
  const isPostgraphile = server.name === "postgraphile";
  const isOwn = server.role === "own";
  const ofCustomer = (first, fields) =>
    isPostgraphile
      ? `allNotes(first: ${first}, condition: { companyId: "${company}", customerId: "${customer}" }) { nodes { ${fields} } }`
      : `notes(first: ${first}, filter: { customerId: { eq: "Customer:${customer}" } }) { nodes { ${fields} } }`;
  const open = (first, fields) =>
    isPostgraphile
      ? `allNotes(first: ${first}, condition: { companyId: "${company}", status: "open" }) { nodes { ${fields} } }`
      : `notes(first: ${first}, filter: { status: { eq: OPEN } }) { nodes { ${fields} } }`;
  const thread = isPostgraphile
    ? "messagesByCompanyIdAndNoteId(first: 100) { nodes { message userByCompanyIdAndPostedById { fullName } } }"
    : "messages(first: 100) { nodes { message postedBy { fullName } } }";
  const query = (text) => JSON.stringify({ query: `{ ${text} }` });
  return [
    { name: "nothing", how: "idle", count: 0, body: "" },
    { name: "12 aliases of 100 long texts, 2 at once", how: "repeat", count: 2, body: query(ofCustomer(100, aliases(12, "details"))) },
    { name: "200 answers of 25 MB that nobody reads", how: "unread", count: 200, body: query(ofCustomer(17, "details")) },
    {
      name: "the largest page of notes with threads, 10 at once",
      how: "repeat",
      count: 10,
      body: query(isOwn ? aliases(9, open(100, `subject ${thread}`)) : open(20_000, `subject ${thread}`)),
    },
    { name: "a document of 400 aliases of a page, 10 at once", how: "repeat", count: 10, body: query(aliases(isOwn ? 199 : 400, open(20, "subject"))) },
    { name: "2,000 connections that send nothing, or half a head", how: "idle", count: 2_000, body: "" },
  ];
}

/** Creates a token for each user and one for the attackers, for servers that know tokens. */
async function tokens() {
  const made = [];
  for (let number = 0; number <= USERS; number += 1) {
    const args = ["token", "create", "--company", "Demo", "--user", "admin", "--scope", "READ,WRITE,CONFIDENTIAL", "--expires", "1d", "--name", "siege"];
    const told = await run(options.notegraph, args, { DATABASE_URL: postgres.url });
    made.push(/ng_\S+/.exec(told)[0]);
  }
  return made;
}

/** Gives notes with long texts to a customer whom no victim requests. Returns the customer, and how to undo it. */
async function longTexts(client) {
  const row = async (text, values) => (await client.query(text, values)).rows[0];
  const { id: customer } = await row("SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM note WHERE customer_id IS NOT NULL GROUP BY 1 HAVING count(*) >= 5) ORDER BY id DESC LIMIT 1");
  await client.query("DROP TABLE IF EXISTS bench_keep.siege");
  await client.query("CREATE TABLE bench_keep.siege AS SELECT id, details, customer_id FROM note WHERE status = 'closed' ORDER BY id LIMIT $1", [LONG.notes]);
  await client.query(
    "UPDATE note SET details = repeat(chr(1), $1), customer_id = $2 FROM bench_keep.siege kept WHERE note.id = kept.id",
    [LONG.characters, customer],
  );
  const { rows } = await client.query("SELECT id FROM bench_keep.siege");
  const undo = async () => {
    await client.query("UPDATE note SET details = kept.details, customer_id = kept.customer_id FROM bench_keep.siege kept WHERE note.id = kept.id");
    await client.query("DROP TABLE bench_keep.siege");
  };
  return { customer: String(customer), notes: new Set(rows.map(({ id }) => String(id))), undo };
}

/** Sends one request of a user. Resolves to the failure, or to null. */
function request(server, user, work, wanted, next, agent) {
  const { method, path, body } = server.dialect.request(work, wanted[work][Math.floor(next() * wanted[work].length)]);
  const text = JSON.stringify(body).replaceAll(COUNTER, String(Math.floor(next() * 1e9)));
  return new Promise((resolve) => {
    const settings = { agent, host: "127.0.0.1", port: options.port, method, path, headers: user.headers, localAddress: user.address };
    const sent = http.request(settings, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const answer = Buffer.concat(parts);
        const isGood = response.statusCode === 200 && !answer.includes('"errors":[') && !answer.includes('"userErrors":[{');
        resolve(isGood ? null : `${work}: ${response.statusCode}`);
      });
      response.on("error", (error) => resolve(error.code));
    });
    sent.setTimeout(PATIENCE, () => sent.destroy(new Error("no answer")));
    sent.on("error", (error) => resolve(error.code ?? error.message));
    sent.end(text);
  });
}

/** The requests per second of 20 users who do not pause. */
async function capacity(server, users, wanted, next, agent) {
  const until = performance.now() + 4_000;
  let answered = 0;
  await Promise.all(
    users.map(async (user) => {
      while (performance.now() < until) {
        const failure = await request(server, user, WORKS[Math.floor(next() * 5)], wanted, next, agent);
        if (failure) throw new Error(`${server.name} fails without an attack: ${failure}`);
        answered += 1;
      }
    }),
  );
  return answered / 4;
}

/** Sends requests when they are due, whatever the state of earlier ones, and measures latency from then. */
async function victims(server, users, wanted, next, agent, rate, until) {
  const samples = [];
  const pending = [];
  let due = performance.now();
  for (let number = 0; ; number += 1) {
    due += (-Math.log(1 - next()) / rate) * 1_000;
    if (due > until) break;
    if (due > performance.now()) await sleep(due - performance.now());
    const began = due;
    const sent = request(server, users[number % USERS], WORKS[Math.floor(next() * 5)], wanted, next, agent);
    pending.push(sent.then((failure) => samples.push({ took: performance.now() - began, failure })));
  }
  await Promise.all(pending);
  return samples;
}

async function besiege(server, attack, rate, setting) {
  const { users, wanted } = setting;
  const next = random(options.seed);
  const agent = new http.Agent({ keepAlive: true });
  const child = await start(server, async () => Boolean(await ask({ ...server, headers: users[0].headers }, "q3", wanted.q3[0])));
  const attacker = fork(new URL("attacker.mjs", import.meta.url));
  try {
    for (const work of WORKS) for (let time = 0; time < 20; time += 1) await request(server, users[time % USERS], work, wanted, next, agent);
    rate ??= (await capacity(server, users, wanted, next, agent)) / 10;
    resetPeak(child.pid);
    const target = { port: options.port, path: "/graphql", headers: setting.attacker, body: attack.body };
    attacker.send({ ...attack, request: target });
    await sleep(500);
    const before = cpuSeconds(child.pid);
    const began = performance.now();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, memory(child.pid));
      // Leave some memory to the machine.
      if (most > MOST_MEMORY && memory(child.pid) > 0) process.kill(child.pid, "SIGKILL");
    }, 50);
    const samples = await victims(server, users, wanted, next, agent, rate, began + ATTACK_SECONDS * 1_000);
    clearInterval(watch);
    const cpus = (cpuSeconds(child.pid) - before) / ((performance.now() - began) / 1_000);
    const runs = memory(child.pid) > 0;
    const times = samples.map(({ took }) => took).sort((a, b) => a - b);
    const at = (percent) => Math.round(times[Math.min(times.length - 1, Math.floor((times.length * percent) / 100))]);
    const failed = samples.filter(({ failure }) => failure).length;
    const figures = [samples.length, failed, at(50), at(99), cpus.toFixed(1), Math.round(Math.max(most, peakMemory(child.pid)))];
    console.log(`| ${[server.title, attack.name, ...figures, runs ? "runs" : "ended"].join(" | ")} |`);
    return rate;
  } finally {
    attacker.disconnect();
    agent.destroy();
    await child.stop();
  }
}

/** Applies notegraph's default limits instead of the lifted ones of the bench. */
const withLimits = (server) => ({
  ...server,
  environment: Object.fromEntries(
    Object.entries(server.environment).filter(([name]) => !/^NOTEGRAPH_(TOKEN|ADDRESS)_/.test(name)),
  ),
});

await postgres.prepare();
const identity = await postgres.identity();
const client = new pg.Client(postgres.url);
await client.connect();
const long = await longTexts(client);
try {
  const keys = await postgres.keys();
  const wanted = parameters({
    ...keys,
    notes: keys.notes.filter((id) => !long.notes.has(id)),
    customers: keys.customers.filter((id) => id !== long.customer),
  });
  const [attackerToken, ...userTokens] = await tokens();
  const all = servers({ database: "PostgreSQL", url: postgres.url, ...identity, token: attackerToken });
  const chosen = options.servers ?? ["notegraph", "postgraphile", "apollo"];
  console.log("| server | attack | victims' requests | failed | p50 ms | p99 ms | CPUs | memory MB | the process |");
  console.log("|---|---|--:|--:|--:|--:|--:|--:|---|");
  for (const server of all.filter(({ name }) => chosen.includes(name)).map(withLimits)) {
    const own = (token) => (server.role === "own" ? { authorization: `Bearer ${token}` } : {});
    const as = (token) => ({ ...headers({ ...server, headers: own(token) }) });
    const users = userTokens.map((token, number) => ({ headers: as(token), address: `127.0.1.${number + 1}` }));
    const setting = { users, wanted, attacker: as(attackerToken) };
    let rate = null;
    for (const attack of attacks(server, { ...identity, customer: long.customer })) {
      rate = await besiege(server, attack, rate, setting);
    }
  }
} finally {
  await long.undo();
  await postgres.restore();
  await client.end();
  await postgres.close();
}
process.exit(0);
