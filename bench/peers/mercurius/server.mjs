// Mercurius on Fastify, with its just-in-time compiler and DataLoader. Its own batching loaders, which its guide shows
// first, used twice the CPU for the same list (measured on Q2 and Q1), so the peer uses the faster way.
import Fastify from "fastify";
import mercurius from "mercurius";
import { loaders } from "@notegraph-bench/data/dataloaders";
import { schema } from "@notegraph-bench/data/executable";
import { port } from "@notegraph-bench/data/settings";

const app = Fastify();
app.register(mercurius, {
  schema,
  context: () => ({ loaders: loaders() }),
  // Compile a query when it comes for the second time.
  jit: 1,
  graphiql: false,
});
await app.listen({ port, host: "127.0.0.1" });
