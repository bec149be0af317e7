import { expect, test } from "vitest";
import { isRange, rangeOf } from "./range";

test("a range ends today and has as many days as it says", () => {
  expect(rangeOf("7", new Date("2026-12-01T10:00:00Z"))).toEqual({ from: "2026-11-25", by: "day" });
  expect(rangeOf("84", new Date("2026-12-01T10:00:00Z"))).toEqual({ from: "2026-09-09", by: "week" });
});

test("months are whole", () => {
  expect(rangeOf("365", new Date("2026-12-01T10:00:00Z"))).toEqual({ from: "2025-12-01", by: "month" });
});

test("what the address has may be anything", () => {
  expect([isRange("30"), isRange("31"), isRange("")]).toEqual([true, false, false]);
});
