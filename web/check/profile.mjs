import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contents } from './leveldb.mjs';

/**
 * The files of a browser's profile that contain a text, as UTF-8 or as UTF-16, which Chromium uses for some. Tables of LevelDB
 * are decompressed.
 */
export function filesWith(profile, text) {
  const spellings = [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')];
  const files = readdirSync(profile, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path);
      const plain = path.endsWith('.ldb') ? Buffer.concat([bytes, contents(bytes)]) : bytes;
      return spellings.some((spelling) => plain.includes(spelling));
    });
}
