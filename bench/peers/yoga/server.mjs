// GraphQL Yoga with the just-in-time compiler, on Node's own HTTP server.
import { createServer } from "node:http";
import { useGraphQlJit } from "@envelop/graphql-jit";
import { createYoga } from "graphql-yoga";
import { loaders } from "@notegraph-bench/data/dataloaders";
import { schema } from "@notegraph-bench/data/executable";
import { port } from "@notegraph-bench/data/settings";

const yoga = createYoga({
  schema,
  context: () => ({ loaders: loaders() }),
  graphiql: false,
  landingPage: false,
  plugins: [useGraphQlJit()],
});

createServer(yoga).listen(port, "127.0.0.1");
