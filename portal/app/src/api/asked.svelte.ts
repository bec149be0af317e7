// What a page shows of the API: asked as its parts change, kept while it is asked again, and known for a moment so that
// going back shows it at once.

import { untrack } from "svelte";
import { session } from "../session/session.svelte";
import { api, type Query } from "./client";
import { type Problem, problemOf } from "./problem";

/** What is to be asked; `null` asks nothing. */
export type Wanted = { path: string; query?: Query } | null;

/** An answer as it is known. */
export interface Asked<T> {
  /** The last answer to just this; of before, while it is asked again. */
  readonly data: T | undefined;
  readonly problem: Problem | null;
  /** Nothing is known of it yet. */
  readonly isFirst: boolean;
  readonly isAsking: boolean;
  /** Asks again. */
  again: () => Promise<void>;
  /** Takes what a change has answered, so that nothing has to be asked. */
  set: (data: T) => void;
}

const KEPT_MAX = 200;
const kept = new Map<string, unknown>();

/** Forgets all answers. */
export function forget(): void {
  kept.clear();
}

function keep(name: string, data: unknown): void {
  kept.delete(name);
  kept.set(name, data);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}

/** Asks what `wanted` says, and again whenever that changes, or `every` so many milliseconds while the page is seen. */
export function asked<T>(wanted: () => Wanted, { every }: { every?: number } = {}): Asked<T> {
  let data = $state.raw<T>();
  let problem = $state.raw<Problem | null>(null);
  let isAsking = $state(false);
  let current: { name: string; end: AbortController } | null = null;

  async function run(now: NonNullable<Wanted>, name: string): Promise<void> {
    current?.end.abort();
    const mine = { name, end: new AbortController() };
    current = mine;
    isAsking = true;
    try {
      const found = await api.get<T>(now.path, { query: now.query ?? {}, signal: mine.end.signal });
      if (current !== mine) return;
      data = found;
      problem = null;
      keep(name, found);
    } catch (thrown) {
      if (current === mine && !mine.end.signal.aborted) problem = problemOf(thrown);
    } finally {
      if (current === mine) isAsking = false;
    }
  }

  let last = "";
  $effect(() => {
    const now = wanted();
    const name = now ? `${session.operatorId ?? ""} ${now.path} ${JSON.stringify(now.query ?? {})}` : "";
    untrack(() => {
      if (name !== last) {
        last = name;
        data = kept.get(name) as T | undefined;
        problem = null;
      }
      if (now) void run(now, name);
      else current?.end.abort();
    });
    if (!now || !every) return () => current?.end.abort();
    const timer = setInterval(() => {
      if (!document.hidden && !isAsking) void run(now, name);
    }, every);
    return () => {
      clearInterval(timer);
      current?.end.abort();
    };
  });

  return {
    get data() { return data; },
    get problem() { return problem; },
    get isFirst() { return data === undefined && problem === null; },
    get isAsking() { return isAsking; },
    async again() {
      const now = wanted();
      if (now) await run(now, last);
    },
    set(found) {
      data = found;
      keep(last, found);
    },
  };
}

/** A page of a list. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** A list that grows page by page. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
  readonly isAsking: boolean;
  readonly isFirst: boolean;
  readonly problem: Problem | null;
  /** The last page as it came, with what it says beside its items. */
  readonly last: Page<T> | null;
  /** Asks for the next page, if there is one and none is asked for. */
  more: () => Promise<void>;
  /** Begins anew. */
  again: () => Promise<void>;
  /** Replaces what a change has answered. */
  change: (change: (items: readonly T[]) => T[]) => void;
}

/** Asks a list of the API, anew whenever `wanted` changes. Pages that are empty are passed over, up to a bound; whoever goes far
 * gets larger ones. */
export function paged<T>(wanted: () => Wanted, { limit = 100 }: { limit?: number } = {}): Paged<T> {
  const EMPTY_MAX = 20;
  const LARGE = 500;
  let items = $state.raw<readonly T[]>([]);
  let last = $state.raw<Page<T> | null>(null);
  let cursor = $state.raw<string | null>(null);
  let hasAnswer = $state(false);
  let isAsking = $state(false);
  let problem = $state.raw<Problem | null>(null);
  let end = new AbortController();

  async function load(now: NonNullable<Wanted>, isNew: boolean): Promise<void> {
    end.abort();
    const mine = new AbortController();
    end = mine;
    isAsking = true;
    try {
      let from = isNew ? null : cursor;
      for (let empty = 0; empty < EMPTY_MAX; empty++) {
        const query = { ...now.query, limit: !isNew && items.length >= LARGE ? LARGE : limit, cursor: from };
        const page = await api.get<Page<T>>(now.path, { query, signal: mine.signal });
        if (end !== mine) return;
        items = isNew && from === null ? page.items : items.concat(page.items);
        from = cursor = page.nextCursor;
        last = page;
        hasAnswer = true;
        problem = null;
        if (page.items.length > 0 || cursor === null) return;
      }
    } catch (thrown) {
      if (end === mine && !mine.signal.aborted) problem = problemOf(thrown);
    } finally {
      if (end === mine) isAsking = false;
    }
  }

  $effect(() => {
    const now = wanted();
    void session.operatorId;
    untrack(() => {
      items = [];
      cursor = last = null;
      hasAnswer = false;
      problem = null;
      if (now) void load(now, true);
    });
    return () => end.abort();
  });

  return {
    get items() { return items; },
    get hasMore() { return cursor !== null; },
    get isAsking() { return isAsking; },
    get isFirst() { return !hasAnswer && problem === null; },
    get problem() { return problem; },
    get last() { return last; },
    async more() {
      const now = wanted();
      if (now && !isAsking && (cursor !== null || problem)) await load(now, !hasAnswer);
    },
    async again() {
      const now = wanted();
      if (now) await load(now, true);
    },
    change(change) { items = change(items); },
  };
}
