// A draft: one text, which the form and the editor show and change alike, checked by the node as it changes.

import { Problem, problemOf, type FieldError } from "../../api/problem";
import { session } from "../../session/session.svelte";
import { type Mapping, moved, type Path, pathOf, pointerOf, read, renamed, type Slip, type Value, withValue, without } from "./document";
import { check, isStale, type Known, latest } from "./versions";
import { changesOf, merged } from "./words";

const WAIT_MS = 350;
/** What a first program begins with. */
const FIRST = "currency: EUR\n\nearning:\n  multipliers: { default: 1 }\n";

export type Checked = "waiting" | "checking" | "good" | "bad" | "failed";

export type Draft = ReturnType<typeof makeDraft>;

/** A draft of its own, that begins with the newest version. */
export function makeDraft() {
  let base = $state.raw<Known | null>(null);
  let text = $state("");
  /** The last text that could be read: what the form shows while the text cannot. */
  let shown = $state.raw<Mapping>({});
  let slips = $state.raw<readonly Slip[]>([]);
  let checked = $state<Checked>("waiting");
  let problem = $state.raw<Problem | null>(null);
  let errors = $state.raw<readonly FieldError[]>([]);
  /** What somebody else has published since. */
  let other = $state.raw<Known | null>(null);
  let isLoading = $state(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | undefined;
  let past: string[] = [];
  let pastCount = $state(0);

  function clear(): void {
    clearTimeout(timer);
    asking?.abort();
    base = null;
    other = null;
    problem = null;
    errors = [];
    past = [];
    pastCount = 0;
    text = "";
  }

  function put(wanted: string, isNew = false): void {
    if (wanted === text && !isNew) return;
    if (!isNew) {
      if (past.at(-1) !== text) past.push(text);
      if (past.length > 200) past.shift();
      pastCount = past.length;
    }
    text = wanted;
    const found = read(wanted);
    slips = found.slips;
    if (found.value) shown = found.value;
    clearTimeout(timer);
    asking?.abort();
    checked = "waiting";
    timer = setTimeout(() => void ask(), isNew ? 0 : WAIT_MS);
  }

  async function ask(): Promise<void> {
    const from = base;
    if (!from || !session.can("program:write")) return;
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    checked = "checking";
    try {
      await check({ text, base: from.version, why: "-" }, mine.signal);
      if (asking !== mine) return;
      checked = "good";
      errors = [];
      problem = null;
    } catch (thrown) {
      if (asking !== mine || mine.signal.aborted) return;
      const is = problemOf(thrown);
      if (isStale(is)) {
        await meet();
        return;
      }
      const isAbout = is.status === 422 || is.status === 400;
      errors = isAbout ? is.errors.map((error) => ({ ...error, pointer: error.pointer.replace(/^\/program/, "") })) : [];
      checked = isAbout ? "bad" : "failed";
      problem = isAbout ? null : is;
    }
  }

  /** Somebody else was faster: what they published is shown beside. */
  async function meet(): Promise<void> {
    try {
      other = await latest();
      checked = "failed";
    } catch (thrown) {
      problem = problemOf(thrown);
      checked = "failed";
    }
  }

  const draft = {
    get isThere() { return base !== null; },
    get isLoading() { return isLoading; },
    get base() { return base; },
    get other() { return other; },
    get text() { return text; },
    set text(wanted: string) { put(wanted); },
    get value() { return shown; },
    /** Whether the text cannot be read, so that the form shows what it was. */
    get isBroken() { return slips.length > 0; },
    get state() { return checked; },
    get problem() { return problem; },
    /** Of the node, and of the text where that is no YAML. */
    get errors(): readonly FieldError[] {
      return slips.length > 0 ? slips.map(({ line, column, text: detail }) => ({ pointer: "", detail, line, column })) : errors;
    },
    get isChanged() { return base !== null && text !== (base.text || FIRST); },
    get changes() { return changesOf(base?.program ?? {}, shown); },
    get canUndo() { return pastCount > 0; },

    /** Begins with the newest version, unless there is a draft. */
    async begin(isNew = false): Promise<void> {
      if ((!isNew && draft.isChanged) || isLoading) return;
      isLoading = true;
      try {
        const found = await latest();
        // Somebody has begun to write meanwhile.
        if (!isNew && draft.isChanged) return;
        clear();
        base = found;
        put(found.text || FIRST, true);
      } catch (thrown) {
        problem = problemOf(thrown);
      } finally {
        isLoading = false;
      }
    },
    forget: clear,
    again: () => ask(),
    meet,
    undo(): void {
      const before = past.pop();
      if (before === undefined) return;
      put(before, true);
      pastCount = past.length;
    },

    set(path: Path, value: Value): void { put(withValue(text, path, value)); },
    remove(path: Path): void { put(without(text, path)); },
    move(path: Path, index: number, to: number): void { put(moved(text, path, index, to)); },
    rename(path: Path, name: string): void { put(renamed(text, path, name)); },
    /** What is wrong with just this field; for a list or mapping, what is not about a field of its own. */
    errorAt(path: Path): string | undefined {
      const pointer = pointerOf(path);
      const found = errors.filter((error) => error.pointer === pointer);
      return found.length > 0 ? found.map((error) => error.detail).join(" · ") : undefined;
    },
    /** How many faults are in a part. */
    faultsIn(names: readonly string[]): number {
      return errors.filter((error) => names.includes(pathOf(error.pointer)[0] ?? "")).length;
    },

    /** Puts what was changed here upon what somebody else published. */
    join(): void {
      if (!base || !other) return;
      const theirs = other;
      const found = read(text).value ? merged(base.program, shown, theirs.program).value : theirs.program;
      base = theirs;
      other = null;
      let next = theirs.text;
      for (const change of changesOf(theirs.program, found)) {
        const [part] = change.path;
        if (part === undefined) continue;
        const value = found[part];
        next = value === undefined ? without(next, [part]) : withValue(next, [part], value);
      }
      put(next, false);
    },
  };
  return draft;
}

/** The one that stays while other pages are looked at. */
export const draft = makeDraft();
session.onEnd(() => draft.forget());
