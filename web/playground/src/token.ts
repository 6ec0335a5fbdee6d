const KEY = 'notegraph:token';

/**
 * Moves the token of an address like `/#token=ng_...` into the storage of this browser tab. The fragment never goes over
 * the network; taken out of the address bar, it also stays out of bookmarks, the history and screenshots.
 */
export function takeTokenFromAddress(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return false;
  keepToken(token);
  history.replaceState(null, '', location.pathname + location.search);
  return true;
}

/** Session storage, not local storage: it survives a reload and ends with the tab. */
export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token.trim());
}

export function currentToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function authorization(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
