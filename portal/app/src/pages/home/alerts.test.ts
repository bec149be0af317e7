import { expect, test } from "vitest";
import type { Budget, Node, Outlet, Webhook } from "../../api/types";
import { alertsOf } from "./alerts";

const outlet = (name: string, more: Partial<Outlet> = {}): Outlet => ({ name, isConnected: true, lagBatches: 0, lagMs: 0, records: 1, lost: 0, trouble: [], ...more });
const node = (more: object = {}): Node => ({
  isThis: true, address: null, error: null,
  status: { lagBytes: 0, idsInMemory: 0, players: 1, diskFull: false, clockStepped: false, fatal: null, standing: [], outlets: [], partitionsHere: [0], behaviours: [4], ...more },
});
const budget = (promotion: string, points: string, rest: string) => ({ promotion, points, rest, given: "0", perPlayer: null }) as unknown as Budget;

test("where all is well nothing asks for anybody", () => {
  expect(alertsOf({})).toEqual([]);
  const well = { nodes: [node({ outlets: [outlet("kafka", { lagBatches: 3, lagMs: 900 })] })], deadLetters: { count: 0, isMore: false }, signals: { count: 0, isMore: false }, budgets: [budget("a", "100", "90")] };
  expect(alertsOf(well)).toEqual([]);
});

test("what is worst comes first, with what it is about", () => {
  const standing = [{ message: "a panic", place: { partition: 3, batch: 7, slot: 1, number: 0 } }];
  const alerts = alertsOf({
    nodes: [
      node({ standing, diskFull: true, outlets: [outlet("postgres", { trouble: ["refused"] }), outlet("redis", { lagBatches: 9, lagMs: 90_000 })] }),
      { isThis: false, address: "10.0.0.2:9443", status: null, error: "timed out" },
    ],
    deadLetters: { count: 12, isMore: false }, signals: { count: 100, isMore: true }, adjustments: { count: 1, isMore: false }, approvals: { count: 2, isMore: false },
    budgets: [budget("weekend", "100", "0"), budget("spring", "100", "9.99"), budget("summer", "100", "10")],
    webhooks: [{ url: "https://example.com", disabledWhy: "it never answered" } as Webhook, { url: "https://example.org", disabledWhy: null } as Webhook],
  });
  expect(alerts.map(({ id, count, names }) => [id, count, ...names])).toEqual([
    ["silent", 1, "10.0.0.2:9443"], ["stands", 1, "3"], ["disk", 1], ["outlets", 2, "postgres", "redis"], ["deadLetters", 12], ["signals", 100],
    ["adjustments", 1], ["approvals", 2], ["spent", 1, "weekend"], ["nearlySpent", 1, "spring"], ["webhooks", 1, "https://example.com"],
  ]);
  expect(alerts.find(({ id }) => id === "signals")?.isMore).toBe(true);
});
