// Plain `fetch`: responses that are sent before the body was read arrive, each time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from './server.mjs';

const TIMES = 50;
const large = (bytes) => JSON.stringify({ query: '{ __typename }', variables: { text: 'x'.repeat(bytes) } });

// Sends the same request TIMES times, and counts each outcome.
async function answers(url, init) {
  const seen = {};
  for (let time = 0; time < TIMES; time += 1) {
    const told = await fetch(url, init()).then(
      async (answer) => `${answer.status} ${(await answer.json()).errors[0].extensions.code}`,
      (error) => `${error.message}: ${error.cause?.code}`,
    );
    seen[told] = (seen[told] ?? 0) + 1;
  }
  return seen;
}

test('3 MB where 2 MiB are taken', async (t) => {
  const { url, headers } = await serve(t);
  const body = large(3_000_000);
  const init = () => ({ method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body });
  assert.deepEqual(await answers(url, init), { '413 BODY_TOO_LARGE': TIMES });
});

test('a form with a file of 3 MB', async (t) => {
  const { url, headers } = await serve(t);
  const file = new Blob([new Uint8Array(3_000_000)]);
  const init = () => {
    const body = new FormData();
    body.append('operations', '{}');
    body.append('0', file, 'file.bin');
    return { method: 'POST', headers, body };
  };
  assert.deepEqual(await answers(url, init), { '415 UNSUPPORTED_MEDIA_TYPE': TIMES });
});

test('a large body without a valid token', async (t) => {
  const { url } = await serve(t);
  const headers = { authorization: 'Bearer ng_1_unknown', 'content-type': 'application/json' };
  for (const bytes of [1_000, 1_000_000, 20_000_000]) {
    const body = large(bytes);
    assert.deepEqual(await answers(url, () => ({ method: 'POST', headers, body })), { '401 UNAUTHENTICATED': TIMES }, `${bytes}`);
  }
});

test('a body in chunks, of any size', async (t) => {
  const { url } = await serve(t);
  const headers = { authorization: 'Bearer ng_1_unknown', 'content-type': 'application/json' };
  for (const chunks of [1, 10, 300]) {
    const init = () => {
      const body = new ReadableStream({
        start(controller) {
          for (let chunk = 0; chunk < chunks; chunk += 1) controller.enqueue(new Uint8Array(10_000));
          controller.close();
        },
      });
      return { method: 'POST', headers, body, duplex: 'half' };
    };
    assert.deepEqual(await answers(url, init), { '401 UNAUTHENTICATED': TIMES }, `${chunks}`);
  }
});
