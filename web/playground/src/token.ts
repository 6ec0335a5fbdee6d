/** The reason why there is no valid token. */
export type TokenProblem = 'missing' | 'refused' | 'spent' | 'unreachable';

/** The result of reading an address: a token, or the reason why there is none. */
export interface Arrival {
  token: string | null;
  problem: TokenProblem | null;
}

declare global {
  interface Window {
    /** The fragment that `fragment.js` removed from the address before this was loaded. */
    notegraphFragment?: URLSearchParams;
  }
}

/**
 * Removes the fragment from the address, and returns it: a code (`#code=...`) or a token (`#token=...`). Fragments are
 * never sent over the network.
 */
export function takeFragment(): URLSearchParams | null {
  const early = window.notegraphFragment;
  delete window.notegraphFragment;
  if (early) return early;
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (!fragment.has('code') && !fragment.has('token')) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return fragment;
}

/**
 * The token that a fragment is or stands for. It is kept in the memory of the page and nowhere else: what a browser stores
 * for a tab, `sessionStorage` included, lies in the files of its profile.
 */
export async function arrive(fragment: URLSearchParams | null): Promise<Arrival> {
  const token = fragment?.get('token')?.trim();
  if (token) return { token, problem: null };
  const code = fragment?.get('code');
  if (!code) return { token: null, problem: 'missing' };
  try {
    const response = await fetch('/playground/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    if (!response.ok) return { token: null, problem: 'spent' };
    return { token: (await response.json()).token, problem: null };
  } catch {
    return { token: null, problem: 'unreachable' };
  }
}

export function authorization(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
