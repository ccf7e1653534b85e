// Writes a .br and a .gz beside each text file, so that no server compresses anything on the day.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";

const TEXT = /\.(?:html|css|js|json|svg|txt)$/;

export async function compress(dist) {
  const files = await readdir(dist, { recursive: true });
  await Promise.all(files.filter((file) => TEXT.test(file)).map((file) => compressOne(`${dist}/${file}`)));
}

async function compressOne(path) {
  const content = await readFile(path);
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content));
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
}
