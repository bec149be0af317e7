import { afterEach, expect, test, vi } from "vitest";
import { addressOf, api, at, saidIn, use } from "./client";
import { Problem } from "./problem";

let expired = 0;
let reached: boolean[] = [];

function answers(...all: (Response | Error)[]) {
  expired = 0;
  reached = [];
  use({ token: () => "acc_1", operatorId: () => null, expired: () => { expired++; }, reached: (is) => reached.push(is) });
  const fetched = vi.fn(async (_address: string, _sent: RequestInit) => {
    const next = all.shift();
    if (!next || next instanceof Error) throw next ?? new Error("nobody answers");
    return next;
  });
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => vi.unstubAllGlobals());

test("parts of a path are encoded", () => {
  expect(at`/players/${"a/b c"}/balance`).toBe("/players/a%2Fb%20c/balance");
});

test("a query leaves out what is empty", () => {
  expect(addressOf("/signals", { state: "open", cursor: null, limit: 50, reason: "" })).toBe("/api/v1/signals?state=open&limit=50");
});

test("every change has an idempotency key, and no dry run", async () => {
  const fetched = answers(new Response("{}"), new Response("{}"), new Response("{}"));
  await api.post("/keys", { body: {} });
  await api.post("/keys", { body: {}, dryRun: true });
  await api.post("/keys", { body: {}, key: "again" });
  const keys = fetched.mock.calls.map(([, sent]) => new Headers(sent.headers).get("Idempotency-Key"));
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys.slice(1)).toEqual([null, "again"]);
  expect(fetched.mock.calls[1]?.[0]).toBe("/api/v1/keys?dryRun=true");
});

test("what was edited is named by its etag, and an answer's is given", async () => {
  const fetched = answers(new Response("{}", { headers: { ETag: '"4"' } }));
  const answer = await api.change("POST", "/program/versions", { body: {}, ifMatch: '"3"' });
  expect(answer.etag).toBe('"4"');
  expect(new Headers(fetched.mock.calls[0]?.[1].headers).get("If-Match")).toBe('"3"');
});

test("a problem has its code, and its errors at their fields", async () => {
  answers(new Response(JSON.stringify({ title: "No", code: "invalid", errors: [{ pointer: "/form/leastStake", detail: "below 0" }] }), { status: 422 }));
  const problem = await api.post("/tournaments", { body: {} }).catch((thrown: unknown) => thrown);
  expect(problem).toBeInstanceOf(Problem);
  expect((problem as Problem).code).toBe("invalid");
  expect((problem as Problem).at("/form/leastStake")).toBe("below 0");
  expect((problem as Problem).at("/form")).toBe("below 0");
  expect((problem as Problem).at("/name")).toBeUndefined();
  expect(expired).toBe(0);
});

test("a 401 ends the session", async () => {
  answers(new Response("{}", { status: 401 }));
  await expect(api.get("/keys")).rejects.toThrow(Problem);
  expect(expired).toBe(1);
});

test("where nobody answers it is said, and so is who answers again", async () => {
  answers(new Error("no network"), new Response("{}"));
  await expect(api.get("/keys")).rejects.toMatchObject({ code: "unreachable", isPassing: true });
  await api.get("/keys");
  expect(reached).toEqual([false, true]);
});

test("a block of a stream is read with exact numbers, and a comment is none", () => {
  expect(saidIn('event: change\nid: 7\ndata: {"score":1.50}')).toEqual({ event: "change", id: "7", data: { score: "1.50" } });
  expect(saidIn(": still here")).toBeNull();
});
