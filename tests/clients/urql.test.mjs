// urql with its exchange for persisted queries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { named, recorder, serve } from './server.mjs';

const SCOPES = 'query Scopes { viewer { scopes } }';
const CREATE = 'mutation Create($subject: String!) { noteCreate(input: { subject: $subject }) { note { subject } } }';

function connect({ url, headers }, options) {
  const { sent, fetch } = recorder();
  const exchanges = [persistedExchange(options), fetchExchange];
  const client = new Client({ url, exchanges, fetch, fetchOptions: { headers }, preferGetMethod: false });
  return { client, sent };
}

for (const [method, options] of [
  ['POST', { preferGetForPersistedQueries: false }],
  ['GET', { preferGetForPersistedQueries: true }],
]) {
  test(`a query is registered once, and asked for by its hash by ${method}`, async (t) => {
    const { client, sent } = connect(await serve(t), options);
    for (let time = 0; time < 3; time += 1) {
      const { data, error } = await client.query(SCOPES, {}).toPromise();
      assert.equal(error, undefined);
      assert.deepEqual(data.viewer.scopes, ['WRITE']);
    }
    const ways = named(sent);
    assert.equal(ways[0], `${method} hash`);
    assert.match(ways[1], /hash\+text$/);
    assert.deepEqual(ways.slice(2), [`${method} hash`, `${method} hash`]);
  });
}

test('a change is registered and asked for by POST', async (t) => {
  const { client, sent } = connect(await serve(t), { enableForMutation: true });
  for (const subject of ['first', 'second']) {
    const { data, error } = await client.mutation(CREATE, { subject }).toPromise();
    assert.equal(error, undefined);
    assert.equal(data.noteCreate.note.subject, subject);
  }
  assert.deepEqual(named(sent), ['POST hash', 'POST hash+text', 'POST hash']);
});

test('where ids are not known, the client sends texts from then on', async (t) => {
  const server = await serve(t, '--documents-mode', 'off');
  const { client, sent } = connect(server, { preferGetForPersistedQueries: false });
  for (let time = 0; time < 3; time += 1) {
    const { data } = await client.query(SCOPES, {}).toPromise();
    assert.deepEqual(data.viewer.scopes, ['WRITE']);
  }
  assert.equal(named(sent)[0], 'POST hash');
  assert.ok(named(sent).slice(1).every((way) => way.endsWith('text')), named(sent).join());
  assert.equal(named(sent).at(-1), 'POST text');
});
