// Subscriptions by the clients of each transport, with the configurations of docs/live-updates.md.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import relay from 'relay-runtime';
import { serve } from './server.mjs';

const { Environment, Network, Observable, RecordSource, Store } = relay;
const here = import.meta.dirname;
const guide = readFileSync(join(here, '../../docs/live-updates.md'), 'utf8');

// The exports of the block below `<!-- module: NAME -->`.
async function load(t, name) {
  const text = guide.split(`<!-- module: ${name} -->\n\`\`\`js\n`)[1]?.split('\n```')[0];
  assert.ok(text, `docs/live-updates.md has no module ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'notegraph-live-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'module.mjs');
  writeFileSync(file, text);
  return import(pathToFileURL(file).href);
}

async function ask({ url, headers }, query) {
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ query }) };
  const { data, errors } = await (await fetch(url, init)).json();
  assert.equal(errors, undefined);
  return data;
}

const create = (server, subject) => ask(server, `mutation { noteCreate(input: { subject: "${subject}" }) { note { id } } }`);
const now = async (server) => (await ask(server, '{ noteEvents(from: NOW) { pageInfo { endCursor } } }')).noteEvents.pageInfo.endCursor;

const DOCUMENT = 'subscription Events($after: String) { noteEvents(after: $after) { id cursor type note { id subject } } }';

// Values that were pushed, to be taken one by one.
function mailbox() {
  const values = [];
  const waiting = [];
  const push = (value) => (waiting.length ? waiting.shift()(value) : values.push(value));
  const take = () => new Promise((resolve, reject) => {
    if (values.length) return resolve(values.shift());
    const timer = setTimeout(() => reject(new Error('nothing arrives')), 20_000);
    waiting.push((value) => { clearTimeout(timer); resolve(value); });
  });
  return { push, take };
}

// Notes are created one by one, and each event has to arrive.
async function follows(server, box, subjects = ['one', 'two', 'three']) {
  for (const subject of subjects) {
    await create(server, subject);
    const { data, errors } = await box.take();
    assert.equal(errors, undefined);
    assert.equal(data.noteEvents.type, 'CREATED');
    assert.equal(data.noteEvents.note.subject, subject);
  }
}

test('graphql-ws subscribes, queries, and goes on after a new connection', async (t) => {
  const server = await serve(t);
  const { connect } = await load(t, 'websocket');
  const client = connect(server.url, () => server.token, { retryAttempts: 0 });
  const box = mailbox();
  const variables = { after: await now(server) };
  const stop = client.subscribe({ query: DOCUMENT, variables }, { next: box.push, error: box.push, complete: () => {} });
  await follows(server, box);
  const { value } = await client.iterate({ query: '{ viewer { scopes } }' }).next();
  assert.deepEqual(value, { data: { viewer: { scopes: ['WRITE'] } } });
  stop();
  const again = mailbox();
  client.subscribe({ query: DOCUMENT, variables }, { next: again.push, error: again.push, complete: () => {} });
  for (const subject of ['one', 'two', 'three']) assert.equal((await again.take()).data.noteEvents.note.subject, subject);
  await follows(server, again, ['four']);
  await client.dispose();
});

test('graphql-ws learns that its token is wrong', async (t) => {
  const server = await serve(t);
  const { connect } = await load(t, 'websocket');
  const client = connect(server.url, () => 'ng_1_wrong', { retryAttempts: 0 });
  await assert.rejects(client.iterate({ query: '{ viewer { scopes } }' }).next(), (event) => event.code === 4403);
});

test('graphql-sse subscribes and queries', async (t) => {
  const server = await serve(t);
  const { connectEvents } = await load(t, 'sse');
  const client = connectEvents(server.url, () => server.token, { retryAttempts: 0 });
  const box = mailbox();
  const stop = client.subscribe(
    { query: DOCUMENT, variables: { after: await now(server) } },
    { next: box.push, error: box.push, complete: () => {} },
  );
  await follows(server, box);
  stop();
  const { value } = await client.iterate({ query: '{ viewer { scopes } }' }).next();
  assert.deepEqual(value.data, { viewer: { scopes: ['WRITE'] } });
  const invalid = await client.iterate({ query: '{ nothing }' }).next();
  assert.equal(invalid.value.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  client.dispose();
});

test('the id of a server-sent event is its cursor', async (t) => {
  const server = await serve(t);
  const after = await now(server);
  for (const subject of ['one', 'two']) await create(server, subject);
  const events = async (headers) => {
    const stop = new AbortController();
    const init = {
      method: 'POST',
      headers: { ...server.headers, 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query: DOCUMENT, variables: { after } }),
      signal: stop.signal,
    };
    const response = await fetch(server.url, init);
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    let text = '';
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (/"two".*\n\n/.test(text)) break;
    }
    stop.abort();
    return [...text.matchAll(/id: (\S+)\nevent: next\ndata: (.*)\n/g)].map(([, id, data]) => ({ ...JSON.parse(data).data.noteEvents, sent: id }));
  };
  const [one, two] = await events({});
  assert.deepEqual([one.sent, one.note.subject, two.note.subject], [one.cursor, 'one', 'two']);
  const rest = await events({ 'last-event-id': one.cursor });
  assert.deepEqual(rest.map(({ note }) => note.subject), ['two']);
});

test('Apollo Client subscribes by multipart', async (t) => {
  const server = await serve(t);
  const link = new HttpLink({ uri: server.url, headers: server.headers });
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const box = mailbox();
  const observable = client.subscribe({ query: gql(DOCUMENT), variables: { after: await now(server) } });
  const subscription = observable.subscribe({ next: ({ data, error }) => box.push({ data, errors: error }), error: (errors) => box.push({ errors }) });
  await follows(server, box);
  subscription.unsubscribe();
  const wrong = client.subscribe({ query: gql(DOCUMENT), variables: { after: 'nonsense' } });
  const refused = mailbox();
  wrong.subscribe({ next: refused.push, error: (error) => refused.push({ error }) });
  assert.match(String((await refused.take()).error?.message), /cursor/);
  client.stop();
});

test('urql subscribes over WebSocket, and by server-sent events', async (t) => {
  const server = await serve(t);
  const { connect } = await load(t, 'websocket');
  const socket = connect(server.url, () => server.token, { retryAttempts: 0 });
  const forwardSubscription = (operation) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...operation, query: operation.query ?? '' }, sink) }),
  });
  const overSocket = new Client({
    url: server.url, preferGetMethod: false,
    exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
  });
  const byFetch = new Client({
    url: server.url, preferGetMethod: false, fetchSubscriptions: true,
    fetchOptions: { headers: server.headers }, exchanges: [fetchExchange],
  });
  for (const client of [overSocket, byFetch]) {
    const box = mailbox();
    const after = await now(server);
    const { unsubscribe } = client.subscription(DOCUMENT, { after }).subscribe(({ data, error }) => box.push({ data, errors: error }));
    await follows(server, box);
    unsubscribe();
  }
  await socket.dispose();
});

test('Relay subscribes through its network layer', async (t) => {
  const server = await serve(t);
  const { connect } = await load(t, 'websocket');
  const socket = connect(server.url, () => server.token, { retryAttempts: 0 });
  const subscribe = ({ text, name }, variables) =>
    Observable.create((sink) => socket.subscribe({ operationName: name, query: text, variables }, sink));
  const network = Network.create(() => assert.fail('nothing is fetched'), subscribe);
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const box = mailbox();
  const after = await now(server);
  const running = environment.getNetwork().execute({ text: DOCUMENT, name: 'Events', operationKind: 'subscription' }, { after }, {});
  const subscription = running.subscribe({ next: box.push, error: (error) => box.push({ errors: error }) });
  await follows(server, box);
  subscription.unsubscribe();
  await socket.dispose();
});

test('a stopping server ends sockets and streams', async (t) => {
  const server = await serve(t);
  const { connect } = await load(t, 'websocket');
  const closed = mailbox();
  const client = connect(server.url, () => server.token, { retryAttempts: 0, on: { closed: closed.push } });
  const box = mailbox();
  client.subscribe({ query: DOCUMENT, variables: { after: await now(server) } }, { next: box.push, error: () => {}, complete: () => {} });
  await follows(server, box, ['one']);
  server.stop();
  assert.equal((await closed.take()).code, 1001);
});
