/** Fails with a sentence that says what is wrong. */
export function check(holds, sentence) {
  if (!holds) throw new Error(sentence);
}
