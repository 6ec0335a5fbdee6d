// Formats the figures as Markdown.
import { figure, ratios, spread, starting } from "./figures.mjs";
import { titles } from "./work.mjs";

const number = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const digitsOf = (value) => (value < 10 ? 2 : value < 100 ? 1 : 0);
const plain = (found) => (found ? number(found.median, digitsOf(found.median)) : "");
const spreadOut = (found) => {
  if (!found) return "";
  const digits = digitsOf(found.median);
  if (found.least === found.most) return number(found.median, digits);
  return `${number(found.median, digits)} (${number(found.least, digits)} to ${number(found.most, digits)})`;
};

const table = (head, rows) =>
  [`| ${head.join(" | ")} |`, `|${head.map((_, index) => (index === 0 ? "---" : "--:")).join("|")}|`]
    .concat(rows.map((row) => `| ${row.join(" | ")} |`))
    .join("\n");

const ratio = (found, more) => {
  if (!found) return "";
  const text = `${number(found.ratio, 2)} x`;
  if (found.bound === null) return text;
  const sign = found.met ? "met" : "**missed**";
  return `${text}, ${sign} (${more ? "at least" : "at most"} ${number(found.bound, 2)})`;
};

function ratioTable(results, database) {
  const rows = ratios(results, database).map((row) => [
    `${row.title}, ${row.connections === 1 ? "1 connection" : `${row.connections} connections`}`,
    ...(database === "PostgreSQL" ? [row.fastest ?? "", ratio(row.peer, row.more)] : []),
    ratio(row.hand, row.more),
    ratio(row.handWithToken, row.more),
  ]);
  const peers = database === "PostgreSQL" ? ["fastest peer", "against it"] : [];
  return table(["notegraph", ...peers, "against the handler by hand", "against it with tokens"], rows);
}

function workTable(results, servers, work) {
  const [one, many] = results.concurrencies;
  const rows = servers
    .filter(({ name }) => figure(results, name, work, many, "perSecond"))
    .map(({ name, title }) => {
      const of = (connections, quantity) => figure(results, name, work, connections, quantity);
      return [
        title,
        spreadOut(of(many, "perSecond")),
        plain(of(many, "p50")),
        plain(of(many, "p99")),
        spreadOut(of(one, "p50")),
        plain(of(one, "p99")),
        plain(of(many, "serverCpu")),
        plain(of(many, "databaseCpu")),
        plain(of(many, "memory")),
      ];
    });
  const head = [
    "",
    `requests/s, ${many} connections`,
    "p50 ms",
    "p99 ms",
    `p50 ms, ${one} connection`,
    "p99 ms",
    "server CPU ms",
    "database CPU ms",
    "peak MiB",
  ];
  return table(head, rows);
}

const startTable = (results, servers) =>
  table(
    ["", "version", "first response after ms", "memory then, MiB"],
    servers.map(({ name, title, version }) => [
      title,
      version,
      spreadOut(starting(results, name, "milliseconds")),
      plain(starting(results, name, "memory")),
    ]),
  );

function section(results, database) {
  const servers = results.servers.filter((server) => server.database === database);
  if (servers.length === 0) return [];
  const works = Object.keys(titles).filter((work) => results.works.includes(work));
  return [
    `## ${database} ${results.databases[database]}, ${number(results.notes[database], 0)} notes`,
    ratioTable(results, database),
    ...works.flatMap((work) => [
      `### ${work.toUpperCase()}: ${titles[work]}`,
      workTable(results, servers, work),
    ]),
    "### Start-up",
    startTable(results, servers),
  ];
}

export function report(results) {
  const { machine } = results;
  const target = spread(
    results.loads
      .filter(({ server, work, connections }) => server === "notegraph" && work === "q2" && connections === 32)
      .map(({ serverCpu }) => serverCpu),
  );
  const lines = [
    "# Results",
    results.smoke
      ? "**A smoke run: it proves that everything works. Its figures mean nothing.**"
      : `Measured on ${results.date} by \`bench/run\`, in ${results.minutes} minutes; [README.md](README.md) says how.`,
    `${machine.cores} cores (${machine.cpu}), ${machine.memory}, ${machine.architecture}; ${machine.system}, ` +
      `Linux ${machine.kernel}. Servers, database and load share these cores. Node ${machine.node}, ${machine.rust}, ` +
      `wrk ${machine.wrk}.`,
    `Medians of ${results.rounds} rounds of ${results.seconds} seconds, with the least and the most; every server has ` +
      `${results.pool} connections to its database. CPU is a request's, at ${results.concurrencies.at(-1)} connections; ` +
      "memory is the peak then.",
    "![Requests a second of every server](results.svg)",
    ...(target
      ? [
          `Server CPU of one Q2: ${number(target.median, 2)} ms (target: at most 1.0, ` +
            `${target.median <= 1 ? "met" : "**missed**"}).`,
        ]
      : []),
    ...section(results, "PostgreSQL"),
    ...section(results, "SQLite"),
  ];
  return `${lines.join("\n\n")}\n`;
}
