// The address that `notegraph serve` prints, from the first argument or NOTEGRAPH_ADDRESS: where the server is, and a token.
export function address() {
  const given = process.argv[2] ?? process.env.NOTEGRAPH_ADDRESS;
  const url = URL.canParse(given) ? new URL(given) : null;
  const token = url && new URLSearchParams(url.hash.slice(1)).get('token');
  if (!token) {
    console.error('Give the address that the server printed, with its #token=, as the first argument or in NOTEGRAPH_ADDRESS.');
    process.exit(2);
  }
  return { url, token, graphql: new URL('/graphql', url).href };
}
