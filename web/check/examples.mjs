import {
  buildClientSchema,
  getIntrospectionQuery,
  getVariableValues,
  parse,
  validate,
  Kind,
} from 'graphql';

/** Reads the schema of the running server by introspection. */
export async function introspect(graphql, token) {
  const response = await fetch(graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: getIntrospectionQuery({ inputValueDeprecation: true }) }),
  });
  const { data } = await response.json();
  return buildClientSchema(data);
}

/** Finds what is wrong with the operations and variables of a tab. Returns sentences. */
export function mistakes(schema, { title, query, variables }) {
  const document = parse(query);
  const found = validate(schema, document).map((error) => error.message);

  const values = JSON.parse(variables || '{}');
  const unused = new Set(Object.keys(values));
  for (const operation of document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)) {
    const definitions = operation.variableDefinitions ?? [];
    const { errors = [] } = getVariableValues(schema, definitions, values);
    found.push(...errors.map((error) => error.message));
    for (const { variable } of definitions) unused.delete(variable.name.value);
  }
  for (const name of unused) found.push(`no operation has the variable "${name}".`);

  return found.map((text) => `Tab ${title}: ${text}`);
}
