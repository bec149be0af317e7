import { describe, expect, it } from "vitest";
import type { Tournament, TournamentTemplate } from "../../api/types";
import { laidOver, moved } from "./board.svelte";
import {
  blank, bodyOf, clauseOf, costOf, formOf, idOf, listIn, newPrize, ofTemplate, ofTournament, placeOf, pretty, prizeFor, ruleOf, times, windowOf,
} from "./draft";

const WEEKEND: TournamentTemplate = {
  templateId: "weekend", name: "Weekend slots race", description: "", form: { source: "wagers", categories: ["slots"], score: "stakes", points: 1 }, query: "SELECT 1",
  recurs: { weekly: { on: ["sat"], at: "00:00" }, lasts: "2d" }, cap: null, ties: "first",
  prizes: [{ from: 1, to: 1, points: "5000.00" }, { from: 4, to: 10, points: "250.00" }, { topPercent: "10", points: 25 }],
};
const TUESDAY = Date.parse("2026-12-01T10:00:00Z");

describe("a window", () => {
  it("is the weekend to come, by the clocks of the zone", () => {
    expect(windowOf("weekend", "Europe/Malta", TUESDAY)).toEqual({ starts: "2026-12-04T23:00:00Z", ends: "2026-12-06T23:00:00Z" });
  });
  it("is what is left of a weekend that goes on", () => {
    expect(windowOf("weekend", "UTC", Date.parse("2026-12-06T10:00:00Z"))).toEqual({ starts: "2026-12-06T10:00:02Z", ends: "2026-12-07T00:00:00Z" });
  });
  it("has a week from Monday to Monday, also where clocks are set in it", () => {
    expect(windowOf("nextWeek", "Europe/Malta", Date.parse("2026-03-18T10:00:00Z"))).toEqual({ starts: "2026-03-22T23:00:00Z", ends: "2026-03-29T22:00:00Z" });
    expect(windowOf("nextWeek", "UTC", Date.parse("2026-12-07T10:00:00Z"))).toEqual({ starts: "2026-12-14T00:00:00Z", ends: "2026-12-21T00:00:00Z" });
  });
  it("goes over the end of a year", () => {
    expect(windowOf("nextMonth", "UTC", TUESDAY)).toEqual({ starts: "2027-01-01T00:00:00Z", ends: "2027-02-01T00:00:00Z" });
  });
});

describe("a draft of a template", () => {
  it("takes place once, when the template would begin next, and waits for approval", () => {
    const draft = ofTemplate(WEEKEND, "UTC");
    const body = bodyOf(draft, TUESDAY);
    expect(body).toMatchObject({ name: "Weekend slots race", starts: "2026-12-05T00:00:00Z", ends: "2026-12-07T00:00:00Z", approval: true, cap: null });
    expect(body.recurs).toBeUndefined();
    expect(body.form).toMatchObject({ source: "wagers", categories: ["slots"], score: "stakes" });
    expect(idOf(draft, TUESDAY)).toBe("weekend-slots-race-2026-12-05");
  });
  it("is a series where it is to take place again", () => {
    const body = bodyOf({ ...ofTemplate(WEEKEND, "UTC"), takesPlace: "again" }, TUESDAY);
    expect(body.recurs).toEqual({ weekly: { on: ["sat"], at: "00:00" }, lasts: "2d" });
    expect(body).not.toHaveProperty("starts");
  });
});

it("a form comes back as it went", () => {
  const form = { source: "wagers" as const, score: "bestWin" as const, points: "0.5", games: ["a", "b"], leastStake: "10", onlyWinning: true, multipliers: { a: "2" } };
  const made = JSON.parse(JSON.stringify(formOf(ruleOf(form)), (_, value: unknown) => value !== null && typeof value === "object" && "text" in value ? value.text : value));
  expect(made).toEqual(form);
});

it("what is no number is sent as it was typed, so that the field hears of it", () => {
  expect(formOf({ ...blank("UTC").rule, leastStake: "ten" })).toMatchObject({ leastStake: "ten" });
});

it("a tournament that is done once more begins at the same time of the week, clocks or not", () => {
  const there = { ...bodyOf(ofTemplate(WEEKEND, "Europe/Malta"), TUESDAY), tournamentId: "past", starts: "2026-03-20T23:00:00Z", ends: "2026-03-22T23:00:00Z", recurs: null,
    participantsMax: null, query: "SELECT 1", form: null, prizes: [], eventsMin: 0, publicPositions: 100, graceSeconds: 30 } as unknown as Tournament;
  const draft = ofTournament(there, { isNew: true, now: Date.parse("2026-03-31T10:00:00Z") });
  expect([draft.starts, draft.ends, draft.id]).toEqual(["2026-04-04T00:00", "2026-04-06T00:00", ""]);
});

