import { fireEvent, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { expect, test } from "vitest";
import raw from "../../../../../crates/wire/schema/program-2.schema.json";
import { toInstant } from "../../format/time.svelte";
import { placeAt } from "./assist";
import { isSame, type Mapping, Num, type Path, pathOf, pointerOf, read, type Value, valueAt, withValue, without, written } from "./document";
import { makeDraft } from "./draft.svelte";
import { hintOf, isNamed } from "./fields/texts";
import Form from "./Form.svelte";
import Part from "./Part.svelte";
import { fieldsOf, type Shape, shapeAt, shapeOf } from "./schema";
import { changesOf, linesOf, merged } from "./words";

interface Schema {
  $ref?: string; type?: string | string[]; enum?: unknown[]; const?: unknown; anyOf?: Schema[]; oneOf?: Schema[]; items?: Schema; format?: string;
  properties?: Record<string, Schema>; additionalProperties?: boolean | Schema;
}
const root = raw as unknown as Schema & { $defs: Record<string, Schema> };

function whole(schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const { $ref, ...rest } = schema;
  return { ...whole(root.$defs[$ref.replace("#/$defs/", "")] ?? {}), ...rest };
}

/** All that a schema can say, said; found without the code that is tested. */
function everything(given: Schema): Value {
  const schema = whole(given);
  if (schema.properties) {
    const found = Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, everything(one)]));
    return found;
  }
  const best = schema.anyOf?.map(whole).sort((a, b) => Number(isDeep(b)) - Number(isDeep(a))).find((one) => one.type !== "null");
  if (best) return everything(best);
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return String(schema.enum[0]);
  const type = [schema.type].flat().find((one) => one !== "null");
  if (type === "array") return schema.items ? [everything(schema.items)] : [];
  if (type === "object") return typeof schema.additionalProperties === "object" ? { somewhere: everything(schema.additionalProperties) } : {};
  if (type === "number" || type === "integer") return new Num("3");
  if (type === "boolean") return true;
  return schema.format === "date-time" ? "2030-01-02T03:04:00Z" : "a text";
}
const isDeep = (schema: Schema) => schema.properties !== undefined || [schema.type].flat().includes("array");

const SIGNALS = (whole(root.$defs["signal"] ?? {}).oneOf ?? []).map((one, index): Mapping => ({
  name: `signal ${index}`, kind: String(one.properties?.["kind"]?.const), hold: true, over: everything({ ...one.properties?.["over"], type: "object" }),
}));
const full = { ...(everything(root) as Mapping), signals: SIGNALS };

/** Each place of a document. */
function places(value: Value, path: Path = []): Path[] {
  const inside = Array.isArray(value) ? value.map((one, index): [number, Value] => [index, one]) : value && typeof value === "object" && !(value instanceof Num) ? Object.entries(value) : [];
  return [path, ...inside.flatMap(([key, one]) => places(one, [...path, key]))];
}

const shape = shapeOf(raw);

async function shown() {
  const draft = makeDraft();
  draft.text = written(full);
  const tests = shapeAt(shape, ["tests"]) as Shape;
  const { container } = render(Form, { shape, form: draft, isWhole: true });
  const { container: beside } = render(Part, { shape: tests, path: ["tests"], form: draft, isBare: true });
  await tick();
  const at = (path: Path) => [container, beside].flatMap((one) => [...one.querySelectorAll<HTMLElement>("[data-field]")]).find((one) => one.dataset["field"] === pointerOf(path));
  return { draft, at };
}

/** The items of lists of texts are part of their list's control. */
function isInside(path: Path): boolean {
  return shapeAt(shape, path.slice(0, -1), full)?.kind === "many";
}

test("every field of the program's schema has a control in the form, and a name in the catalogue", async () => {
  const { at } = await shown();
  const all = places(full).filter((path) => path.length > 0 && !isInside(path));
  expect(all.length).toBeGreaterThan(120);
  const without: string[] = [];
  for (const path of all) {
    const found = shapeAt(shape, path, full);
    const isItem = typeof path.at(-1) === "number" || shapeAt(shape, path.slice(0, -1), full)?.kind === "map";
    if (!found || (!at(path)?.matches(":has(input, select, textarea, button)"))) without.push(pointerOf(path));
    else if (!isItem && !isNamed(found.key)) without.push(`${pointerOf(path)}: ${found.key}`);
  }
  expect(without).toEqual([]);
  expect(hintOf("earning.caps")).toBeTruthy();
});

