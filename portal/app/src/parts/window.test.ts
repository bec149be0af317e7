import { expect, test } from "vitest";
import { windowOf } from "./window";

test("only what is seen is drawn, and the space around it is kept", () => {
  const { first, end, before, behind } = windowOf(1_000, 40, 10_000, 800);
  expect([first, end]).toEqual([238, 282]);
  expect(before + (end - first) * 40 + behind).toBe(40_000);
});

test("a short list is whole", () => {
  expect(windowOf(5, 40, 0, 800)).toEqual({ first: 0, end: 5, before: 0, behind: 0 });
});

test("of a million rows the first, the last and those between are reached", () => {
  const [count, row, view] = [1_000_000, 41, 900];
  const height = 8_000_000;
  expect(windowOf(count, row, 0, view).first).toBe(0);
  expect(windowOf(count, row, height - view, view).end).toBe(count);
  const middle = windowOf(count, row, (height - view) / 2, view);
  expect(middle.first).toBeLessThan(500_000);
  expect(middle.end).toBeGreaterThan(500_000);
});

test("rows that are drawn cover the view wherever it is", () => {
  const [count, row, view] = [1_000_000, 41, 900];
  for (let scrolled = 0; scrolled < 8_000_000 - view; scrolled += 99_991) {
    const { first, end, before } = windowOf(count, row, scrolled, view);
    expect(before).toBeLessThanOrEqual(scrolled + 1);
    expect(before + (end - first) * row).toBeGreaterThanOrEqual(scrolled + view - 1);
  }
});
