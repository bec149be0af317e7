// What a program can say, made of its JSON Schema: one shape for each control of the form, and the same for what is suggested.

import type { Path } from "./document";

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  maxItems?: number;
  format?: string;
  pattern?: string;
  default?: unknown;
  examples?: unknown[];
  description?: string;
}

interface Common {
  /** By which its texts are found: `earning.caps.points`. */
  key: string;
  /** What holds where nothing is said. */
  initial?: string;
  example?: string;
  /** As the schema has it, in English. */
  what?: string;
}

export interface Field { name: string; shape: Shape; isRequired: boolean }

export type Shape = Common & (
  | { kind: "text" | "instant" | "any"; isMixed?: boolean }
  | { kind: "number" | "truth" }
  | { kind: "choice"; values: readonly string[] }
  /** Of texts; one alone may stand without a list. */
  | { kind: "many"; of: Shape }
  | { kind: "map"; of: Shape }
  | { kind: "list"; of: Shape; max: number }
  | { kind: "object"; fields: readonly Field[]; exclusive: readonly string[]; variants?: Variants }
);

/** What a mapping has besides, by the value of one of its fields. */
export interface Variants { by: string; of: ReadonlyMap<string, readonly Field[]> }

/** The shape of the whole. */
export function shapeOf(schema: unknown): Shape {
  const root = schema as Schema;
  return shape(root, "", root);
}

function whole(schema: Schema, root: Schema): Schema {
  const { $ref, ...rest } = schema;
  if (!$ref) return schema;
  return { ...whole(root.$defs?.[$ref.replace("#/$defs/", "")] ?? {}, root), ...rest };
}

function isNothing({ type, enum: values }: Schema): boolean {
  return type === "null" || (values !== undefined && values.every((value) => value === null));
}

function typesOf({ type }: Schema): string[] {
  return (Array.isArray(type) ? type : type ? [type] : []).filter((one) => one !== "null");
}

function shape(given: Schema, key: string, root: Schema): Shape {
  const schema = whole(given, root);
  const common: Common = {
    key,
    ...(schema.description ? { what: schema.description } : {}),
    ...(schema.default === undefined ? {} : { initial: String(schema.default) }),
    ...(schema.examples?.[0] === undefined ? {} : { example: textOf(schema.examples[0]) }),
  };
  if (schema.properties) return object(schema, common, root);
  if (schema.anyOf) {
    const options = schema.anyOf.map((one) => whole(one, root)).filter((one) => !isNothing(one));
    const list = options.find((one) => typesOf(one).includes("array"));
    const best = list ?? options.find((one) => one.properties) ?? options[0];
    if (best && (list || best.properties || options.length === 1)) return { ...shape(best, key, root), ...common };
    return { ...common, kind: "text", isMixed: options.some((one) => typesOf(one).includes("integer")) };
  }
  if (schema.enum) return { ...common, kind: "choice", values: schema.enum.filter((one) => one !== null).map(String) };
  if (schema.const !== undefined) return { ...common, kind: "choice", values: [String(schema.const)] };
  const [type] = typesOf(schema);
  if (type === "object") {
    if (typeof schema.additionalProperties === "object") {
      // What differs in a jurisdiction has the names of what it differs from.
      const below = key === "jurisdictions" ? "" : key;
      return { ...common, kind: "map", of: shape(schema.additionalProperties, below, root) };
    }
    return { ...common, kind: "object", fields: [], exclusive: [] };
  }
  if (type === "array" && schema.items) {
    const of = shape(schema.items, key, root);
    if (of.kind === "object") return { ...common, kind: "list", of, max: schema.maxItems ?? 10_000 };
    return { ...common, kind: "many", of };
  }
  if (type === "number" || type === "integer") return { ...common, kind: "number" };
  if (type === "boolean") return { ...common, kind: "truth" };
  if (type === "string") return { ...common, kind: schema.format === "date-time" ? "instant" : "text" };
  return { ...common, kind: "any" };
}

function object(schema: Schema, common: Common, root: Schema): Shape {
  const below = (name: string) => common.key ? `${common.key}.${name}` : name;
  const required = new Set(schema.required);
  const fieldsOf = (of: Schema, key: (name: string) => string): Field[] => Object.entries(of.properties ?? {})
    .map(([name, one]) => ({ name, shape: shape(one, key(name), root), isRequired: of.required?.includes(name) ?? false }));
  const fields = fieldsOf(schema, below).map((field) => ({ ...field, isRequired: required.has(field.name) }));
  const exclusive = (schema.oneOf ?? []).filter((one) => one.required?.length === 1 && !one.properties).flatMap((one) => one.required ?? []);
  const variants = (schema.oneOf ?? []).filter((one) => one.properties);
  const by = variants.flatMap((one) => Object.entries(one.properties ?? {}).filter(([, field]) => field.const !== undefined).map(([name]) => name))[0];
  if (by === undefined) return { ...common, kind: "object", fields, exclusive };
  const of = new Map(variants.map((one) => {
    const { [by]: which, ...others } = one.properties ?? {};
    const varied = Object.entries(others).map(([name, field]): Field => ({
      name, isRequired: required.has(name), shape: shape({ type: "object", ...field }, below(name), root),
    }));
    return [String(which?.const), varied];
  }));
  return { ...common, kind: "object", fields, exclusive, variants: { by, of } };
}

function textOf(example: unknown): string {
  return typeof example === "string" ? example : JSON.stringify(example);
}

/** The fields of a mapping, as far as what it says decides. */
export function fieldsOf(shape: Shape & { kind: "object" }, value: unknown): readonly Field[] {
  const { variants } = shape;
  if (!variants) return shape.fields;
  const chosen = value && typeof value === "object" ? String((value as Record<string, unknown>)[variants.by]) : "";
  const varied = variants.of.get(chosen) ?? [];
  return shape.fields.flatMap((field) => {
    const other = varied.find((one) => one.name === field.name);
    if (other) return [other];
    // Of which kind it is has to be said before.
    return [...variants.of.values()].some((some) => some.some((one) => one.name === field.name)) ? [] : [field];
  });
}

/** The shape at a place; nothing where the schema knows none. `value` decides between variants. */
export function shapeAt(root: Shape, path: Path, value?: unknown): Shape | undefined {
  let found: Shape | undefined = root;
  let at: unknown = value;
  for (const key of path) {
    if (!found) return undefined;
    if (found.kind === "object") {
      const inside: readonly Field[] = fieldsOf(found, at);
      found = inside.find((field) => field.name === key)?.shape;
    }
    else if (found.kind === "map" || found.kind === "list" || found.kind === "many") found = found.of;
    else return undefined;
    at = at && typeof at === "object" ? (at as Record<string | number, unknown>)[key] : undefined;
  }
  return found;
}
