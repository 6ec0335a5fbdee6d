import type { ComponentProps } from 'react';
import type { GraphiQL } from 'graphiql';
import { authorization } from './token';

type Fetcher = ComponentProps<typeof GraphiQL>['fetcher'];

/**
 * Sends what the Headers editor says and nothing else, so that a request can also be tried without a token. Only the
 * introspection at the start gets the token from here: it is sent before that editor exists.
 */
export function createFetcher(token: string | null, onAnswer: (status: number) => void): Fetcher {
  return async (request, options) => {
    const introspects = request.operationName === 'IntrospectionQuery';
    const fallback = introspects && token ? authorization(token) : {};
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/graphql-response+json, application/json;q=0.9',
        ...(options?.headers ?? fallback),
      },
      body: JSON.stringify(request),
    });
    onAnswer(response.status);
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      // Not from the API itself, but from something in between: say so instead of showing a JSON error.
      throw new Error(`${response.status} ${response.statusText}: ${text}`);
    }
  };
}
