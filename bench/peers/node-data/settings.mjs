// The settings that the harness passes to every peer in environment variables.
const text = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`the variable ${name} is not set`);
  return value;
};

export const port = Number(text("BENCH_PORT"));
export const database = text("BENCH_DATABASE");
export const connections = Number(text("BENCH_CONNECTIONS"));
/** The company that all data belongs to. */
export const company = text("BENCH_COMPANY");
/** The user who makes changes. */
export const actor = text("BENCH_ACTOR");
