import { expect, test } from "vitest";
import description from "./description.ts?raw";

const sources = import.meta.glob<string>("../**/*.{ts,svelte}", { eager: true, query: "?raw", import: "default" });
const ASKED = [/\bat`(\/[^`]*)`/g, /\bapi\.\w+(?:<[^>]*>+)?\(\s*(?:"(?:POST|PUT|PATCH|DELETE)",\s*)?"(\/[^"]*)"/g, /\bpath: "(\/(?!portal\/)[^"]*)"/g];

/** A path whose parts are without names. */
const plain = (path: string) => path.replace(/\$?\{[^}]*\}/g, "{}").replace(/^\/api\/v1/, "");

test("every path that is asked is one of the API", () => {
  const known = new Set([...description.matchAll(/^ {4}"(\/[^"]*)": \{/gm)].map(([, path = ""]) => plain(path)));
  expect(known.size).toBeGreaterThan(50);
  const unknown = Object.entries(sources)
    .filter(([file]) => !/\.test\.|description\.ts/.test(file))
    .flatMap(([file, text]) => ASKED.flatMap((pattern) => [...text.matchAll(pattern)]).map(([, path = ""]) => `${file}: ${plain(path)}`))
    .filter((asked) => !known.has(asked.split(": ")[1] ?? ""));
  expect(unknown).toEqual([]);
});
