// The server's address and a token: a URL such as http://127.0.0.1:8080/#token=ng_..., from the first argument or
// NOTEGRAPH_ADDRESS.
export function address() {
  const given = process.argv[2] ?? process.env.NOTEGRAPH_ADDRESS;
  const url = URL.canParse(given) ? new URL(given) : null;
  const token = url && new URLSearchParams(url.hash.slice(1)).get('token');
  if (!token) {
    console.error('Give the address of the server and a token, as in http://127.0.0.1:8080/#token=ng_..., as the first argument or in NOTEGRAPH_ADDRESS.');
    process.exit(2);
  }
  return { url, token, graphql: new URL('/graphql', url).href };
}
