// Sends one request at a time: for a server's first response, and to compare responses.
import { canonical } from "./canonical.mjs";
import { options } from "./options.mjs";
import { COUNTER } from "./work.mjs";

const base = `http://127.0.0.1:${options.port}`;

export const headers = (server) => ({
  accept: "application/json",
  "content-type": "application/json",
  ...server.headers,
});

/** Returns the response in canonical form, and its size in bytes. */
export async function ask(server, work, parameters) {
  const { method, path, body } = server.dialect.request(work, parameters);
  const response = await fetch(base + path, {
    method,
    headers: headers(server),
    body: body && JSON.stringify(body).replaceAll(COUNTER, "check"),
  });
  const text = await response.text();
  const wrong = () => new Error(`${server.name} answers ${work} with ${response.status}: ${text.slice(0, 1_000)}`);
  if (response.status !== 200) throw wrong();
  const answer = JSON.parse(text);
  if (answer.errors || !answer.data) throw wrong();
  return { data: canonical(server.dialect.translate(work, answer.data)), bytes: text.length };
}
