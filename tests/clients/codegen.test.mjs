// GraphQL Code Generator: its types fit the schema, and the server accepts its manifest.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generate } from '@graphql-codegen/cli';
import { serve, sha256 } from './server.mjs';

const here = import.meta.dirname;
// Configured as in docs/clients.md.
const guide = readFileSync(join(here, '../../docs/clients.md'), 'utf8');
const scalars = Object.fromEntries(guide.match(/scalars: \{ (.*) \}/)[1].split(', ').map((pair) => pair.split(': ')));
const folder = mkdtempSync(join(tmpdir(), 'notegraph-codegen-'));
let types = '';
let ids = {};

before(async () => {
  const output = {
    [`${folder}/`]: {
      preset: 'client',
      config: { scalars, strictScalars: true },
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } },
    },
  };
  const schema = join(here, '../../schema.graphql');
  await generate({ schema, documents: [join(here, 'documents/*.mjs')], generates: output, silent: true }, true);
  types = readFileSync(join(folder, 'graphql.ts'), 'utf8');
  ids = JSON.parse(readFileSync(join(folder, 'persisted-documents.json'), 'utf8'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const idOf = (name) => Object.keys(ids).find((id) => ids[id].includes(name));

test('types are made of the schema', () => {
  for (const type of ['NotesQuery', 'NotesQueryVariables', 'CreateMutation', 'AuthorFragment', 'NoteStatus', 'NoteCreateInput']) {
    assert.match(types, new RegExp(`export (type|enum|const) ${type}\\b`), type);
  }
  // A field with a default is not required. Match this type only, as others have a `status`, too.
  const input = types.match(/^export type NoteCreateInput = \{\n.*?^\};/ms)?.[0];
  assert.match(input ?? '', /^ +status\?: NoteStatus\b/m);
});

test('documents of the manifest are asked for by their ids, and nothing else is taken', async (t) => {
  const args = ['--documents', join(folder, 'persisted-documents.json'), '--documents-mode', 'only'];
  const { url, headers } = await serve(t, ...args);
  const ask = async (body) => {
    const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await fetch(url, init)).json();
  };
  assert.equal(Object.keys(ids).length, 2);
  const hash = sha256(ids[idOf('query Notes')]);
  assert.equal(idOf('query Notes'), `sha256:${hash}`);
  const made = await ask({ documentId: idOf('mutation Create'), variables: { input: { subject: 'made' } } });
  assert.deepEqual(made.data.noteCreate.userErrors, []);
  for (const documentId of [`sha256:${hash}`, hash, hash.toUpperCase()]) {
    const found = await ask({ documentId, variables: { first: 5 } });
    assert.equal(found.data.notes.nodes[0].subject, 'made');
  }
  const text = await ask({ query: ids[idOf('query Notes')] });
  assert.equal(text.errors[0].extensions.code, 'PERSISTED_QUERY_ONLY');
  const unknown = await ask({ documentId: sha256('other') });
  assert.equal(unknown.errors[0].extensions.code, 'PERSISTED_QUERY_NOT_FOUND');
});