describe("prizes", () => {
  it("cost what their places win, each place once", () => {
    const draft = ofTemplate(WEEKEND, "UTC");
    expect(costOf(draft.prizes)).toEqual({ points: "6750", things: 0, open: 1 });
    expect(costOf([...draft.prizes, { ...newPrize([]), from: "10", to: "11", wins: "thing" }])).toMatchObject({ things: 1 });
  });
  it("are for the places behind those that there are", () => {
    expect(newPrize(ofTemplate(WEEKEND, "UTC").prizes)).toMatchObject({ from: "11", to: "11" });
  });
  it("are things with what they are worth", () => {
    expect(prizeFor({ ...newPrize([]), wins: "thing", kind: "voucher", name: "tea", worth: "3,5", currency: "EUR" }))
      .toEqual({ from: 1, to: 1, thing: { kind: "voucher", name: "tea", value: { amount: "3.5", currency: "EUR" } } });
  });
  it("are multiplied digit by digit", () => {
    expect(times("0.1", 3)).toBe("0.3");
    expect(times("123456789012345678.05", 100)).toBe("12345678901234567805.00");
  });
});

it("a statement is laid out, and what is quoted stays", () => {
  expect(pretty("SELECT a FROM wagers WHERE (b = 'x AND y') AND (c > 1) GROUP BY a")).toBe("SELECT a\nFROM wagers\nWHERE (b = 'x AND y')\n  AND (c > 1)\nGROUP BY a");
});

it("a problem says its line and column", () => {
  expect(placeOf("line 2, column 22: expected a column, found `x`")).toEqual({ line: 2, column: 22, text: "expected a column, found `x`" });
  expect(placeOf("it is too long")).toEqual({ line: 1, column: 1, text: "it is too long" });
});

it.each([
  ["wagerAmount >= 5", { kind: "atLeast", column: "wagerAmount", value: "5" }],
  ["gameCategory = 'slots'", { kind: "is", column: "gameCategory", values: ["slots"] }],
  ["gameId IN ('a', 'b''c')", { kind: "is", column: "gameId", values: ["a", "b'c"] }],
  ["NOT (jurisdiction IN ('Spain', 'Malta'))", { kind: "isNot", column: "jurisdiction", values: ["Spain", "Malta"] }],
  ["(a = 1) OR (b = 2)", { kind: "other", text: "(a = 1) OR (b = 2)" }],
])("the clause %s is understood", (clause, expected) => {
  expect(clauseOf(clause)).toEqual(expected);
});

describe("another system's list", () => {
  it("comes with a heading in any order, or without", () => {
    expect(listIn("rank;player;score\n1;p-1;2,5\n2;p-2;").places).toEqual([{ playerId: "p-1", position: 1, score: { text: "2.5" } }, { playerId: "p-2", position: 2 }]);
    expect(listIn("p-1, 1, 3\np-2, 2").places).toEqual([{ playerId: "p-1", position: 1, score: { text: "3" } }, { playerId: "p-2", position: 2 }]);
  });
  it("comes as JSON", () => {
    expect(listIn('[{"playerId":"p-1","position":1}]').places).toEqual([{ playerId: "p-1", position: 1 }]);
  });
  it("says which lines cannot be read", () => {
    expect(listIn("p-1,1\n,2\np-3,first")).toEqual({ places: [{ playerId: "p-1", position: 1 }], wrong: [2, 3] });
  });
});

describe("a leaderboard", () => {
  const line = (row: number, playerId: string, position = row) => ({ row, playerId, position, score: "1", events: 1, reachedAt: "" });
  it("lays changes over its rows, and forgets those behind", () => {
    const now = laidOver([line(1, "a"), line(2, "b"), line(3, "c")], [line(1, "b"), line(2, "a")], 2);
    expect(now.map((one) => one.playerId)).toEqual(["b", "a"]);
  });
  it("knows who has moved, and by how much", () => {
    const before = moved([], [line(1, "a"), line(2, "b")]);
    expect(moved(before, [line(1, "b"), line(2, "a"), line(3, "c")]).map((one) => one.moved)).toEqual([1, -1, 0]);
  });
});
