// The attackers of siege.mjs, in their own process, so that reading large responses does not delay the clock of the
// victims. A message says what to do; the process works until it is killed. All connections are to 127.0.0.1.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as http from "node:http";

/** Sends the same request repeatedly, and reads the responses. */
async function repeat({ port, path, headers, body }, localAddress) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (;;) {
    await new Promise((resolve) => {
      const options = { agent, host: "127.0.0.1", port, path, method: "POST", headers, localAddress };
      const request = http.request(options, (response) => {
        response.on("data", () => {});
        response.on("close", resolve);
      });
      request.on("error", resolve);
      request.end(body);
    });
    await sleep(5);
  }
}

/** Sends bytes, reads nothing of the response, and reconnects if the server closes the connection. */
function hold({ port }, localAddress, bytes) {
  const open = () => {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.pause();
    socket.on("error", () => {});
    socket.on("close", () => setTimeout(open, 500));
    if (bytes) socket.write(bytes);
  };
  open();
}

const asBytes = ({ path, headers, body }) => {
  const lines = Object.entries({ ...headers, host: "x", "content-length": Buffer.byteLength(body) });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
};

process.on("message", ({ how, count, request }) => {
  for (let number = 0; number < count; number += 1) {
    // At most 400 connections per address.
    const from = `127.0.66.${1 + Math.floor(number / 400)}`;
    if (how === "repeat") repeat(request, from);
    if (how === "unread") hold(request, from, asBytes(request));
    if (how === "idle") hold(request, from, number % 2 ? `POST ${request.path} HTTP/1.1\r\nhost: x\r\nx: ` : "");
  }
});
process.on("disconnect", () => process.exit(0));
