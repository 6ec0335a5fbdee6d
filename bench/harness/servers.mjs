// The compared servers: how to start each, and the dialect of its requests.
import { readFileSync } from "node:fs";
import { contract } from "./dialects/contract.mjs";
import { postgraphile } from "./dialects/postgraphile.mjs";
import { rest } from "./dialects/rest.mjs";
import { seaography } from "./dialects/seaography.mjs";
import { bench, options } from "./options.mjs";

const npm = JSON.parse(readFileSync(`${bench}package-lock.json`, "utf8")).packages;
const cargo = readFileSync(`${bench}Cargo.lock`, "utf8");
const ofNpm = (name) => npm[`node_modules/${name}`].version;
const ofCargo = (name, part = "") =>
  [...cargo.matchAll(/name = "([^"]+)"\nversion = "([^"]+)"/g)].find(
    ([, found, version]) => found === name && version.startsWith(part),
  )[2];

const peer = (name) => [process.execPath, `${bench}peers/${name}/server.mjs`];
const program = (name) => [`${bench}target/release/${name}`];

/** Whether a run has a server on this database: do not fill a database of a million notes that no server needs. */
export const isWanted = (database) =>
  options.servers?.some((name) => name.endsWith("-sqlite") === (database === "SQLite")) ?? true;

/** `role` is "own" for notegraph, "peer" for the servers it is compared with, "limit" for the handwritten ones. */
export function servers(setting) {
  const { database, url, company, actor, token } = setting;
  const environment = {
    BENCH_PORT: String(options.port),
    BENCH_DATABASE: url,
    BENCH_CONNECTIONS: String(options.pool),
    BENCH_COMPANY: company,
    BENCH_ACTOR: actor,
    NODE_ENV: "production",
    GRAPHILE_ENV: "production",
  };
  const suffix = database === "PostgreSQL" ? "" : "-sqlite";
  const authorization = { authorization: `Bearer ${token}` };
  const own = {
    name: `notegraph${suffix}`,
    title: "notegraph",
    role: "own",
    version: "this tree",
    command: [options.notegraph, "serve", "--no-migrate", "--listen", `127.0.0.1:${options.port}`],
    environment: {
      DATABASE_URL: url,
      // The drivers of the peers do not use TLS by default, either.
      PGSSLMODE: "disable",
      NOTEGRAPH_DATABASE_CONNECTIONS: String(options.pool),
      NOTEGRAPH_LOG_FILTER: "warn",
      // One token from one address sends all requests: they are counted as always, but never limited.
      ...Object.fromEntries(
        ["TOKEN", "ADDRESS"].flatMap((who) => [
          [`NOTEGRAPH_${who}_OPERATIONS`, "100000"],
          [`NOTEGRAPH_${who}_BUDGET`, "1000000000000"],
          [`NOTEGRAPH_${who}_REFILL`, "1000000000000"],
        ]),
      ),
    },
    headers: authorization,
    dialect: contract,
  };
  const limit = (name, title, authenticate, headers) => ({
    name: `${name}${suffix}`,
    title,
    role: "limit",
    version: `axum ${ofCargo("axum")}, sqlx ${ofCargo("sqlx")}`,
    command: program("handwritten"),
    environment: { ...environment, BENCH_AUTHENTICATE: authenticate },
    headers,
    dialect: rest,
  });
  const limits = [
    limit("handwritten", "by hand, no GraphQL", "0", {}),
    limit("handwritten-token", "by hand, with token look-up", "1", authorization),
  ];
  const all = [own, ...limits];
  if (database === "PostgreSQL") {
    const node = (name, title, version, dialect = contract) => ({
      name,
      title,
      role: "peer",
      version,
      command: peer(name),
      environment,
      headers: {},
      dialect,
    });
    const rust = (name, title, version, dialect) => ({
      ...node(name, title, version, dialect),
      command: program(`${name}-peer`),
    });
    all.push(
      node("postgraphile", "PostGraphile", ofNpm("postgraphile"), postgraphile({ company, actor })),
      node("mercurius", "Mercurius + JIT", ofNpm("mercurius")),
      node("yoga", "GraphQL Yoga + JIT", ofNpm("graphql-yoga")),
      node("apollo", "Apollo Server", ofNpm("@apollo/server")),
      rust("seaography", "Seaography", ofCargo("seaography"), seaography),
      rust("async-graphql", "async-graphql + DataLoader", ofCargo("async-graphql", "8"), contract),
    );
  }
  return all
    .filter(({ name }) => options.servers?.includes(name) ?? true)
    .map((server) => ({ ...server, database }));
}


