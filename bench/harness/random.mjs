/** Random numbers below one, the same for the same seed: a linear congruential generator, read from its high bits. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Returns `count` elements of `list`, possibly with repetitions. */
export const sample = (list, count, next) => Array.from({ length: count }, () => list[Math.floor(next() * list.length)]);
