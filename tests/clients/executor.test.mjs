// The executor of graphql-tools, with automatic persisted queries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHTTPExecutor } from '@graphql-tools/executor-http';
import { parse } from 'graphql';
import { named, recorder, serve } from './server.mjs';

const SCOPES = parse('query Scopes { viewer { scopes } }');

for (const useGETForQueries of [false, true]) {
  const method = useGETForQueries ? 'GET' : 'POST';
  test(`a query is registered once, and asked for by its hash by ${method}`, async (t) => {
    const { url, headers } = await serve(t);
    const { sent, fetch } = recorder();
    const execute = buildHTTPExecutor({ endpoint: url, headers, fetch, apq: true, useGETForQueries });
    t.after(() => execute[Symbol.asyncDispose]?.());
    for (let time = 0; time < 3; time += 1) {
      const { data, errors } = await execute({ document: SCOPES });
      assert.equal(errors, undefined);
      assert.deepEqual(data.viewer.scopes, ['WRITE']);
    }
    const ways = named(sent);
    assert.equal(ways[0], `${method} hash`);
    assert.match(ways[1], /hash\+text$/);
    assert.deepEqual(ways.slice(2), [`${method} hash`, `${method} hash`]);
  });
}

test('without hashes it sends texts', async (t) => {
  const { url, headers } = await serve(t, '--documents-mode', 'off');
  const { sent, fetch } = recorder();
  const execute = buildHTTPExecutor({ endpoint: url, headers, fetch });
  t.after(() => execute[Symbol.asyncDispose]?.());
  assert.deepEqual((await execute({ document: SCOPES })).data.viewer.scopes, ['WRITE']);
  assert.deepEqual(named(sent), ['POST text']);
});
