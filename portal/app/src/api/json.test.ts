import { expect, test } from "vitest";
import { Exact } from "../format/decimal";
import { read, write } from "./json";

test("numbers that a float would change stay texts", () => {
  expect(read('{"points":12.00,"score":0.000000000000000001,"players":3,"liability":90071992547409931}')).toEqual({
    points: "12.00", score: "0.000000000000000001", players: 3, liability: "90071992547409931",
  });
});

test("what looks like a number in a text is left alone", () => {
  expect(read('{"id":"12.50","why":"she said \\"1.5\\"","list":[1,-2,2.5]}')).toEqual({
    id: "12.50", why: 'she said "1.5"', list: [1, -2, "2.5"],
  });
});

test("an exact decimal is written as the number that it is", () => {
  expect(write({ points: new Exact("-12.50"), why: "12.50" })).toBe('{"points":-12.50,"why":"12.50"}');
});
