// Relay, whose compiler writes documents into `persisted_queries.json` and the MD5 of each into the generated code.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import relay from 'relay-runtime';
import { manifest, serve } from './server.mjs';

const { Environment, Network, RecordSource, Store, fetchQuery } = relay;
const TEXT = 'query ScopesQuery {\n  viewer {\n    scopes\n  }\n}\n';
const ID = createHash('md5').update(TEXT).digest('hex');

// The output of Relay's compiler for the query.
function compiled(id) {
  const field = { alias: null, args: null, storageKey: null };
  const scopes = { ...field, kind: 'ScalarField', name: 'scopes' };
  const viewer = { ...field, concreteType: 'Viewer', kind: 'LinkedField', name: 'viewer', plural: false, selections: [scopes] };
  const name = 'ScopesQuery';
  const fragment = { argumentDefinitions: [], kind: 'Fragment', metadata: null, name, selections: [viewer], type: 'Query', abstractKey: null };
  const operation = { argumentDefinitions: [], kind: 'Operation', name, selections: [viewer] };
  return { fragment, kind: 'Request', operation, params: { id, metadata: {}, name, operationKind: 'query', text: null } };
}

function connect({ url, headers }, parameter) {
  const network = Network.create(async ({ id, text }, variables) => {
    const body = JSON.stringify({ [parameter]: id, query: text, variables });
    const answer = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body });
    return answer.json();
  });
  return new Environment({ network, store: new Store(new RecordSource()) });
}

for (const parameter of ['doc_id', 'id', 'documentId']) {
  test(`a query is asked for by its ${parameter}`, async (t) => {
    const server = await serve(t, '--documents', manifest(t, { [ID]: TEXT }), '--documents-mode', 'only');
    const environment = connect(server, parameter);
    const data = await fetchQuery(environment, compiled(ID), {}).toPromise();
    assert.deepEqual(data.viewer.scopes, ['WRITE']);
    const unknown = compiled(createHash('md5').update('other').digest('hex'));
    await assert.rejects(fetchQuery(environment, unknown, {}, { networkCacheConfig: { force: true } }).toPromise(), /PersistedQueryNotFound/);
  });
}