test("what the form writes reads back the same, and changes nothing else", async () => {
  const { draft, at } = await shown();
  const leaves = places(full).filter((path) => ["text", "number", "instant", "truth", "choice", "any"].includes(shapeAt(shape, path, full)?.kind ?? "") && !isInside(path));
  expect(leaves.length).toBeGreaterThan(70);
  for (const path of leaves) {
    // Of which kind a signal is decides what else it has.
    if (path[0] === "signals" && path.at(-1) === "kind") continue;
    const of = shapeAt(shape, path, full) as Shape;
    const control = at(path)?.querySelector<HTMLInputElement | HTMLSelectElement>("input, select, textarea");
    if (!control) throw new Error(pointerOf(path));
    const before = read(draft.text).value as Mapping;
    let wanted: Value;
    if (of.kind === "choice" || of.kind === "truth") {
      const last = (control as HTMLSelectElement).options[(control as HTMLSelectElement).options.length - 1]?.value ?? "";
      wanted = of.kind === "truth" ? last === "true" : last;
      await fireEvent.change(control, { target: { value: last } });
    } else {
      const text = of.kind === "number" ? "7.250" : of.kind === "instant" ? "2031-05-06T07:08" : "no: { text, # of it";
      wanted = of.kind === "number" ? new Num("7.250") : of.kind === "instant" ? toInstant(text) ?? "" : text;
      await fireEvent.input(control, { target: { value: text } });
    }
    await tick();
    const after = read(draft.text).value as Mapping;
    expect(valueAt(after, path), pointerOf(path)).toEqual(wanted);
    const above = shapeAt(shape, path.slice(0, -1), full);
    const exclusive = above?.kind === "object" ? above.exclusive : [];
    const others = places(before).filter((one) => pointerOf(one) !== pointerOf(path) && !pointerOf(path).startsWith(`${pointerOf(one)}/`) && one.length > 0
      && !exclusive.includes(String(one[path.length - 1])) && !isSame(valueAt(before, one), valueAt(after, one)));
    expect(others.map(pointerOf), `beside ${pointerOf(path)}`).toEqual([]);
  }
  const last = read(draft.text).value as Mapping;
  expect(isSame(read(written(last)).value ?? null, last)).toBe(true);
});

test("comments and digits stay where something else is changed", () => {
  const text = "# ours\ncurrency: EUR   # euros\nearning:\n  multipliers: { slots: 0.10, table: 0.05 }   # each\nrates: { BTC: 61000.000000000000000001 }\n";
  const changed = withValue(text, ["earning", "multipliers", "slots"], new Num("0.2"));
  expect(changed).toBe(text.replace("0.10", "0.2"));
  const more = withValue(text, ["voids"], "balance");
  for (const kept of ["# ours", "# euros", "0.10", "61000.000000000000000001", "# each", "voids: balance"]) expect(more).toContain(kept);
  expect(read(without(more, ["earning", "multipliers"])).value).not.toHaveProperty("earning");
});

test("what two people made of a program is put together, and where both changed the same, mine is kept", () => {
  const base = read("currency: EUR\nvoids: balance\npromotions: [{ name: a, multiply: 2 }]\n").value as Mapping;
  const mine = read("currency: EUR\nvoids: pending\npromotions: [{ name: a, multiply: 2 }, { name: mine, bonus: 1 }]\n").value as Mapping;
  const theirs = read("currency: EUR\nvoids: unlimited\nmode: off\npromotions: [{ name: a, multiply: 3 }, { name: theirs, bonus: 2 }]\n").value as Mapping;
  const { value, conflicts } = merged(base, mine, theirs);
  expect(conflicts).toEqual([["voids"]]);
  expect(isSame(value, read("currency: EUR\nvoids: pending\nmode: off\npromotions: [{ name: a, multiply: 3 }, { name: theirs, bonus: 2 }, { name: mine, bonus: 1 }]\n").value ?? null)).toBe(true);
});

test("changes of named things are told by their names, and lines with a few around", () => {
  const from = read("promotions: [{ name: a, multiply: 2 }]\n").value as Mapping;
  const to = read("promotions: [{ name: b, multiply: 2 }, { name: a, multiply: 3 }]\n").value as Mapping;
  expect(changesOf(from, to).map(({ path }) => path.join("/"))).toEqual(["promotions/a/multiply", "promotions/b"]);
  expect(linesOf("a\nb\nc\n", "a\nx\nc\n").map(({ kind }) => kind)).toEqual(["same", "removed", "added", "same"]);
  expect(linesOf("a\n", "a\n")).toEqual([]);
});

test("the place in a text is found: of keys, values, lists and what stands in one line", () => {
  const at = (text: string) => placeAt(text.replace("|", ""), text.indexOf("|"));
  expect(at("vo|")).toMatchObject({ path: [], isValue: false, from: 0 });
  expect(at("voids: b|")).toMatchObject({ path: ["voids"], isValue: true });
  expect(at("earning:\n  rou|")).toMatchObject({ path: ["earning"], isValue: false });
  expect(at("tiers:\n  levels:\n    - { name: a, mul|")).toMatchObject({ path: ["tiers", "levels", 0], isValue: false });
  expect(at("promotions:\n  - name: a\n    every:\n      days: [m|")).toMatchObject({ path: ["promotions", 0, "every", "days", 0], isValue: true });
  expect(at("promotions:\n  - name: a\n    mul|")).toMatchObject({ path: ["promotions", 0], isValue: false });
  expect(fieldsOf(shape as Shape & { kind: "object" }, {}).length).toBeGreaterThan(15);
  expect(pathOf("/a~1b/c~0d")).toEqual(["a/b", "c~d"]);
});
