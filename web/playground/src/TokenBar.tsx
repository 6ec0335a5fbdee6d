import { useState, type FormEvent } from 'react';
import type { TokenProblem } from './token';

const said: Record<TokenProblem, string> = {
  missing: 'Requests need a token.',
  refused: 'The server does not accept this token: it is unknown, expired or revoked.',
  spent: 'This link has been used or has expired: it works once, within 10 minutes after the start of the server.',
  unreachable: 'The server did not respond to the request for a token.',
};

/** The slim bar above the editor, shown while requests cannot succeed. */
export function TokenBar({ problem, onToken }: { problem: TokenProblem; onToken: (token: string) => void }) {
  const [token, setToken] = useState('');

  function use(event: FormEvent) {
    event.preventDefault();
    if (token.trim()) onToken(token.trim());
  }

  return (
    <div className="token-bar" role="status">
      <p>
        <strong>{said[problem]}</strong> Paste one here: <code>serve --demo</code> prints one at each start, and{' '}
        <code>notegraph token create --help</code> explains how to create another. The page forgets it when it is closed or
        reloaded. A token in Headers works as well: <code>{'{"Authorization": "Bearer ..."}'}</code>
      </p>
      <form onSubmit={use}>
        <input
          aria-label="Token"
          type="password"
          autoComplete="off"
          placeholder="ng_..."
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit">Use</button>
      </form>
    </div>
  );
}
