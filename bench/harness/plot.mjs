// Plots the requests per second at 32 connections: a panel for each kind of work, a bar for each server, a line for its
// spread. The colours, with the background, follow the reader's light or dark setting: a page that does not follow it
// still shows a readable picture.
import { figure } from "./figures.mjs";
import { titles } from "./work.mjs";

const WIDTH = 860;
const LABELS = 250;
const VALUES = 90;
const ROW = 22;
const MARGIN = 16;
const BAR = 14;

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&#39;");

const style = `
.ground { fill: #ffffff; }
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 14px; }
.quiet { fill: #59636e; }
.own { fill: #0a7f5a; }
.peer { fill: #8c959f; }
.limit { fill: none; stroke: #59636e; stroke-dasharray: 3 2; }
.spread { stroke: #1f2328; stroke-width: 1.5; }
.axis { stroke: #d1d9e0; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; }
  text { fill: #f0f6fc; }
  .quiet { fill: #9198a1; }
  .own { fill: #3fb984; }
  .peer { fill: #656c76; }
  .limit { stroke: #9198a1; }
  .spread { stroke: #f0f6fc; }
  .axis { stroke: #3d444d; }
}`;

function panel(results, servers, heading, work, connections, top) {
  const bars = servers
    .map((server) => ({ ...server, speed: figure(results, server.name, work, connections, "perSecond") }))
    .filter(({ speed }) => speed)
    .sort((a, b) => b.speed.median - a.speed.median);
  if (bars.length === 0) return { height: 0, parts: [] };
  const most = Math.max(...bars.map(({ speed }) => speed.most));
  const scale = (value) => (value / most) * (WIDTH - LABELS - VALUES);
  const parts = [`<text class="title" x="0" y="${top + 16}">${escape(heading)}</text>`];
  let y = top + 28;
  for (const { title, role, speed } of bars) {
    const middle = y + BAR / 2;
    const value = Math.round(speed.median).toLocaleString("en-US");
    parts.push(
      `<text x="${LABELS - 10}" y="${middle + 4}" text-anchor="end"${role === "own" ? ' font-weight="600"' : ""}>${escape(title)}</text>`,
      `<rect class="${role}" x="${LABELS}" y="${y}" width="${Math.max(1, scale(speed.median)).toFixed(1)}" height="${BAR}" rx="2"/>`,
    );
    if (speed.most > speed.least) {
      const [from, to] = [speed.least, speed.most].map((edge) => (LABELS + scale(edge)).toFixed(1));
      parts.push(`<line class="spread" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`);
    }
    const edge = LABELS + scale(Math.max(speed.most, speed.median)) + 8;
    parts.push(`<text class="quiet" x="${edge.toFixed(1)}" y="${middle + 4}">${value}</text>`);
    y += ROW;
  }
  parts.push(`<line class="axis" x1="${LABELS}" x2="${LABELS}" y1="${top + 24}" y2="${y - 2}"/>`);
  return { height: y - top + 14, parts };
}

export function plot(results) {
  const connections = results.concurrencies.at(-1);
  const parts = [
    `<text x="0" y="16">Requests a second, ${connections} connections (longer is better); the line is the spread of the rounds</text>`,
    `<text class="quiet" x="0" y="34">${escape(
      `${results.date}, ${results.machine.cores} cores (${results.machine.cpu}), shared with the database and the load` +
        (results.smoke ? "; a smoke run, its figures mean nothing" : ""),
    )}</text>`,
  ];
  let top = 52;
  for (const database of Object.keys(results.databases)) {
    const servers = results.servers.filter((server) => server.database === database);
    for (const work of Object.keys(titles)) {
      const heading = `${database}, ${work.toUpperCase()}: ${titles[work]}`;
      const { height, parts: more } = panel(results, servers, heading, work, connections, top);
      parts.push(...more);
      top += height;
    }
  }
  const [width, height] = [WIDTH + 2 * MARGIN, top + MARGIN];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Requests a second of notegraph and its peers">
<style>${style}
</style>
<rect class="ground" x="${-MARGIN}" y="${-MARGIN}" width="${width}" height="${height}"/>
${parts.join("\n")}
</svg>
`;
}
