// Fails where what the first page needs is more than 90 kB, compressed as it is served.
import { readFile } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";

const MAX = 90_000;
const folder = new URL("../dist/", import.meta.url);
const html = await readFile(new URL("index.html", folder), "utf8");
const seen = new Map();

async function take(path) {
  if (seen.has(path)) return;
  const content = await readFile(new URL(path, folder));
  seen.set(path, content);
  if (!path.endsWith(".js")) return;
  for (const [, name] of content.toString().matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) await take(`assets/${name}`);
}

for (const [, path] of html.matchAll(/(?:src|href)="\/portal\/([^"]+)"/g)) await take(path);
// The page that is shown first, with all that it needs.
const entry = [...seen].find(([path]) => /index-.*\.js$/.test(path))?.[1].toString() ?? "";
const home = /assets\/(Home-[\w-]+)\.(?:js|css)|\.\/(Home-[\w-]+)\.js/.exec(entry);
if (!home) throw new Error("the entry does not load the first page");
await take(`assets/${/Home-[\w-]+\.js/.exec(entry)[0]}`);

let [gzip, brotli] = [gzipSync(html).length, brotliCompressSync(html).length];
for (const content of seen.values()) {
  gzip += gzipSync(content, { level: 9 }).length;
  brotli += brotliCompressSync(content).length;
}
console.log(`the first page: ${seen.size + 1} files, ${gzip} bytes by gzip, ${brotli} by brotli, of ${MAX} at most`);
if (gzip > MAX) process.exit(1);
