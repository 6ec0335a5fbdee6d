// Apollo Server, stand-alone, with DataLoader.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { loaders } from "@notegraph-bench/data/dataloaders";
import { schema } from "@notegraph-bench/data/executable";
import { port } from "@notegraph-bench/data/settings";

const server = new ApolloServer({ schema, introspection: false });
await startStandaloneServer(server, {
  context: async () => ({ loaders: loaders() }),
  listen: { port, host: "127.0.0.1" },
});
