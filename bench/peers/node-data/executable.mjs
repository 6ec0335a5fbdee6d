// Combines the schema text, the resolvers and the DataLoader relations in one schema.
import { makeExecutableSchema } from "@graphql-tools/schema";
import { relations } from "./dataloaders.mjs";
import { resolvers } from "./resolvers.mjs";
import { typeDefs } from "./schema.mjs";

const merged = { ...resolvers };
for (const [type, fields] of Object.entries(relations)) merged[type] = { ...merged[type], ...fields };

export const schema = makeExecutableSchema({ typeDefs, resolvers: merged });
