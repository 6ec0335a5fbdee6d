import { useState, type FormEvent } from 'react';
import { keepToken } from './token';

export type TokenProblem = 'missing' | 'refused';

const said: Record<TokenProblem, string> = {
  missing: 'Requests need a token.',
  refused: 'The server does not accept this token: it is unknown, expired or revoked.',
};

/** The slim bar above the editor, shown while requests cannot succeed. */
export function TokenBar({ problem }: { problem: TokenProblem }) {
  const [token, setToken] = useState('');

  function use(event: FormEvent) {
    event.preventDefault();
    if (!token.trim()) return;
    keepToken(token);
    location.reload();
  }

  return (
    <div className="token-bar" role="status">
      <p>
        <strong>{said[problem]}</strong> Paste one here, or put <code>{'{"Authorization": "Bearer ..."}'}</code> in Headers.
        How to make one: <code>notegraph token create --help</code>
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
