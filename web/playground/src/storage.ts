/** The storage key under which GraphiQL keeps operations together with their headers. */
const OPERATIONS = ['graphiql:tabState', 'graphiql:queries', 'graphiql:favorites'];

function withoutHeaders(json: string): string {
  return JSON.stringify(JSON.parse(json), (key, value) => (key === 'headers' ? null : value));
}

/**
 * Notes are about people, so the operations typed here are kept only for this browser tab, and not on the disk. The
 * headers are not stored at all, as they hold the token: GraphiQL would store them with each entry of its history.
 */
export const storage = {
  getItem: (key: string) => sessionStorage.getItem(key),
  setItem: (key: string, value: string) =>
    sessionStorage.setItem(key, OPERATIONS.includes(key) ? withoutHeaders(value) : value),
  removeItem: (key: string) => sessionStorage.removeItem(key),
  clear: () => sessionStorage.clear(),
  get length() {
    return sessionStorage.length;
  },
};
