import { afterEach, expect, test, vi } from "vitest";
import { Problem } from "../api/problem";
import { session } from "./session.svelte";

/** What each of the routes that are asked at the door is answered. */
function node(answers: Record<string, number>, operatorId = "operator-789") {
  vi.stubGlobal("fetch", vi.fn(async (address: string) => {
    const path = address.replace(/^\/api\/v1/, "").replace(/\?.*/, "");
    const status = answers[path] ?? 403;
    const body = path === "/summary" && status === 200 ? { operatorId } : { code: status === 403 ? "forbidden" : "malformed", detail: "", errors: [{ pointer: "/name", detail: "is missing" }] };
    return new Response(JSON.stringify(body), { status });
  }));
}

afterEach(() => {
  session.signOut();
  vi.unstubAllGlobals();
});

test("whose empty dry run of a key is only incomplete is an admin", async () => {
  node({ "/keys": 400, "/rewards": 400, "/players/-/adjustments": 400, "/audit": 200, "/summary": 200 });
  await session.signIn("acc_1");
  expect(session.roles).toEqual(["admin"]);
  expect(session.operatorId).toBe("operator-789");
  expect(session.can("keys:write")).toBe(true);
});

test("somebody may have several roles, and may what any of them may", async () => {
  node({ "/rewards": 400, "/players/-/adjustments": 404, "/summary": 200 });
  await session.signIn("acc_1");
  expect(session.roles).toEqual(["product", "support"]);
  expect([session.can("program:write"), session.can("players:read"), session.can("keys:read")]).toEqual([true, true, false]);
});

test("a supporter is let in without knowing the operator", async () => {
  node({ "/players/-/adjustments": 400 });
  await session.signIn("acc_1");
  expect(session.roles).toEqual(["support"]);
  expect(session.operatorId).toBeNull();
  expect(session.can("reports:read")).toBe(false);
});

test("a key that is none lets nobody in, and is no session that was over", async () => {
  node({ "/keys": 401, "/rewards": 401, "/players/-/adjustments": 401, "/audit": 401, "/summary": 401 });
  await expect(session.signIn("acc_1")).rejects.toThrow(Problem);
  expect(session.isIn).toBe(false);
});

test("a session that the node ends is over, and says so", async () => {
  node({ "/keys": 400, "/audit": 200, "/summary": 200 });
  await session.signIn("acc_1");
  const ended = vi.fn();
  session.onEnd(ended);
  node({ "/keys": 401 });
  const { api } = await import("../api/client");
  await expect(api.get("/keys")).rejects.toMatchObject({ status: 401 });
  expect([session.isIn, session.hasExpired, ended.mock.calls.length]).toEqual([false, true, 1]);
});
