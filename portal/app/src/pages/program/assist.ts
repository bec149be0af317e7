// What is suggested and said while a program is written as a text: by its schema, in the reader's words.

import type { Assist } from "../../parts/Code.svelte";
import { choiceOf, hintOf, labelOf } from "./fields/texts";
import { type Shape, shapeAt } from "./schema";

export interface Place {
  /** Of the mapping or value that is written; items of lists are 0. */
  path: (string | number)[];
  /** A value is written, and no key. */
  isValue: boolean;
  /** Where the word begins. */
  from: number;
}

const KEY = /^(?:"([^"]*)"|'([^']*)'|([^\s#:,[\]{}&*!|>'"%@`-][^#:,[\]{}]*|-[^\s#:,[\]{}][^#:,[\]{}]*))\s*:(?=\s|$)/;

/** Where the text at `at` belongs. */
export function placeAt(text: string, at: number): Place {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const stack: { indent: number; key: string | number }[] = [];
  const open = (indent: number) => { while ((stack.at(-1)?.indent ?? -1) >= indent) stack.pop(); };
  let rest = "";
  let isValue = false;
  const step = (line: string, isLast: boolean) => {
    let indent = line.length - line.trimStart().length;
    let content = line.slice(indent);
    if (!isLast && (content === "" || content.startsWith("#"))) return;
    isValue = false;
    while (/^-(\s|$)/.test(content)) {
      // A list may stand as far left as its key.
      while ((stack.at(-1)?.indent ?? -1) > indent || (stack.at(-1)?.indent === indent && typeof stack.at(-1)?.key === "number")) stack.pop();
      stack.push({ indent, key: 0 });
      const next = content.slice(1);
      const spaces = next.length - next.trimStart().length;
      indent += 1 + spaces;
      content = next.trimStart();
      if (content === "") return;
    }
    const found = KEY.exec(content);
    if (found) {
      open(indent);
      stack.push({ indent, key: found[1] ?? found[2] ?? found[3] ?? "" });
      rest = content.slice(found[0].length);
      isValue = true;
    } else {
      if (stack.at(-1)?.key !== 0 || (stack.at(-1)?.indent ?? 0) >= indent) open(indent);
      rest = content;
    }
  };
  for (const line of text.slice(0, start).split("\n").slice(0, -1)) step(line, false);
  step(text.slice(start, at), true);

  const path = stack.map((one) => one.key);
  const flow: { kind: "{" | "["; keys: number }[] = [];
  let word = "";
  let quote = "";
  for (const char of rest) {
    if (quote) { if (char === quote) quote = ""; word += char; continue; }
    if (char === '"' || char === "'") { quote = char; word += char; }
    else if (char === "{" || char === "[") { flow.push({ kind: char, keys: 0 }); if (char === "[") path.push(0); word = ""; isValue = char === "["; }
    else if (char === "}" || char === "]") {
      const gone = flow.pop();
      path.splice(path.length - (gone?.keys ?? 0));
      if (gone?.kind === "[") path.pop();
      word = "";
      isValue = true;
    } else if (char === ",") {
      const now = flow.at(-1);
      if (now?.kind === "{") { path.splice(path.length - now.keys); now.keys = 0; isValue = false; }
      word = "";
    } else if (char === ":" && flow.at(-1)?.kind === "{") {
      const now = flow.at(-1);
      path.push(word.trim().replace(/^["']|["']$/g, ""));
      if (now) now.keys++;
      word = "";
      isValue = true;
    } else word += char;
  }
  return { path, isValue, from: at - word.trimStart().length };
}

/** What helps with a program of this shape. */
export function assist(root: Shape): Assist {
  return {
    complete(text, at) {
      const { path, isValue, from } = placeAt(text, at);
      const shape = shapeAt(root, path);
      if (!shape) return null;
      const of = shape.kind === "many" && isValue ? shape.of : shape;
      if (isValue) {
        const values = of.kind === "choice" ? of.values : of.kind === "truth" ? ["true", "false"] : [];
        return values.length === 0 ? null : { from, options: values.map((value) => ({ label: value, detail: choiceOf(shape.key, value) })) };
      }
      const inside = shape.kind === "list" ? shape.of : shape;
      if (inside.kind !== "object") return null;
      const names = new Map(inside.fields.map((field) => [field.name, field]));
      for (const varied of inside.variants?.of.values() ?? []) for (const field of varied) names.set(field.name, field);
      return {
        from,
        options: [...names.values()].map(({ name, shape: { key } }) => {
          const info = hintOf(key);
          return { label: name, detail: labelOf(key), apply: `${name}: `, ...(info ? { info } : {}) };
        }),
      };
    },
    hover(text, at) {
      const start = text.lastIndexOf("\n", at - 1) + 1;
      const end = text.indexOf("\n", at);
      const line = text.slice(start, end < 0 ? text.length : end);
      for (const found of line.matchAll(/[\w-]+(?=\s*:)/g)) {
        const [from, until] = [start + found.index, start + found.index + found[0].length];
        if (at < from || at > until) continue;
        const colon = text.indexOf(":", until) + 1;
        const { path } = placeAt(text, Math.min(colon + 1, text.length));
        const last = path.at(-1) === found[0] ? path : placeAt(`${text.slice(0, colon)} `, colon + 1).path;
        const shape = shapeAt(root, last);
        return shape && last.at(-1) === found[0] ? { from, to: until, title: labelOf(shape.key), text: hintOf(shape.key) ?? "" } : null;
      }
      return null;
    },
  };
}

