// Servers of the program that NOTEGRAPH_BINARY names, each on its own database, and what clients send to them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const binary = process.env.NOTEGRAPH_BINARY;
assert.ok(binary, 'NOTEGRAPH_BINARY names the program');

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

// Running servers. A test file that ends without its hooks, by an error or a signal, would leave them running. Unless
// they are handled, signals end Node without the event `exit`.
const running = new Set();
process.on('exit', () => running.forEach((server) => server.kill('SIGKILL')));
for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]]) process.once(signal, () => process.exit(status));

// Starts a server, and stops it when the test ends.
export async function serve(t, ...args) {
  const folder = mkdtempSync(join(tmpdir(), 'notegraph-clients-'));
  let server;
  let ended;
  // One hook does both: `node:test` runs hooks in the order of their registration and skips those after one that
  // throws, and removing the folder throws while the server still writes to it.
  t.after(async () => {
    server?.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const env = { ...process.env, DATABASE_URL: `sqlite://${folder}/notes.db` };
  // Lift the rate limits: fifty large bodies in a row exceed the default budgets.
  for (const budget of ['TOKEN_BUDGET', 'TOKEN_REFILL', 'ADDRESS_BUDGET', 'ADDRESS_REFILL']) {
    env[`NOTEGRAPH_${budget}`] = '1000000000000';
  }
  const run = (...args) => execFileSync(binary, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('migrate', 'up');
  run('company', 'create', 'Acme');
  run('user', 'create', '--company', 'Acme', '--username', 'ann', '--first-name', 'Ann', '--last-name', 'Lee');
  const token = run('token', 'create', '--company', 'Acme', '--user', 'ann', '--scope', 'WRITE').match(/ng_\S+/)[0];
  server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(server);
  ended = once(server, 'exit').finally(() => running.delete(server));
  let log = '';
  server.stderr.on('data', (data) => (log += data));
  for await (const line of createInterface({ input: server.stdout })) {
    const url = line.match(/^API:\s*(\S+)/)?.[1];
    if (url) return { url, token, headers: { authorization: `Bearer ${token}` }, stop: () => server.kill() };
  }
  throw new Error(`the server did not start: ${log}`);
}

// Creates a manifest file that exists as long as the test runs.
export function manifest(t, content) {
  const folder = mkdtempSync(join(tmpdir(), 'notegraph-clients-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'documents.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

// A `fetch` that records each request: the method, and the parameters of the body or of the URL.
export function recorder() {
  const sent = [];
  const recording = async (input, init = {}) => {
    const url = new URL(input.url ?? input);
    const method = (init.method ?? input.method ?? 'GET').toUpperCase();
    const parameters = method === 'POST' ? JSON.parse(init.body) : Object.fromEntries(url.searchParams);
    for (const name of ['extensions', 'variables']) {
      if (typeof parameters[name] === 'string') parameters[name] = JSON.parse(parameters[name]);
    }
    sent.push({ method, ...parameters });
    return fetch(input, init);
  };
  return { sent, fetch: recording };
}

// How each request named its document: `hash`, `text`, or `hash+text`, preceded by the method.
export const named = (sent) =>
  sent.map(({ method, query, extensions }) => {
    const names = [extensions?.persistedQuery && 'hash', query && 'text'].filter(Boolean);
    return `${method} ${names.join('+')}`;
  });
