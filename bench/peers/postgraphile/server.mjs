// PostGraphile with its standard preset, on Node's own HTTP server. It generates the schema from the tables; changes
// are SQL functions, as its guide recommends for changes of more than a row (functions.sql).
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { BENCH_DATABASE, BENCH_CONNECTIONS, BENCH_PORT } = process.env;

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  // The company leads every index, so this plugin, which looks at their first columns, would hide all other conditions
  // and orders.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [
    makePgService({
      connectionString: BENCH_DATABASE,
      schemas: ["public", "bench_postgraphile"],
      poolConfig: { max: Number(BENCH_CONNECTIONS) },
    }),
  ],
  grafserv: { graphiql: false, websockets: false },
  grafast: { explain: false },
});

const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await instance.createServ(grafserv).addTo(server);
server.listen(Number(BENCH_PORT), "127.0.0.1");
