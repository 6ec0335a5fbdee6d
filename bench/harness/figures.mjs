// Computes medians with their spread from samples, and ratios next to their targets from the medians.

export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1) };
}

/** A measured quantity of a server for one kind of work. */
export function figure(results, server, work, connections, quantity) {
  const found = results.loads.filter(
    (load) => load.server === server && load.work === work && load.connections === connections,
  );
  return spread(found.map((load) => load[quantity]).filter((value) => value !== null));
}

export function starting(results, server, quantity) {
  return spread(results.starts.filter((start) => start.server === server).map((start) => start[quantity]));
}

// `peer` and `hand` are the target ratios to the fastest peer and to the handwritten handler.
const targets = [
  { title: "Q2, requests/s", work: "q2", connections: 32, quantity: "perSecond", more: true, peer: 2.0, hand: 0.85 },
  { title: "Q2, p50", work: "q2", connections: 1, quantity: "p50", more: false, peer: 0.6, hand: 1.3 },
  { title: "Q1, requests/s", work: "q1", connections: 32, quantity: "perSecond", more: true, peer: 2.0, hand: 0.85 },
  { title: "Q3, requests/s", work: "q3", connections: 32, quantity: "perSecond", more: true, peer: 1.8, hand: 0.85 },
  { title: "M1, requests/s", work: "m1", connections: 32, quantity: "perSecond", more: true, peer: 1.3, hand: 0.85 },
  { title: "M2, requests/s", work: "m2", connections: 32, quantity: "perSecond", more: true, peer: 1.0, hand: 0.85 },
  { title: "peak memory under Q2", work: "q2", connections: 32, quantity: "memory", more: false, peer: 0.2, hand: null },
];

const compared = (value, base, bound, more) => {
  if (!value || !base) return null;
  const ratio = value.median / base.median;
  return { ratio, bound, met: bound === null ? null : more ? ratio >= bound : ratio <= bound };
};

/** The fastest peer for one kind of work: the most requests per second at this number of connections. */
export function fastestPeer(results, work, connections) {
  const peers = results.servers
    .filter(({ role, database }) => role === "peer" && database === "PostgreSQL")
    .map(({ name, title }) => ({ name, title, speed: figure(results, name, work, connections, "perSecond")?.median }))
    .filter(({ speed }) => speed !== undefined);
  return peers.sort((a, b) => b.speed - a.speed)[0] ?? null;
}

export function ratios(results, database) {
  const suffix = database === "PostgreSQL" ? "" : "-sqlite";
  return targets
    .filter(({ hand }) => hand !== null || database === "PostgreSQL")
    .filter(({ work, connections }) => figure(results, `notegraph${suffix}`, work, connections, "perSecond"))
    .map((target) => {
      const { work, connections, quantity, more } = target;
      const of = (server) => figure(results, server, work, connections, quantity);
      const own = of(`notegraph${suffix}`);
      const peer = database === "PostgreSQL" ? fastestPeer(results, work, connections) : null;
      return {
        ...target,
        fastest: peer?.title ?? null,
        peer: peer && compared(own, of(peer.name), target.peer, more),
        hand: compared(own, of(`handwritten${suffix}`), target.hand, more),
        handWithToken: compared(own, of(`handwritten-token${suffix}`), target.hand, more),
      };
    });
}
