// The same for each of many, a few at a time. What a node has no time for, or does not hear, is tried again.

import { newKey } from "./client";
import { type Problem, problemOf } from "./problem";

export interface Failed<T> {
  item: T;
  problem: Problem;
}

export interface Going {
  atOnce?: number;
  signal?: AbortSignal;
  /** Is told how many are done. */
  told?: (done: number) => void;
  /** How long to wait before the same is tried again; a test waits less. */
  waitMs?: number;
}

const TRIES = 6;

/** Runs `run` for each, with a key that stays that item's while it is tried again. Gives those that failed; where it was
 * stopped, those that were not begun are in neither. */
export async function each<T>(
  items: readonly T[], run: (item: T, key: string) => Promise<unknown>, { atOnce = 6, signal, told, waitMs = 1_000 }: Going = {},
): Promise<Failed<T>[]> {
  const failed: Failed<T>[] = [];
  let [next, done] = [0, 0];
  async function work(): Promise<void> {
    while (next < items.length && !signal?.aborted) {
      const item = items[next++] as T;
      const problem = await tried((key) => run(item, key), waitMs);
      if (problem) failed.push({ item, problem });
      told?.(++done);
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return failed;
}

/** Tries a change until it is done or refused, or a while is over; gives the problem that is left. */
export async function tried(run: (key: string) => Promise<unknown>, waitMs = 1_000): Promise<Problem | null> {
  const key = newKey();
  for (let tries = 1; ; tries++) {
    try {
      await run(key);
      return null;
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (!problem.isPassing || problem.code === "broken" || tries === TRIES) return problem;
      await new Promise((over) => setTimeout(over, (problem.retryAfter ?? tries) * waitMs));
    }
  }
}
