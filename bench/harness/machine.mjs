// Describes the machine that runs the measurements.
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem } from "node:os";
import { run } from "./processes.mjs";

const firstLine = async (command, ...args) => (await run(command, args)).split("\n")[0];

export async function machine() {
  let system = "Linux";
  try {
    system = /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))[1];
  } catch {
    // the machine does not tell its name
  }
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    architecture: arch(),
    system,
    kernel: release(),
    node: process.versions.node,
    rust: await firstLine("rustc", "--version"),
    wrk: await firstLine("dpkg-query", "--show", "--showformat=${Version}", "wrk").catch(() => "unknown"),
  };
}
