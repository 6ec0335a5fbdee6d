// Runs the GraphQL-over-HTTP audits of the `graphql-http` package against a running server.
//   node audits.mjs 'http://127.0.0.1:8080/#token=ng_...'
import { serverAudits } from 'graphql-http';
import { address } from './address.mjs';

// Fixed, so that a package update that drops audits fails the check.
const EXPECTED = 61;

const { token, graphql } = address();

const audits = serverAudits({
  url: graphql,
  // Leave the other headers to the audit: several audits are about a missing one.
  fetchFn: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } }),
});

let passed = 0;
for (const audit of audits) {
  // MAY and SHOULD count as much as MUST: anything but `ok` is a failure here.
  const result = await audit.fn().catch((error) => {
    // Thrown if there is no response at all, as for a refused connection.
    console.error(`${graphql} did not answer: ${error.cause?.message ?? error.message}`);
    process.exit(1);
  });
  if (result.status === 'ok') {
    passed += 1;
  } else {
    const { status, headers } = result.response;
    console.log(`${result.id} ${result.name}\n     ${result.reason} (got ${status}, ${headers.get('content-type')})`);
  }
}

console.log(`${passed} of ${audits.length} audits pass`);
if (audits.length !== EXPECTED) console.log(`There should be ${EXPECTED} audits: the package has changed.`);
process.exit(passed === EXPECTED && audits.length === EXPECTED ? 0 : 1);
