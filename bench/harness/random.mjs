/** Numbers below one that look random and are the same for the same seed: a linear congruence, read from its high bits. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `count` of `list`, some perhaps more than once. */
export const sample = (list, count, next) => Array.from({ length: count }, () => list[Math.floor(next() * list.length)]);
