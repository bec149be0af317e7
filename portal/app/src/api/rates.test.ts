import { expect, test } from "vitest";
import { between } from "./rates.svelte";

test("a rate is what was counted in between, and none where counting began anew", () => {
  expect(between({ at: 0, counted: 10, refused: 4 }, { at: 2_000, counted: 30, refused: 5 })).toEqual({ at: 2_000, countedPerSecond: 10, refusedPerSecond: 0.5 });
  expect(between({ at: 0, counted: 10, refused: 4 }, { at: 2_000, counted: 3, refused: 4 })).toEqual({ at: 2_000, countedPerSecond: 0, refusedPerSecond: 0 });
});
