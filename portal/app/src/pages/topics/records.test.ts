import { expect, test } from "vitest";
import { laidOut, matches, recordIn } from "./records";

const line = (key: string, value: string) => `{"topic":"wager.events","partition":3,"place":{"partition":3,"batch":7,"slot":1,"number":0},"key":${JSON.stringify(key)},`
  + `"time":"2026-12-01T10:00:00Z","value":${value}}`;

test("a line says whose its record is, and keeps what stands in it as it was written", () => {
  const value = `{"a":0.10,"b":{"c":","}}`;
  expect(recordIn(line(`x","value":"y`, value))).toMatchObject({ partition: 3, place: { batch: 7, slot: 1 }, key: `x","value":"y`, value });
});

test("a record is found by its key and by what stands in it", () => {
  const one = recordIn(line("player-1", `{"gameId":"Mega-Slots","wagerAmount":0.10}`));
  for (const text of ["", "PLAYER-1", "mega", "0.10"]) expect(matches(one, text), text).toBe(true);
  expect(matches(one, "player-2")).toBe(false);
});

test("JSON is laid out, and all of it stays as it was written", () => {
  const json = `{"a":[1,{"b":"x, {y}: \\"z\\""}],"c":{},"d":[],"e":10.50}`;
  const text = laidOut(json);
  expect(text).toBe(`{
  "a": [
    1,
    {
      "b": "x, {y}: \\"z\\""
    }
  ],
  "c": {},
  "d": [],
  "e": 10.50
}`);
});
