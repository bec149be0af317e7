// What a change would do: its dry run, asked anew a moment after what is to be done is another.

import { api, type Query } from "./client";
import { type Problem, problemOf } from "./problem";

/** A change that is yet to be made; `null` for none. */
export type Planned = { method: "POST" | "PUT" | "PATCH" | "DELETE"; path: string; body?: unknown; query?: Query } | null;

export interface Foreseen<T> {
  /** What it would answer. */
  readonly data: T | undefined;
  /** Why it would be refused. */
  readonly problem: Problem | null;
  readonly isAsking: boolean;
}

const WAIT_MS = 200;

/** Asks what `planned` would do. Call it at the top of a component. */
export function foreseen<T>(planned: () => Planned): Foreseen<T> {
  let data = $state.raw<T>();
  let problem = $state.raw<Problem | null>(null);
  let isAsking = $state(false);

  $effect(() => {
    const now = planned();
    problem = null;
    isAsking = now !== null;
    if (!now) {
      data = undefined;
      return;
    }
    const end = new AbortController();
    const timer = setTimeout(async () => {
      const { method, path, body, query = {} } = now;
      try {
        const found = await api.change<T>(method, path, { query, dryRun: true, signal: end.signal, ...(body === undefined ? {} : { body }) });
        if (!end.signal.aborted) data = found.data;
      } catch (thrown) {
        if (end.signal.aborted) return;
        data = undefined;
        problem = problemOf(thrown);
      } finally {
        if (!end.signal.aborted) isAsking = false;
      }
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  });

  return {
    get data() { return data; },
    get problem() { return problem; },
    get isAsking() { return isAsking; },
  };
}
