// Replaces every file of dist/ by its gzip form: what is committed and embedded in the server.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = join(import.meta.dirname, 'dist');

let before = 0;
let after = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  const packed = gzipSync(plain, { level: 9 });
  // Node writes no name and no time; byte 9 names the operating system. 255 is "unknown", so that the bytes are the same everywhere.
  packed[9] = 255;
  writeFileSync(`${path}.gz`, packed);
  rmSync(path);
  before += plain.length;
  after += packed.length;
}
console.log(`compressed ${before} bytes to ${after}`);
