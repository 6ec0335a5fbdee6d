/** One GraphiQL tab: `examples/N-name.graphql` and the variables beside it, in the order of the file names. */
export interface Example {
  query: string;
  variables: string;
}

const queries = import.meta.glob<string>('../examples/*.graphql', { query: '?raw', import: 'default', eager: true });
const variables = import.meta.glob<string>('../examples/*.json', { query: '?raw', import: 'default', eager: true });

export const examples: Example[] = Object.keys(queries)
  .sort()
  .map((path) => ({
    query: queries[path].trimEnd(),
    variables: variables[path.replace(/graphql$/, 'json')].trimEnd(),
  }));
