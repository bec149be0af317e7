import { expect, test } from "vitest";
import type { Entry } from "../../api/types";
import { lastMonthOf, monthsOf, sumOf } from "./lots";

function entry(...changed: [month: string, points: string, maturesAt?: string][]): Entry {
  return { lots: { changed: changed.map(([month, points, maturesAt = null]) => ({ month, points, maturesAt })), debt: 0, owed: 0 } } as unknown as Entry;
}

test("an account is made of what its months have left, to the last digit", () => {
  const months = monthsOf([
    entry(["2026-10", "0.10"]), entry(["2026-10", "0.20"]), entry(["2026-11", "5.00"]), entry(["2026-10", "-0.30"], ["2026-11", "-1.25"]),
  ]);
  expect(months.map(({ month, points }) => [month, points])).toEqual([["2026-11", "3.75"]]);
  expect(sumOf(months)).toBe("3.75");
});

test("points that wait are told, with the time at which the first can be spent", () => {
  const now = Date.parse("2026-12-01T00:00:00Z");
  const [month] = monthsOf([
    entry(["2026-11", "1.00", "2026-11-30T00:00:00Z"]), entry(["2026-11", "2.00", "2026-12-03T00:00:00Z"]), entry(["2026-11", "4.00", "2026-12-02T00:00:00Z"]),
  ], now);
  expect(month).toEqual({ month: "2026-11", points: "7.00", pending: "6.00", maturesAt: "2026-12-02T00:00:00Z" });
});

test("a month's points end so many months after it", () => {
  expect(lastMonthOf("2026-12", "12mo")).toBe("2027-12");
  expect(lastMonthOf("2026-11", "1mo")).toBe("2026-12");
  expect(lastMonthOf("2026-11", undefined)).toBeNull();
});
