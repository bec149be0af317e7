import { afterEach, expect, test, vi } from "vitest";
import { Problem } from "../api/problem";
import { session } from "./session.svelte";

/** A node that says who somebody is. */
function telling(told: { operatorId?: string; roles?: string[]; scopes?: string[]; until?: string | null }) {
  const whole = { operatorId: "operator-789", roles: ["support"], scopes: ["players:read"], until: null, ...told };
  vi.stubGlobal("fetch", vi.fn(async (address: string) => new Response(address.startsWith("/api/v1/whoami") ? JSON.stringify(whole) : "{}")));
}

test("who somebody is, the node says, and what they may do", async () => {
  telling({ roles: ["support", "player"], scopes: ["players:read", "signals:read"] });
  await session.signIn("acc_1");
  expect(session.roles).toEqual(["support"]);
  expect(session.operatorId).toBe("operator-789");
  expect([session.can("signals:read"), session.can("players:write")]).toEqual([true, false]);
});

test("a session ends when its credential does, though nothing is asked", async () => {
  vi.useFakeTimers({ now: Date.parse("2026-12-01T10:00:00Z") });
  telling({ until: "2026-12-01T10:15:00Z" });
  await session.signIn("acc_1");
  vi.advanceTimersByTime(14 * 60_000);
  expect(session.isIn).toBe(true);
  vi.advanceTimersByTime(60_000);
  expect([session.isIn, session.hasExpired]).toEqual([false, true]);
  vi.useRealTimers();
});

test("a credential that holds for longer than a timer can wait is not over at once", async () => {
  vi.useFakeTimers({ now: Date.parse("2026-12-01T10:00:00Z") });
  telling({ until: "2027-12-01T10:00:00Z" });
  await session.signIn("acc_1");
  vi.advanceTimersByTime(60 * 86_400_000);
  expect(session.isIn).toBe(true);
  vi.useRealTimers();
});

afterEach(() => {
  session.signOut();
  vi.unstubAllGlobals();
});

test("a key that is none lets nobody in, and is no session that was over", async () => {
  vi.stubGlobal("fetch", vi.fn(async () => new Response("{}", { status: 401 })));
  await expect(session.signIn("acc_1")).rejects.toThrow(Problem);
  expect([session.isIn, session.hasExpired]).toEqual([false, false]);
});

test("a session that the node ends is over, and says so", async () => {
  telling({});
  await session.signIn("acc_1");
  const ended = vi.fn();
  session.onEnd(ended);
  vi.stubGlobal("fetch", vi.fn(async () => new Response("{}", { status: 401 })));
  const { api } = await import("../api/client");
  await expect(api.get("/keys")).rejects.toMatchObject({ status: 401 });
  expect([session.isIn, session.hasExpired, ended.mock.calls.length]).toEqual([false, true, 1]);
});
