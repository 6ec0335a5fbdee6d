// The options of a run: variables choose what is measured, flags choose how.
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    servers: { type: "string" },
    works: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`bench/run [--smoke] [--no-build] [--servers a,b] [--works q1,q2] [--rounds N] [--seconds N] [--out DIRECTORY]

  --smoke     20,000 notes and one round of a second: proves that everything works, measures nothing
  --no-build  takes what was installed and built before
  --servers   only these
  --works     only these of q1, q2, q3, m1, m2; or of f1, s1, s2, s3, n1, p1, which only notegraph does
  --rounds    how often every server has its turn (5)
  --seconds   how long each measurement of a turn is (3)
  --out       where results.json, RESULTS.md and results.svg go (bench; of a smoke run: bench/data/smoke)

Variables:
  BENCH_POSTGRES      the PostgreSQL server, as its superuser (postgres://postgres@127.0.0.1:5432)
  BENCH_NOTES         how many notes (1000000; of a smoke run 20000)
  BENCH_NOTES_SQLITE  the same for SQLite (BENCH_NOTES)
  BENCH_NOTEGRAPH     the program that is compared (../target/dist/notegraph)
  BENCH_HTTP_PORT     where servers listen, one after the other (7180)`);
  process.exit(0);
}

const whole = (text, name, least) => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least) throw new Error(`${name} is to be a whole number from ${least}, not ${text}`);
  return number;
};
const list = (text) => text?.split(",").filter(Boolean);

const smoke = values.smoke;
const notes = whole(process.env.BENCH_NOTES ?? (smoke ? 20_000 : 1_000_000), "BENCH_NOTES", 1_000);

export const bench = new URL("..", import.meta.url).pathname;

export const options = {
  smoke,
  servers: list(values.servers),
  works: list(values.works) ?? ["q2", "q1", "q3", "m1", "m2"],
  rounds: whole(values.rounds ?? (smoke ? 1 : 5), "--rounds", 1),
  seconds: whole(values.seconds ?? (smoke ? 1 : 3), "--seconds", 1),
  /** How long each kind of work runs before a turn is measured, which warms up the compilers of JavaScript. */
  warmUpSeconds: smoke ? 1 : 2,
  out: values.out ?? (smoke ? `${bench}data/smoke` : bench.replace(/\/$/, "")),
  postgres: process.env.BENCH_POSTGRES ?? "postgres://postgres@127.0.0.1:5432",
  notes,
  notesSqlite: whole(process.env.BENCH_NOTES_SQLITE ?? notes, "BENCH_NOTES_SQLITE", 1_000),
  notegraph: process.env.BENCH_NOTEGRAPH ?? new URL("../../target/dist/notegraph", import.meta.url).pathname,
  port: whole(process.env.BENCH_HTTP_PORT ?? 7180, "BENCH_HTTP_PORT", 1),
  /** Connections of each server to its database. */
  pool: 10,
  concurrencies: [1, 32],
  seed: 20_261_121,
};
