import { expect, test } from "vitest";
import { againFrom } from "./again";

test("what fails since the log begins later is tried from there, as long as that moves it on", () => {
  const run = { state: "failed", from: "2026-12-01T10:00:00Z", logSince: "2026-12-01T11:00:00Z" };
  expect(againFrom(run, 0)).toBe(run.logSince);
  expect(againFrom(run, 64)).toBeNull();
  expect(againFrom({ ...run, from: run.logSince }, 0)).toBeNull();
  expect(againFrom({ state: "failed", from: run.from }, 0)).toBeNull();
  expect(againFrom({ ...run, state: "done" }, 0)).toBeNull();
});
