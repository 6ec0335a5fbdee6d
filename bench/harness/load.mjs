// Generates load with wrk: as many requests as the connections carry, each connection waiting for its response.
import { mkdirSync, writeFileSync } from "node:fs";
import { headers } from "./ask.mjs";
import { bench, options } from "./options.mjs";
import { cpuSeconds, peakMemory, resetPeak, run } from "./processes.mjs";

const directory = `${bench}data/requests`;
let turns = 0;

/** Writes the requests of a server to a file, in the format that load.lua reads. */
export function writeRequests(server, work, parameters) {
  mkdirSync(directory, { recursive: true });
  const lines = parameters.map((one) => {
    const { method, path, body } = server.dialect.request(work, one);
    return `${method}\t${path}\t${body ? JSON.stringify(body) : ""}`;
  });
  writeFileSync(`${directory}/${server.name}.${work}.txt`, `${lines.join("\n")}\n`);
}

export async function load(server, work, connections, seconds) {
  turns += 1;
  const output = await run("wrk", [
    "--threads", "1",
    "--connections", String(connections),
    "--duration", `${seconds}s`,
    "--timeout", "30s",
    "--script", `${bench}harness/load.lua`,
    ...Object.entries(headers(server)).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
    `http://127.0.0.1:${options.port}`,
    "--", `${directory}/${server.name}.${work}.txt`, String(turns),
  ]);
  const told = JSON.parse(output.trim().split("\n").at(-1));
  if (told.errors > 0) throw new Error(`${server.name} failed ${told.errors} of ${told.requests} requests of ${work}`);
  // On a busy machine a short run may end before the first responses come.
  if (told.requests === 0 && seconds < 30) return load(server, work, connections, seconds * 5);
  if (told.requests === 0) throw new Error(`${server.name} answered no request of ${work} in ${seconds} s`);
  return told;
}

/** Like `load`, with measurements: requests/s, latency in ms, CPU in ms per request, memory in MiB. */
export async function measure(server, work, connections, pid, databaseRoot) {
  resetPeak(pid);
  const before = [cpuSeconds(pid), databaseRoot && cpuSeconds(databaseRoot)];
  const told = await load(server, work, connections, options.seconds);
  const after = [cpuSeconds(pid), databaseRoot && cpuSeconds(databaseRoot)];
  const each = (index) => ((after[index] - before[index]) * 1_000) / told.requests;
  return {
    requests: told.requests,
    bytes: told.bytes / told.requests,
    perSecond: told.requests / (told.microseconds / 1e6),
    p50: told.p50 / 1_000,
    p99: told.p99 / 1_000,
    serverCpu: each(0),
    databaseCpu: databaseRoot ? each(1) : null,
    memory: peakMemory(pid),
  };
}
