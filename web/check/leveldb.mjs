// Reads tables of LevelDB, in which Chromium stores what pages keep. Formats:
// https://github.com/google/leveldb/blob/main/doc/table_format.md, https://github.com/google/snappy/blob/main/format_description.txt

const FOOTER = 48;
const MAGIC = 0xdb4775248b80fb57n;
const SNAPPY = 1;

/** Reads a varint at `at`; returns the value and the position behind it. */
function varint(bytes, at) {
  for (let value = 0, factor = 1; ; factor *= 128, at += 1) {
    value += (bytes[at] & 127) * factor;
    if (bytes[at] < 128) return [value, at + 1];
  }
}

/** Decompresses a block of Snappy. */
function decompressed(bytes) {
  let [length, at] = varint(bytes, 0);
  const out = Buffer.alloc(length);
  let end = 0;
  while (at < bytes.length) {
    const tag = bytes[at++];
    const high = tag >> 2;
    if ((tag & 3) === 0) {
      const more = Math.max(high - 59, 0);
      const size = 1 + (more ? bytes.readUIntLE(at, more) : high);
      at += more;
      bytes.copy(out, end, at, at + size);
      [at, end] = [at + size, end + size];
      continue;
    }
    const short = (tag & 3) === 1;
    const width = [0, 1, 2, 4][tag & 3];
    const offset = bytes.readUIntLE(at, width) + (short ? (tag >> 5) << 8 : 0);
    at += width;
    // Byte by byte: a copy may overlap what it writes.
    for (let left = short ? (high & 7) + 4 : high + 1; left > 0; left -= 1, end += 1) out[end] = out[end - offset];
  }
  return out;
}

function block(table, offset, size) {
  const bytes = table.subarray(offset, offset + size);
  return table[offset + size] === SNAPPY ? decompressed(bytes) : bytes;
}

/** The contents of a table: its data blocks, decompressed. Empty if the file is no table. */
export function contents(table) {
  if (table.length < FOOTER || table.readBigUInt64LE(table.length - 8) !== MAGIC) return Buffer.alloc(0);
  let at = table.length - FOOTER;
  let offset, size;
  for (const _ of ['offset of the metaindex', 'its size']) [, at] = varint(table, at);
  [offset, at] = varint(table, at);
  [size, at] = varint(table, at);
  const index = block(table, offset, size);
  const end = index.length - 4 - 4 * index.readUInt32LE(index.length - 4);
  const blocks = [];
  for (let entry = 0; entry < end; ) {
    let own, value;
    [, entry] = varint(index, entry);
    [own, entry] = varint(index, entry);
    [value, entry] = varint(index, entry);
    const handle = entry + own;
    [offset, at] = varint(index, handle);
    [size] = varint(index, at);
    blocks.push(block(table, offset, size));
    entry = handle + value;
  }
  return Buffer.concat(blocks);
}
