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
        // The server streams subscriptions only.
        Accept: 'application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8',
        ...(options?.headers ?? fallback),
      },
      body: JSON.stringify(request),
    });
    onAnswer(response.status);
    if (response.body && response.headers.get('content-type')?.startsWith('text/event-stream')) {
      return results(response.body.getReader());
    }
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      // Not from the API itself, but from something in between: say so instead of showing a JSON error.
      throw new Error(`${response.status} ${response.statusText}: ${text}`);
    }
  };
}

type Result = Record<string, unknown>;

/**
 * The results in a stream of server-sent events. Stopping closes the connection at once, which a generator would do only
 * after the next result.
 */
function results(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncIterableIterator<Result> {
  const decoder = new TextDecoder();
  let text = '';
  let over = false;
  const iterator: AsyncIterableIterator<Result> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      while (!over) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          const data = event.match(/^data: (.*)$/m)?.[1];
          if (data) return { done: false, value: JSON.parse(data) as Result };
          continue;
        }
        const read = await reader.read();
        over ||= read.done;
        text += decoder.decode(read.value, { stream: true });
      }
      return { done: true, value: undefined };
    },
    async return() {
      over = true;
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}
