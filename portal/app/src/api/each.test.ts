import { expect, test } from "vitest";
import { each } from "./each";
import { Problem } from "./problem";

const busy = () => new Problem(503, { code: "busy" });

test("what is busy is tried again under the same key, and what is refused is told", async () => {
  const keys = new Map<string, string[]>();
  const failed = await each(["passes", "busy", "refused"], async (item, key) => {
    keys.set(item, [...keys.get(item) ?? [], key]);
    if (item === "busy" && keys.get(item)?.length === 1) throw busy();
    if (item === "refused") throw new Problem(409, { code: "dead_letter_closed" });
  }, { waitMs: 1 });
  expect(failed.map(({ item, problem }) => [item, problem.code])).toEqual([["refused", "dead_letter_closed"]]);
  const [first, second] = keys.get("busy") ?? [];
  expect(first).toBe(second);
  expect(keys.get("passes")?.[0]).not.toBe(first);
});

test("no more are under way at once than may be, and stopping begins no other", async () => {
  let [now, most] = [0, 0];
  const stop = new AbortController();
  const done: number[] = [];
  await each(Array.from({ length: 20 }, (_, at) => at), async (at) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
    if (at === 9) stop.abort();
  }, { atOnce: 3, signal: stop.signal, told: (count) => done.push(count) });
  expect(most).toBe(3);
  expect(done.length).toBeGreaterThanOrEqual(10);
  expect(done.length).toBeLessThan(14);
});
