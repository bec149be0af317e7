// What differs between two programs, in words and in lines; and what becomes of changes that two people made.

import { language } from "../../texts/catalogue.svelte";
import { exact } from "../../format/numbers";
import { partsOf } from "../../format/decimal";
import { time } from "../../format/time.svelte";
import { isMapping, isSame, type Mapping, Num, type Path, type Value } from "./document";
import { choiceOf, isNamed, labelOf } from "./fields/texts";
import { t } from "./texts";

export interface Change { path: Path; from: Value | undefined; to: Value | undefined }

/** Lists whose items have names are looked at by name, and not by place. */
function named(list: Value | undefined): Map<string, Value> | null {
  if (!Array.isArray(list)) return null;
  const all = new Map<string, Value>();
  for (const item of list) {
    const name = isMapping(item) ? item["name"] : undefined;
    if (typeof name !== "string" || all.has(name)) return null;
    all.set(name, item);
  }
  return all;
}

/** All that differs, in the order of the document. */
export function changesOf(from: Value | undefined, to: Value | undefined, path: Path = []): Change[] {
  if (isSame(from, to)) return [];
  if (isMapping(from) && isMapping(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return keys.flatMap((key) => changesOf(from[key], to[key], [...path, key]));
  }
  const [old, next] = [named(from ?? []), named(to ?? [])];
  if (old && next && (Array.isArray(from) || Array.isArray(to))) {
    const found = [...new Set([...old.keys(), ...next.keys()])].flatMap((name) => changesOf(old.get(name), next.get(name), [...path, name]));
    return found.length > 0 ? found : [{ path, from, to }];
  }
  return [{ path, from, to }];
}

/** Where something stands, from what it belongs to down to itself. */
export function whereOf(path: Path): string[] {
  let key = "";
  return path.map((part, index) => {
    if (path[0] === "jurisdictions" && index === 1) {
      key = "";
      return String(part);
    }
    const below = key ? `${key}.${part}` : String(part);
    if (!isNamed(below)) return String(part);
    key = below;
    return labelOf(below);
  });
}

/** Of which field a path is, without the names in it. */
export function keyOf(path: Path): string {
  let key = "";
  path.forEach((part, index) => {
    if (path[0] === "jurisdictions" && index === 1) key = "";
    else {
      const below = key ? `${key}.${part}` : String(part);
      if (isNamed(below)) key = below;
    }
  });
  return key;
}

const UNITS = { mo: "month", d: "day", h: "hour", m: "minute", s: "second" } as const;

/** A span of time such as `12mo` as people read it; null where it is none. */
function spanOf(text: string): string | null {
  const [, count, unit] = /^(\d+)(mo|d|h|m|s)$/.exec(text) ?? [];
  return count && unit ? new Intl.NumberFormat(language.locale, { style: "unit", unit: UNITS[unit as keyof typeof UNITS], unitDisplay: "long" }).format(Number(count)) : null;
}

/** A value as people read it. */
export function textOf(value: Value | undefined, key: string): string {
  if (value === undefined || value === null) return t("value.none");
  if (value === true) return t("value.yes");
  if (value === false) return t("value.no");
  if (value instanceof Num) return partsOf(value.text) ? exact(value.text) : value.text;
  if (typeof value === "string") return /^\d{4}-\d\d-\d\dT/.test(value) ? time(value) : spanOf(value) ?? choiceOf(key, value);
  if (Array.isArray(value)) {
    return value.length === 0 ? t("value.none") : new Intl.ListFormat(language.locale, { type: "conjunction" }).format(value.map((one) => isMapping(one) ? `(${textOf(one, key)})` : textOf(one, key)));
  }
  return Object.entries(value).map(([name, one]) => `${labelOf(key ? `${key}.${name}` : name)}: ${textOf(one, key ? `${key}.${name}` : name)}`).join(", ");
}

/** A change as a sentence without its place. */
export function sentence({ path, from, to }: Change): string {
  const key = keyOf(path);
  if (from === undefined) return t("change.added", { to: textOf(to, key) });
  if (to === undefined) return t("change.removed", { from: textOf(from, key) });
  return t("change.changed", { from: textOf(from, key), to: textOf(to, key) });
}

export interface Line { kind: "same" | "added" | "removed" | "gap"; text: string }

const LINES_MAX = 4_000;
const AROUND = 3;

/** What differs line by line, with a few lines around. */
export function linesOf(from: string, to: string): Line[] {
  const [a, b] = [from.trimEnd().split("\n"), to.trimEnd().split("\n")];
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  let [endA, endB] = [a.length, b.length];
  while (endA > first && endB > first && a[endA - 1] === b[endB - 1]) { endA--; endB--; }
  const all: Line[] = a.slice(0, first).map((text) => ({ kind: "same", text }));
  all.push(...middle(a.slice(first, endA), b.slice(first, endB)));
  all.push(...a.slice(endA).map((text): Line => ({ kind: "same", text })));
  return folded(all);
}

function middle(a: readonly string[], b: readonly string[]): Line[] {
  if (a.length * b.length > LINES_MAX * LINES_MAX) {
    return [...a.map((text): Line => ({ kind: "removed", text })), ...b.map((text): Line => ({ kind: "added", text }))];
  }
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const of = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) longest[i * width + j] = a[i] === b[j] ? of(i + 1, j + 1) + 1 : Math.max(of(i + 1, j), of(i, j + 1));
  }
  const found: Line[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) { found.push({ kind: "same", text: a[i] ?? "" }); i++; j++; }
    else if (i < a.length && (j === b.length || of(i + 1, j) >= of(i, j + 1))) found.push({ kind: "removed", text: a[i++] ?? "" });
    else found.push({ kind: "added", text: b[j++] ?? "" });
  }
  return found;
}

function folded(lines: readonly Line[]): Line[] {
  const isNear = lines.map((_, index) => lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some((line) => line.kind !== "same"));
  const found: Line[] = [];
  lines.forEach((line, index) => {
    if (isNear[index]) found.push(line);
    else if (found.at(-1)?.kind !== "gap") found.push({ kind: "gap", text: "" });
  });
  return found.some((line) => line.kind !== "gap") ? found : [];
}

export interface Merged { value: Mapping; /** What both changed, each otherwise; mine is kept. */ conflicts: Path[] }

/** What I made of `base`, put upon what others made of it. */
export function merged(base: Mapping, mine: Mapping, theirs: Mapping): Merged {
  const conflicts: Path[] = [];
  const value = both(base, mine, theirs, [], conflicts);
  return { value: isMapping(value) ? value : mine, conflicts };
}

function both(base: Value | undefined, mine: Value | undefined, theirs: Value | undefined, path: Path, conflicts: Path[]): Value | undefined {
  if (isSame(mine, base)) return theirs;
  if (isSame(theirs, base) || isSame(mine, theirs)) return mine;
  if (isMapping(mine) && isMapping(theirs)) {
    const from = isMapping(base) ? base : {};
    const found: Mapping = {};
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
      const one = both(from[key], mine[key], theirs[key], [...path, key], conflicts);
      if (one !== undefined) found[key] = one;
    }
    return found;
  }
  const [own, others] = [named(mine), named(theirs)];
  if (own && others) {
    const from = named(base ?? []) ?? new Map<string, Value>();
    return [...new Set([...others.keys(), ...own.keys()])].flatMap((name) => {
      const one = both(from.get(name), own.get(name), others.get(name), [...path, name], conflicts);
      return one === undefined ? [] : [one];
    });
  }
  conflicts.push(path);
  return mine;
}
