// Servers as processes: starts them, ends them by their own id, and reads the system's figures about them.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { bench } from "./options.mjs";

/** `_SC_CLK_TCK`, which is a constant on Linux. */
const TICKS_PER_SECOND = 100;

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // it has ended in the meantime
  }
};

/** The parent, and the CPU time in ticks of the process and of its ended children. */
function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  if (!text) return null;
  // The name, in parentheses, may contain anything, so count the fields from its end.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent, own, children] = [+fields[1], +fields[11] + +fields[12], +fields[13] + +fields[14]];
  return { parent, own, children };
}

export const parentOf = (pid) => stat(pid)?.parent ?? null;

/** A process with all its descendants. */
function tree(root) {
  const parents = new Map();
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(+name, parentOf(+name));
  }
  const pids = [root];
  for (const pid of pids) {
    for (const [child, parent] of parents) if (parent === pid) pids.push(child);
  }
  return pids;
}

/** CPU time in seconds of a process and its descendants, including those that have ended. */
export function cpuSeconds(root) {
  let ticks = 0;
  for (const pid of tree(root)) {
    const found = stat(pid);
    if (found) ticks += found.own + found.children;
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resets the peak of memory. */
export function resetPeak(root) {
  for (const pid of tree(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, "5");
    } catch {
      // it has ended, or the system does not permit it: then the peak is the one since the start
    }
  }
}

const megabytes = (root, field) => {
  let kilobytes = 0;
  for (const pid of tree(root)) {
    kilobytes += Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(read(`/proc/${pid}/status`) ?? "")?.[1] ?? 0);
  }
  return kilobytes / 1024;
};

/** The peak of resident memory, in MiB. */
export const peakMemory = (root) => megabytes(root, "VmHWM");
export const memory = (root) => megabytes(root, "VmRSS");

/** Starts a program and waits until `ask` succeeds. Returns how long that took, in milliseconds. */
export async function start({ name, command, environment }, ask) {
  mkdirSync(`${bench}data/logs`, { recursive: true });
  const log = openSync(`${bench}data/logs/${name}.log`, "w");
  const began = performance.now();
  const child = spawn(command[0], command.slice(1), {
    env: { ...process.env, ...environment },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended = null;
  child.on("exit", (code, signal) => (ended = signal ?? code));
  child.on("error", (error) => (ended = error.message));
  for (;;) {
    if (ended !== null) throw new Error(`${name} ended (${ended}); see bench/data/logs/${name}.log`);
    if (await ask().catch(() => false)) break;
    if (performance.now() - began > 60_000) {
      child.kill("SIGTERM");
      throw new Error(`${name} did not answer in a minute; see bench/data/logs/${name}.log`);
    }
    await sleep(5);
  }
  const milliseconds = performance.now() - began;
  const stop = async () => {
    child.kill("SIGTERM");
    for (let waited = 0; ended === null && waited < 10_000; waited += 20) await sleep(20);
    if (ended === null) child.kill("SIGKILL");
    while (ended === null) await sleep(20);
  };
  return { pid: child.pid, milliseconds, stop };
}

/** Runs a program to its end and returns its standard output. */
export function run(command, args, environment = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let complaint = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (complaint += data));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ${args.join(" ")} ended with ${code}: ${complaint}`)),
    );
  });
}
