import { expect, test } from "vitest";
import { relative, toInstant, toLocal } from "./time.svelte";

test("a time of a field is one of the zone, in summer and in winter", () => {
  expect(toInstant("2026-11-20T10:30", "Europe/Malta")).toBe("2026-11-20T09:30:00Z");
  expect(toInstant("2026-07-20T10:30", "Europe/Malta")).toBe("2026-07-20T08:30:00Z");
  expect(toInstant("2026-11-20", "America/New_York")).toBe("2026-11-20T05:00:00Z");
  expect(toInstant("", "UTC")).toBeNull();
});

test("a field shows the time that it was given", () => {
  for (const zone of ["UTC", "Europe/Malta", "America/New_York", "Asia/Kolkata"]) {
    expect(toInstant(toLocal("2026-03-29T10:30:00Z", zone), zone)).toBe("2026-03-29T10:30:00Z");
  }
});

test("the day on which clocks change is whole", () => {
  expect(toInstant("2026-03-29T00:00", "Europe/Malta")).toBe("2026-03-28T23:00:00Z");
  expect(toInstant("2026-03-30T00:00", "Europe/Malta")).toBe("2026-03-29T22:00:00Z");
});

test("how long ago is said in the greatest unit that fits", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  expect(relative("2026-11-20T11:57:00Z", now)).toBe("3 minutes ago");
  expect(relative("2026-11-22T12:00:00Z", now)).toBe("in 2 days");
});
