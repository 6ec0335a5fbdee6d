// The configurations in docs/clients.md, imported as they stand there.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ApolloClient, HttpLink, gql } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { KnownDirectivesRule, NoUnusedFragmentsRule, buildSchema, parse, specifiedRules, validate } from 'graphql';
import { serve } from './server.mjs';

const here = import.meta.dirname;
const guide = readFileSync(join(here, '../../docs/clients.md'), 'utf8');

// The block below `<!-- module: NAME -->`.
function block(name) {
  const text = guide.split(`<!-- module: ${name} -->\n\`\`\`js\n`)[1]?.split('\n```')[0];
  assert.ok(text, `docs/clients.md has no module ${name}`);
  return text;
}

// The exports of such a block.
async function load(t, name) {
  const folder = mkdtempSync(join(tmpdir(), 'notegraph-guide-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'module.mjs');
  writeFileSync(file, block(name));
  return import(pathToFileURL(file).href);
}

async function ask({ url, headers }, query) {
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ query }) };
  const { data, errors } = await (await fetch(url, init)).json();
  assert.equal(errors, undefined);
  return data;
}

const makeNotes = async (server, count) => {
  for (let number = 1; number <= count; number += 1) {
    await ask(server, `mutation { noteCreate(input: { subject: "note ${number}" }) { note { id } } }`);
  }
};

const PAGE = `query Page($after: String, $filter: NoteFilter) { notes(first: 2, after: $after, filter: $filter) {
  edges { cursor node { id subject } } pageInfo { hasNextPage endCursor } } }`;
const subjects = (data) => data.notes.edges.map(({ node }) => node.subject);

test('Apollo Client appends pages, keeps filters apart, and merges what has no id', async (t) => {
  const server = await serve(t);
  await makeNotes(server, 3);
  const { cache } = await load(t, 'apollo');
  const client = new ApolloClient({ link: new HttpLink({ uri: server.url, headers: server.headers }), cache });
  const query = gql(PAGE);
  const list = client.watchQuery({ query });
  const { data } = await list.reobserve();
  assert.deepEqual(subjects(data), ['note 3', 'note 2']);
  await list.fetchMore({ variables: { after: data.notes.pageInfo.endCursor } });
  assert.deepEqual(subjects(cache.readQuery({ query })), ['note 3', 'note 2', 'note 1']);
  const filter = { subject: { eq: 'note 1' } };
  assert.deepEqual(subjects((await client.query({ query, variables: { filter } })).data), ['note 1']);
  assert.equal(subjects(cache.readQuery({ query })).length, 3);
  await client.query({ query: gql`{ viewer { scopes } }` });
  await client.query({ query: gql`{ viewer { user { id username } } }` });
  const both = cache.readQuery({ query: gql`{ viewer { scopes user { id username } } }` });
  assert.deepEqual([both.viewer.scopes, both.viewer.user.username], [['WRITE'], 'ann']);
});

test('the possible types of Node are all of them', async (t) => {
  const { __type } = await ask(await serve(t), '{ __type(name: "Node") { possibleTypes { name } } }');
  const named = block('apollo').match(/Node: \[(.*)\]/)[1].match(/\w+/g);
  assert.deepEqual(named, __type.possibleTypes.map(({ name }) => name).sort());
});

test('graphcache appends pages, and misses no key', async (t) => {
  const server = await serve(t);
  await makeNotes(server, 3);
  const complaints = [];
  for (const method of ['warn', 'error']) t.mock.method(console, method, (...words) => complaints.push(words.join(' ')));
  const { cache } = await load(t, 'graphcache');
  const { url, headers } = server;
  const client = new Client({ url, exchanges: [cache, fetchExchange], fetchOptions: { headers }, preferGetMethod: false });
  const query = async (text, variables = {}) => {
    const { data, error } = await client.query(text, variables).toPromise();
    assert.equal(error, undefined);
    return data;
  };
  const first = await query(PAGE);
  assert.deepEqual(subjects(first), ['note 3', 'note 2']);
  const all = await query(PAGE, { after: first.notes.pageInfo.endCursor });
  assert.deepEqual(subjects(all), ['note 3', 'note 2', 'note 1']);
  const { id } = all.notes.edges[0].node;
  await query('{ viewer { scopes user { id } } noteCounts(groupBy: STATUS) { key count } }');
  await query(`{ noteDeletePreview(ids: ["${id}"]) { totalCount items { recordId action } } }`);
  await query('{ notes(search: "note") { edges { searchHit { field snippet } node { id lastMessage { id attachment { url } } } } } }');
  const change = `mutation { notesPatch(input: { ids: ["${id}"], patch: { priority: true } }) {
    results { noteId note { id priority } userErrors { code } } userErrors { code } } }`;
  const { data, error } = await client.mutation(change, {}).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.notesPatch.results[0].note.priority, true);
  assert.deepEqual(complaints, []);
});

test('the keys of graphcache name all types without an id', async (t) => {
  const { __schema } = await ask(await serve(t), '{ __schema { types { kind name fields { name } } } }');
  // Roots, and what the exchange knows to be embedded.
  const known = /^__|^(Query|Mutation|Subscription|PageInfo)$|(Connection|Edge|Payload)$/;
  const bare = __schema.types
    .filter(({ kind, name, fields }) => kind === 'OBJECT' && !known.test(name) && !fields.some((field) => field.name === 'id'))
    .map(({ name }) => name);
  assert.deepEqual(block('graphcache').match(/\w+(?=: embedded)/g), bare.sort());
});

test('the fragment of Relay fits the schema, but for directives of Relay', () => {
  const schema = buildSchema(readFileSync(join(here, '../../schema.graphql'), 'utf8'));
  const text = block('relay').split('`')[1];
  const rules = specifiedRules.filter((rule) => rule !== KnownDirectivesRule && rule !== NoUnusedFragmentsRule);
  assert.match(text, /@connection\(key: "NoteList_notes", filters: \["filter"\]\)/);
  assert.deepEqual(validate(schema, parse(text), rules), []);
});
