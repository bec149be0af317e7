// How an event that could not be processed is repaired: where in its text a field stands, and the same change in many.

import { write } from "../../api/json";
import type { Mark } from "../../parts/Code.svelte";

/** A field at fault, as a problem or a letter's detail names it. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** The fields that the detail of a letter names: "`/wagerAmount`: expected a number, …". */
export function faultsIn(detail: string): Fault[] {
  const found = [...detail.matchAll(/`(\/[^`\s]*)`:?\s*/g)];
  return found.map((match, index) => ({
    pointer: match[1] ?? "",
    detail: detail.slice(match.index + match[0].length, found[index + 1]?.index ?? detail.length).replace(/[;,\s]+$/, "") || detail,
  }));
}

function partsOf(pointer: string): string[] {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Where the value of each pointer stands in a JSON text, by its pointer. What cannot be read any more ends the search. */
export function placesIn(text: string): Map<string, { from: number; to: number }> {
  const places = new Map<string, { from: number; to: number }>();
  let at = 0;
  const space = () => { while (/\s/.test(text[at] ?? "")) at++; };
  const string = (): string | null => {
    const found = /^"(?:[^"\\\n]|\\.)*"/.exec(text.slice(at));
    if (!found) return null;
    at += found[0].length;
    return found[0];
  };
  function value(pointer: string): boolean {
    space();
    const from = at;
    let isRead = true;
    if (text[at] === "{") isRead = object(pointer);
    else if (text[at] === "[") isRead = array(pointer);
    else if (text[at] === '"') isRead = string() !== null;
    else {
      const plain = /^[^\s,\]}]+/.exec(text.slice(at));
      isRead = plain !== null;
      at += plain?.[0].length ?? 0;
    }
    places.set(pointer, { from, to: isRead ? at : text.length });
    return isRead;
  }
  function object(pointer: string): boolean {
    at++;
    space();
    if (text[at] === "}") return ++at > 0;
    for (;;) {
      space();
      const name = string();
      if (name === null) return false;
      space();
      if (text[at++] !== ":") return false;
      let key: string;
      try {
        key = JSON.parse(name) as string;
      } catch {
        return false;
      }
      if (!value(`${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`)) return false;
      space();
      const end = text[at++];
      if (end === "}") return true;
      if (end !== ",") return false;
    }
  }
  function array(pointer: string): boolean {
    at++;
    space();
    if (text[at] === "]") return ++at > 0;
    for (let index = 0; ; index++) {
      if (!value(`${pointer}/${index}`)) return false;
      space();
      const end = text[at++];
      if (end === "]") return true;
      if (end !== ",") return false;
    }
  }
  value("");
  return places;
}

/** Marks for an editor: each fault at its field, or, of one that is missing, at what it should be in. */
export function marksOf(text: string, faults: readonly Fault[]): Mark[] {
  const places = placesIn(text);
  return faults.map(({ pointer, detail }) => {
    const inside = partsOf(pointer);
    const byte = /at byte (\d+)/.exec(detail)?.[1];
    const from = byte === undefined ? undefined : new TextDecoder().decode(new TextEncoder().encode(text).slice(0, Number(byte))).length;
    let place = from === undefined ? places.get(pointer) : { from, to: from };
    while (!place && inside.length > 0) {
      inside.pop();
      place = places.get(inside.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""));
    }
    const before = text.slice(0, place?.from ?? 0).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, text: pointer === "" ? detail : `${pointer}: ${detail}` };
  });
}

/** The same JSON with a field on each line; the text as it is where it is none. Every number keeps its digits. */
export function spread(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let [depth, out] = [0, ""];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "}" || token === "]") {
      depth--;
      out += /[{[]$/.test(out) ? token : `\n${"  ".repeat(depth)}${token}`;
    } else if (token === ",") out += `,\n${"  ".repeat(depth)}`;
    else if (token === ":") out += ": ";
    else {
      if (/[{[]$/.test(out)) out += `\n${"  ".repeat(depth)}`;
      out += token;
      if (token === "{" || token === "[") depth++;
    }
  }
  return out;
}

/** The same change to many letters. */
export type Rule =
  | { kind: "set"; pointer: string; json: string }
  | { kind: "remove"; pointer: string }
  | { kind: "replace"; find: string; by: string };

/** What a text is after a change; `null` where it changes nothing, or cannot. */
export function changed(text: string, rule: Rule): string | null {
  if (rule.kind === "replace") {
    if (rule.find === "" || !text.includes(rule.find)) return null;
    const after = text.replaceAll(rule.find, rule.by);
    return after === text ? null : after;
  }
  const place = placesIn(text).get(rule.pointer);
  if (rule.kind === "set") {
    if (place) {
      const after = text.slice(0, place.from) + rule.json + text.slice(place.to);
      return after === text ? null : after;
    }
    const parts = partsOf(rule.pointer);
    const name = parts.pop();
    const around = placesIn(text).get(parts.map((part) => `/${part}`).join(""));
    if (name === undefined || !around || text[around.from] !== "{" || text[around.to - 1] !== "}") return null;
    const isEmpty = text.slice(around.from + 1, around.to - 1).trim() === "";
    return `${text.slice(0, around.to - 1)}${isEmpty ? "" : ","}${write(name)}:${rule.json}${text.slice(around.to - 1)}`;
  }
  if (!place) return null;
  // With its name, and the comma on one side of it.
  const name = /"(?:[^"\\]|\\.)*"\s*:\s*$/.exec(text.slice(0, place.from));
  if (!name) return null;
  let [from, to] = [name.index, place.to];
  const behind = /^\s*,/.exec(text.slice(to));
  if (behind) to += behind[0].length;
  else from = text.slice(0, from).replace(/,\s*$/, "").length;
  return text.slice(0, from) + text.slice(to);
}

/** A value as JSON: what was typed where it is JSON, or else the text that it is. */
export function jsonOf(typed: string): string {
  try {
    JSON.parse(typed);
    return typed.trim();
  } catch {
    return JSON.stringify(typed);
  }
}

/** One field that is another after a repair; `null` where it was not there, or is not any more. */
export interface FieldChange {
  pointer: string;
  before: string | null;
  after: string | null;
}

/** The fields that differ, as their JSON is written; `null` where either text is no object. */
export function changesOf(before: string, after: string): FieldChange[] | null {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  if (!old || !now) return null;
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((pointer) => ({ pointer, before: old.get(pointer) ?? null, after: now.get(pointer) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** What stands in an object, down to what has nothing in it. */
function fieldsOf(text: string): Map<string, string> | null {
  try {
    const is: unknown = JSON.parse(text);
    if (typeof is !== "object" || is === null || Array.isArray(is)) return null;
  } catch {
    return null;
  }
  const places = placesIn(text);
  const inner = [...places].filter(([pointer]) => pointer !== "" && ![...places.keys()].some((other) => other.startsWith(`${pointer}/`)));
  return new Map(inner.map(([pointer, { from, to }]) => [pointer, text.slice(from, to)]));
}
