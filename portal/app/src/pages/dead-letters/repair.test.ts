import { expect, test } from "vitest";
import { changed, changesOf, faultsIn, jsonOf, marksOf, spread } from "./repair";

const WAGER = '{"wagerId":"w-1","wagerAmount":0.000000000000000001,"data":{"a/b":[1,{"x":"y,}"}]},"timestamp":"2027-12-01T00:00:00Z"}';

test("the fields that a detail names are told, each with what is wrong with it", () => {
  expect(faultsIn("`/wagerAmount`: expected a number, found `\"100.00\"`")).toEqual([{ pointer: "/wagerAmount", detail: 'expected a number, found `"100.00"`' }]);
  expect(faultsIn("the event is dated more than two minutes ahead")).toEqual([]);
});

test("a fault is marked at its field, also deep inside, and one of a field that is missing at what it should be in", () => {
  const text = spread(WAGER);
  const marks = marksOf(text, [
    { pointer: "/wagerAmount", detail: "too small" }, { pointer: "/data/a~1b/1/x", detail: "no" }, { pointer: "/currency", detail: "missing" },
  ]);
  const lines = text.split("\n");
  expect(lines[(marks[0]?.line ?? 0) - 1]).toContain("wagerAmount");
  expect(lines[(marks[0]?.line ?? 0) - 1]?.slice((marks[0]?.column ?? 0) - 1)).toBe("0.000000000000000001,");
  expect(lines[(marks[1]?.line ?? 0) - 1]).toContain('"x": "y,}"');
  expect(marks[2]).toEqual({ line: 1, column: 1, text: "/currency: missing" });
  expect(marksOf('{\n"ä": 1\n"b": 2}', [{ pointer: "", detail: "expected `,` or `}` at byte 10" }])[0]).toMatchObject({ line: 3, column: 1 });
});

test("a text that is spread over lines means the same, to the last digit", () => {
  expect(spread(WAGER)).toContain("0.000000000000000001");
  expect(JSON.parse(spread(WAGER))).toEqual(JSON.parse(WAGER));
  expect(spread("not json")).toBe("not json");
  expect(spread('{"a":{},"b":[]}')).toBe('{\n  "a": {},\n  "b": []\n}');
});

test("a field is set, added and taken away, and nothing else is touched", () => {
  expect(changed(WAGER, { kind: "set", pointer: "/wagerId", json: '"w-2"' })).toBe(WAGER.replace('"w-1"', '"w-2"'));
  expect(JSON.parse(changed(WAGER, { kind: "set", pointer: "/currency", json: '"EUR"' }) ?? "")).toMatchObject({ wagerId: "w-1", currency: "EUR" });
  expect(changed("{}", { kind: "set", pointer: "/a", json: "1" })).toBe('{"a":1}');
  for (const pointer of ["/wagerId", "/data", "/timestamp"]) {
    const after = JSON.parse(changed(WAGER, { kind: "remove", pointer }) ?? "") as object;
    expect(Object.keys(after)).toEqual(["wagerId", "wagerAmount", "data", "timestamp"].filter((name) => `/${name}` !== pointer));
  }
  expect(changed(WAGER, { kind: "remove", pointer: "/none" })).toBeNull();
});

test("a text is replaced wherever it stands, and a letter without it is left alone", () => {
  expect(changed(WAGER, { kind: "replace", find: "2027-", by: "2026-" })).toContain("2026-12-01");
  expect(changed(WAGER, { kind: "replace", find: "2031-", by: "2026-" })).toBeNull();
  expect(changed(WAGER, { kind: "replace", find: "", by: "x" })).toBeNull();
});

test("what is typed is JSON, or else a text", () => {
  expect([jsonOf("12.50"), jsonOf("EUR"), jsonOf('"12"'), jsonOf("null")]).toEqual(["12.50", '"EUR"', '"12"', "null"]);
});

test("a repair is told field by field", () => {
  expect(changesOf('{"a":1,"b":{"c":1.50},"d":2}', '{\n"a": 1, "b":{"c":1.5},"e":"x"}')).toEqual([
    { pointer: "/b/c", before: "1.50", after: "1.5" }, { pointer: "/d", before: "2", after: null }, { pointer: "/e", before: null, after: '"x"' },
  ]);
  expect(changesOf("not json", "{}")).toBeNull();
});
