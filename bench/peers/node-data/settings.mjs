// What the harness tells every peer by variables.
const text = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`the variable ${name} is not set`);
  return value;
};

export const port = Number(text("BENCH_PORT"));
export const database = text("BENCH_DATABASE");
export const connections = Number(text("BENCH_CONNECTIONS"));
/** Everything that is read belongs to this company. */
export const company = text("BENCH_COMPANY");
/** The user who makes changes. */
export const actor = text("BENCH_ACTOR");
