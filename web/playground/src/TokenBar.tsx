import { useState, type FormEvent } from 'react';
import type { TokenProblem } from './token';

const said: Record<TokenProblem, string> = {
  missing: 'Requests need a token.',
  refused: 'The server does not accept this token: it is unknown, expired or revoked.',
  spent: 'This link was used already, or is too old: it holds once, for 10 minutes after the server has started.',
  unreachable: 'The server did not answer when it was asked for a token.',
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
        <code>notegraph token create --help</code> says how to make another. The page forgets it when it is closed or loaded
        again. A token in Headers does as well: <code>{'{"Authorization": "Bearer ..."}'}</code>
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
