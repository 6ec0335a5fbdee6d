// Apollo Client with automatic persisted queries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { named, recorder, serve, sha256 } from './server.mjs';

const SCOPES = gql`query Scopes { viewer { scopes } }`;
const NOTES = gql`query Notes($first: Int) { notes(first: $first) { nodes { id subject } } }`;
const CREATE = gql`mutation Create($subject: String!) { noteCreate(input: { subject: $subject }) { note { id subject } } }`;

function connect({ url, headers }, options = {}) {
  const { sent, fetch } = recorder();
  const http = new HttpLink({ uri: url, headers, fetch });
  const link = createPersistedQueryLink({ sha256, ...options }).concat(http);
  const client = new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: 'no-cache' } } });
  return { client, sent };
}

for (const [method, options] of [
  ['POST', {}],
  ['GET', { useGETForHashedQueries: true }],
]) {
  test(`a query is registered once, and asked for by its hash by ${method}`, async (t) => {
    const server = await serve(t);
    const { client, sent } = connect(server, options);
    for (let time = 0; time < 3; time += 1) {
      const { data } = await client.query({ query: SCOPES });
      assert.deepEqual(data.viewer.scopes, ['WRITE']);
    }
    const ways = named(sent);
    assert.equal(ways[0], `${method} hash`);
    assert.match(ways[1], /hash\+text$/);
    assert.deepEqual(ways.slice(2), [`${method} hash`, `${method} hash`]);
    // Another client of the company finds the registered document.
    const other = connect(server, options);
    await other.client.query({ query: SCOPES });
    assert.deepEqual(named(other.sent), [`${method} hash`]);
  });
}

test('changes and variables go with hashes, too', async (t) => {
  const { client, sent } = connect(await serve(t), { useGETForHashedQueries: true });
  for (const subject of ['first', 'second']) {
    const { data } = await client.mutate({ mutation: CREATE, variables: { subject } });
    assert.equal(data.noteCreate.note.subject, subject);
  }
  assert.ok(sent.every(({ method }) => method === 'POST'), 'a change by GET is none');
  for (const first of [1, 2]) {
    const { data } = await client.query({ query: NOTES, variables: { first } });
    assert.equal(data.notes.nodes.length, first);
  }
  assert.equal(sent.at(-1).query, undefined);
});

test('where ids are not known, the client sends texts from then on', async (t) => {
  const { client, sent } = connect(await serve(t, '--documents-mode', 'off'));
  for (let time = 0; time < 3; time += 1) {
    const { data } = await client.query({ query: SCOPES });
    assert.deepEqual(data.viewer.scopes, ['WRITE']);
  }
  assert.deepEqual(named(sent), ['POST hash', 'POST text', 'POST text', 'POST text']);
});

test('an error of the document is the client\'s own', async (t) => {
  const { client } = connect(await serve(t));
  await assert.rejects(client.query({ query: gql`query Wrong { nots { id } }` }), /Cannot query field "nots"/);
});
