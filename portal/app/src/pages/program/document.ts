// A program as its text: read, and changed in place, so that comments and digits stay as they were written.

import { type Document, isMap, isScalar, isSeq, parseDocument, type ParseOptions, type SchemaOptions, type DocumentOptions,
  type ScalarTag, Document as NewDocument, type Node, type ToStringOptions } from "yaml";

/** A number with the digits that it was written with. */
export class Num {
  constructor(readonly text: string) {}
  toString(): string { return this.text; }
}

export type Value = string | boolean | null | Num | Value[] | { [key: string]: Value };
export type Mapping = { [key: string]: Value };
/** Keys of mappings and places of lists. */
export type Path = readonly (string | number)[];

const number: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => value instanceof Num,
  test: /^(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  resolve: (text) => new Num(text),
  stringify: ({ value }) => (value as Num).text,
};
const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: "1.2",
  schema: "core",
  customTags: (tags) => [...tags.filter((tag) => typeof tag === "string" || !/:(int|float)$/.test(tag.tag)), number],
};
const WRITTEN: ToStringOptions = { lineWidth: 0, flowCollectionPadding: true };
const SHORT_MAX = 72;

/** What is wrong with the text as YAML, if anything. */
export interface Slip { line: number; column: number; text: string }

export interface Read {
  /** `null` where it cannot be read. */
  value: Mapping | null;
  slips: readonly Slip[];
}

function parsed(text: string): Document {
  return parseDocument(text, OPTIONS) as unknown as Document;
}

/** Reads a program's text. */
export function read(text: string): Read {
  const document = parsed(text);
  const slips = document.errors.map((error) => ({
    line: error.linePos?.[0].line ?? 1, column: error.linePos?.[0].col ?? 1, text: error.message.split("\n")[0] ?? "",
  }));
  if (slips.length > 0) return { value: null, slips };
  const value = document.toJS() as Value;
  return { value: isMapping(value) ? value : value === null ? {} : null, slips };
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Num);
}

/** What stands at `path`. */
export function valueAt(value: Value | undefined, path: Path): Value | undefined {
  let found: Value | undefined = value;
  for (const key of path) {
    if (Array.isArray(found)) found = found[Number(key)];
    else if (isMapping(found)) found = Object.hasOwn(found, key) ? found[key] : undefined;
    else return undefined;
  }
  return found;
}

/** Whether two values are the same; numbers by their digits. */
export function isSame(a: Value | undefined, b: Value | undefined): boolean {
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function plain(value: Value | undefined): unknown {
  if (value instanceof Num) return { "\u0000": /\./.test(value.text) ? value.text.replace(/\.?0+$/, "") : value.text };
  if (Array.isArray(value)) return value.map(plain);
  if (isMapping(value)) return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
  return value;
}

/** The text with `value` at `path`. One scalar in the place of another is all that changes then. */
export function withValue(text: string, path: Path, value: Value): string {
  const document = parsed(text);
  const old = document.getIn(path, true) as Node | undefined;
  const isScalarNow = !Array.isArray(value) && !isMapping(value);
  if (isScalarNow && isScalar(old) && old.range && !old.anchor && (old.type === "PLAIN" || old.type === "QUOTE_DOUBLE" || old.type === "QUOTE_SINGLE")
    && old.range[1] > old.range[0]) {
    return text.slice(0, old.range[0]) + inline(value) + text.slice(old.range[1]);
  }
  document.setIn(path, node(document, value));
  return String(document.toString(WRITTEN));
}

/** The text without what stands at `path`, and without the mappings that are empty then. */
export function without(text: string, path: Path): string {
  const document = parsed(text);
  if (document.getIn(path, true) === undefined) return text;
  document.deleteIn(path);
  for (let end = path.length - 1; end > 0; end--) {
    const above = path.slice(0, end);
    const rest = document.getIn(above, true);
    const isOwn = typeof above.at(-1) === "number" || above.at(-2) === "jurisdictions";
    if (isOwn || !((isMap(rest) || isSeq(rest)) && rest.items.length === 0)) break;
    document.deleteIn(above);
  }
  return isMap(document.contents) && document.contents.items.length === 0 ? "" : document.toString(WRITTEN);
}

/** The text with the item at `index` of a list in another place. */
export function moved(text: string, path: Path, index: number, to: number): string {
  const document = parsed(text);
  const list = document.getIn(path, true);
  if (!isSeq(list)) return text;
  const [item] = list.items.splice(index, 1);
  list.items.splice(to, 0, item);
  return document.toString(WRITTEN);
}

/** The text with the key at `path` called otherwise, where it stood. */
export function renamed(text: string, path: Path, name: string): string {
  const document = parsed(text);
  const map = document.getIn(path.slice(0, -1), true) ?? document.contents;
  const pair = isMap(map) ? map.items.find((one) => String(isScalar(one.key) ? one.key.value : one.key) === path.at(-1)) : undefined;
  if (pair) pair.key = document.createNode(name);
  return document.toString(WRITTEN);
}

function inline(value: Value): string {
  const document = new NewDocument([value], OPTIONS);
  if (isSeq(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim().slice(1, -1).trim();
}

/** What is short stands in one line. */
function node(document: Document, value: Value): Node {
  const made = document.createNode(value) as Node;
  shape(made, value);
  return made;
}

function shape(made: unknown, value: Value): void {
  if (!isMap(made) && !isSeq(made)) return;
  const isShort = JSON.stringify(plain(value)).length <= SHORT_MAX;
  const isEmpty = made.items.length === 0;
  if (isEmpty || (isShort && !hasNested(value))) {
    made.flow = true;
    return;
  }
  if (isMap(made)) for (const pair of made.items) shape(pair.value, (value as Mapping)[String(isScalar(pair.key) ? pair.key.value : pair.key)] ?? null);
  else made.items.forEach((item, index) => shape(item, (value as Value[])[index] ?? null));
}

function hasNested(value: Value): boolean {
  const inside = Array.isArray(value) ? value : isMapping(value) ? Object.values(value) : [];
  return inside.some((one) => isMapping(one));
}

/** A program as a text that is good to read. */
export function written(value: Mapping): string {
  const document = new NewDocument(value, OPTIONS);
  shape(document.contents, value);
  if (isMap(document.contents)) {
    document.contents.flow = false;
    document.contents.items.forEach((pair, index) => {
      if (index > 0 && isScalar(pair.key) && (isMap(pair.value) || isSeq(pair.value))) pair.key.spaceBefore = true;
    });
  }
  return document.toString(WRITTEN);
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "\u0000number";

/** Reads JSON with all digits of its numbers. */
export function readJson(json: string): unknown {
  const marked = json.replace(TOKEN, (token) => token.startsWith('"') ? token : JSON.stringify({ [MARK]: token }));
  return JSON.parse(marked, (_, value: unknown) => {
    const found = value && typeof value === "object" ? (value as Record<string, unknown>)[MARK] : undefined;
    return typeof found === "string" ? new Num(found) : value;
  });
}

/** A JSON pointer's keys. */
export function pathOf(pointer: string): string[] {
  return pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function pointerOf(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
