// The comparison: fills the databases, compares the responses, measures in rounds, writes the results.
import { mkdirSync, writeFileSync } from "node:fs";
import { answers, compare } from "./check.mjs";
import { ask } from "./ask.mjs";
import { load, measure, writeRequests } from "./load.mjs";
import { machine } from "./machine.mjs";
import { options } from "./options.mjs";
import * as postgres from "./postgres.mjs";
import { memory, run, start } from "./processes.mjs";
import { report } from "./report.mjs";
import { plot } from "./plot.mjs";
import { isWanted, servers } from "./servers.mjs";
import * as sqlite from "./sqlite.mjs";
import { changes, ownWork, parameters } from "./work.mjs";

async function token(url) {
  const told = await run(
    options.notegraph,
    ["token", "create", "--company", "Demo", "--user", "admin", "--scope", "ADMIN", "--expires", "1d", "--name", "bench"],
    { DATABASE_URL: url },
  );
  return /ng_\S+/.exec(told)[0];
}

/** Read-only work comes first, so that it sees no changes. */
const worksOf = (server) =>
  options.works
    .filter((work) => server.role === "own" || !ownWork.has(work))
    .sort((a, b) => Number(changes.has(a)) - Number(changes.has(b)));

/** A database with the servers that are measured on it. */
async function field(name, database) {
  await database.prepare();
  const identity = await database.identity();
  const wanted = parameters(await database.keys());
  await database.keep(wanted.m2.map(({ id }) => id));
  const setting = { database: name, url: database.url, ...identity, token: await token(database.url) };
  return { name, database, parameters: wanted, servers: servers(setting), root: await database.root() };
}

/** Runs a server only for its turn, so that its connections, timers and memory do not disturb the others. */
async function turn({ database, parameters }, server, work) {
  const process = await start(server, async () => Boolean(await ask(server, "q3", parameters.q3[0])));
  try {
    return await work(process);
  } finally {
    await process.stop();
    await database.restore();
  }
}

async function compareAll(fields) {
  const sizes = {};
  let first = null;
  for (const field of fields) {
    // Databases of equal size have equal content.
    if (options.notes !== options.notesSqlite) first = null;
    for (const server of field.servers) {
      const told = await turn(field, server, () => answers(server, field.database, field.parameters, worksOf(server)));
      sizes[server.name] = told.sizes;
      if (first) compare(first.found, told.found, [first.name, server.name]);
      first ??= { name: server.name, found: told.found };
      console.log(`${server.name}: answers compared`);
    }
  }
  return sizes;
}

async function measureTurn(field, server, round, sizes, samples) {
  const { database, parameters, root } = field;
  await turn(field, server, async ({ pid, milliseconds }) => {
    samples.starts.push({ server: server.name, round, milliseconds, memory: memory(pid) });
    const [reads, writes] = [false, true].map((change) => worksOf(server).filter((work) => changes.has(work) === change));
    for (const works of [reads, writes]) {
      for (const work of works) {
        writeRequests(server, work, parameters[work]);
        await load(server, work, 32, options.warmUpSeconds);
      }
      for (const work of works) {
        for (const connections of options.concurrencies) {
          const eventsBefore = changes.has(work) ? await database.events() : 0;
          const measured = await measure(server, work, connections, pid, root);
          // Work that only notegraph does may rightly have empty responses.
          if (!ownWork.has(work) && measured.bytes < sizes[server.name][work] * 0.4) {
            throw new Error(`${server.name} answers ${work} with ${measured.bytes} bytes under load: too few`);
          }
          if (changes.has(work)) {
            const made = (await database.events()) - eventsBefore;
            if (made < measured.requests) {
              throw new Error(`${server.name} answered ${measured.requests} requests of ${work} and wrote ${made} events`);
            }
          }
          samples.loads.push({ server: server.name, round, work, connections, ...measured });
          console.log(
            `round ${round}  ${server.name.padEnd(24)} ${work} x${String(connections).padEnd(2)}  ` +
              `${measured.perSecond.toFixed(0).padStart(6)} requests/s  p50 ${measured.p50.toFixed(2)} ms`,
          );
        }
      }
    }
  });
}

const begin = new Date();

/** The results of the run with its samples. */
async function told(fields, samples) {
  return {
    date: begin.toISOString().slice(0, 10),
    minutes: Math.round((Date.now() - begin) / 60_000),
    smoke: options.smoke,
    machine: await machine(),
    databases: Object.fromEntries(
      await Promise.all(fields.map(async ({ name, database }) => [name, await database.version()])),
    ),
    notes: { PostgreSQL: options.notes, SQLite: options.notesSqlite },
    rounds: options.rounds,
    seconds: options.seconds,
    pool: options.pool,
    works: options.works,
    concurrencies: options.concurrencies,
    servers: fields.flatMap(({ servers }) =>
      servers.map(({ name, title, role, version, database }) => ({ name, title, role, version, database })),
    ),
    ...samples,
  };
}

function writeDown(results) {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(`${options.out}/results.json`, `${JSON.stringify(results)}\n`);
  writeFileSync(`${options.out}/RESULTS.md`, report(results));
  writeFileSync(`${options.out}/results.svg`, plot(results));
  console.log(`wrote results.json, RESULTS.md and results.svg to ${options.out}`);
}

try {
  const fields = [];
  for (const [name, database] of Object.entries({ PostgreSQL: postgres, SQLite: sqlite })) {
    if (isWanted(name)) fields.push(await field(name, database));
  }
  const sizes = await compareAll(fields);
  const samples = { loads: [], starts: [] };
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const field of fields) {
      for (const server of field.servers) await measureTurn(field, server, round, sizes, samples);
    }
  }
  writeDown(await told(fields, samples));
  for (const { database } of fields) await database.close();
  process.exit(0);
} catch (error) {
  console.error(process.env.BENCH_DEBUG ? error : `bench/run stops: ${error.message}`);
  process.exit(1);
}
