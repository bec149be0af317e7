import { beforeEach, expect, test } from "vitest";
import type { Explanation } from "../../api/types";
import { language } from "../../texts/catalogue.svelte";
import { reckoned, stepsOf, verdictOf } from "./verdict";

beforeEach(() => { language.locale = "en"; });

const facts = { gameId: "slots-ultimate", gameCategory: "slots", wagerAmount: "0.50", currency: "EUR", jurisdiction: "Malta" };
const program = { currency: "EUR", eligibility: { minWager: 1 }, jurisdictions: { Ontario: { eligibility: { minWager: 5 } } } };

function wager(more: object): Explanation {
  return {
    wagerId: "w-1", playerId: "p-1", outcome: "counted", reason: null, points: null, pointsBalance: null, programVersion: 1, multiplier: null,
    parts: null, caps: [], place: { partition: 0, batch: 1, slot: 1, number: 0 }, recordedAt: "2026-12-01T04:00:00Z", tournaments: [], stages: [],
    ...more,
  } as unknown as Explanation;
}

test("a stake that is too small is told beside the least that counts, of the player's own jurisdiction", () => {
  const refused = wager({ outcome: "refused", reason: "below_minimum" });
  expect(verdictOf(refused, facts, program)).toMatchObject({ title: "It got no points", text: "The stake of €0.50 is below the least that counts, €1.00." });
  expect(verdictOf(refused, { ...facts, jurisdiction: "Ontario" }, program).text).toContain("€5.00");
  expect(verdictOf(refused).text).toBe("The stake is below the least that counts.");
});

test("a wager that reached the day's cap earned nothing by that, and one that was rounded away by that", () => {
  const capped = wager({ points: 0, multiplier: "0.1", caps: [{ per: "day", day: "2026-12-01", cut: "12.00" }] });
  expect(verdictOf(capped, facts).text).toContain("took 12.00 points away");
  expect(verdictOf(wager({ points: 0, multiplier: "0.1" }), facts).text).toContain("rounded to 0");
});

test("a void says when the wager was taken back, and with how much", () => {
  const voided = wager({
    points: "1.80", stages: [{ stage: "voided", result: "-1.80", detail: "taken back at 2026-12-01T04:03:54.577648Z: partition 12, batch 39, slot 1" }],
  });
  expect(verdictOf(voided, facts)).toMatchObject({ kind: "warn", title: "It earned 1.80 points, and was voided" });
  expect(verdictOf(voided, facts).text).toMatch(/Dec 1, 2026.* with 1\.80 points/);
});

test("each rule has its part, and promotions say whether they multiply or add", () => {
  const found = wager({
    points: "10.52", pointsBalance: "3549.28", multiplier: "0.069",
    parts: { base: "0.05", rate: "0.92", tier: { name: "gold", multiplier: "1.5" }, promotions: [{ name: "high-tables", multiply: 1, bonus: 5 }] },
    caps: [{ per: "day", day: "2026-12-01", cut: 0 }],
  });
  const steps = stepsOf(found, facts);
  expect(steps.map(({ id }) => id)).toEqual([
    "received", "duplicate", "eligible", "base", "rate", "tier", "promotion-high-tables", "cap-2026-12-01", "points", "balance",
  ]);
  expect(steps.find(({ id }) => id === "promotion-high-tables")).toMatchObject({ text: "It gave points on top.", effect: "+5.00" });
  expect(reckoned(found.parts)).toBe("0.05 × 0.92 × 1.5 gold + 5.00 high-tables");
  expect(verdictOf(found, facts).text).toBe("€0.50 × 0.069, and 5.00 on top from promotions.");
});

test("a dead letter says what to do, unless it was done", () => {
  const dead = (state: string) => wager({ outcome: "dead_letter", reason: "too_late", deadLetters: [{ id: "4-17-1", reason: "too_late", state }] });
  expect(verdictOf(dead("open")).todo).toContain("repair");
  expect(verdictOf(dead("released")).todo).toContain("since");
  expect(stepsOf(dead("open")).at(-1)).toMatchObject({ href: "letter", target: "4-17-1" });
});
