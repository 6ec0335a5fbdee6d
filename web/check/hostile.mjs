// Sends documents that are made to stall a server, one after the other, and small queries concurrently.
//   node hostile.mjs 'http://127.0.0.1:8080/#token=ng_...' folder/documents.json
// Responses decide the result; times are printed, and fail only if they exceed the promise tenfold.
import { readFileSync } from 'node:fs';
import { address } from './address.mjs';

const PROMISED = { refusal: 20, beside: 50 };
const LARGEST = 4096;
const TIMES = 5;

const { token, graphql } = address();
// Leave out documents above the body limit: the server refuses them unread and closes the connection.
const documents = JSON.parse(readFileSync(process.argv[3], 'utf8')).filter(
  ({ query, variables }) => JSON.stringify({ query, variables }).length <= 2 << 20,
);

async function post(body) {
  const start = performance.now();
  const response = await fetch(graphql, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  return { status: response.status, text, time: performance.now() - start };
}

const small = JSON.stringify({ query: '{ notes(first: 5) { nodes { id subject } } }' });
async function beside(until) {
  const times = [];
  while (!until.over) {
    const { text, time } = await post(small);
    if (!JSON.parse(text).data) throw new Error(`the small query beside them: ${text}`);
    times.push(time);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times.sort((a, b) => a - b);
}
const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

const until = { over: false };
const small_times = beside(until);
const failures = [];
const medians = [];
for (const { name, query, variables } of documents) {
  const body = JSON.stringify({ query, variables });
  const times = [];
  for (let n = 0; n < TIMES; n += 1) {
    const { status, text, time } = await post(body);
    const refused = [200, 400].includes(status) && JSON.parse(text).errors?.length > 0;
    if (!refused || text.length >= LARGEST) failures.push(`${name}: ${status}, ${text.length} bytes: ${text.slice(0, 200)}`);
    times.push(time);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(TIMES / 2)];
  medians.push({ name, median, bytes: body.length });
}
until.over = true;
const sorted = await small_times;

medians.sort((a, b) => b.median - a.median);
console.log(`${documents.length} hostile documents, each refused; the slowest by their median of ${TIMES}:`);
for (const { name, median, bytes } of medians.slice(0, 8)) console.log(`  ${median.toFixed(1)} ms  ${name} (${bytes} bytes)`);
const p99 = quantile(sorted, 0.99);
console.log(`a small query beside them: p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${sorted.length} times`);

if (medians[0].median > 10 * PROMISED.refusal) failures.push(`${medians[0].name} took ${medians[0].median} ms`);
if (p99 > 10 * PROMISED.beside) failures.push(`the small query beside them took ${p99} ms`);
for (const failure of failures) console.error(failure);
process.exit(failures.length ? 1 : 0);
