// The attackers of siege.mjs, in a process of their own: reading large answers must not delay the clock of the victims.
// Told what to do by a message; works until it is ended. All connections are to 127.0.0.1.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as http from "node:http";

/** Sends the same request again and again, and reads the answers. */
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

/** Sends bytes, reads nothing of what comes, and begins anew where the server closes the connection. */
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
    // At most 400 of an address.
    const from = `127.0.66.${1 + Math.floor(number / 400)}`;
    if (how === "repeat") repeat(request, from);
    if (how === "unread") hold(request, from, asBytes(request));
    if (how === "idle") hold(request, from, number % 2 ? `POST ${request.path} HTTP/1.1\r\nhost: x\r\nx: ` : "");
  }
});
process.on("disconnect", () => process.exit(0));
