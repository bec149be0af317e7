import { expect, test } from "vitest";
import { compare, Exact, negated, partsOf, plus, signOf, typed } from "./decimal";

test("a sum keeps every digit of both", () => {
  expect(plus("9007199254740993.01", "0.000000000000000001")).toBe("9007199254740993.010000000000000001");
  expect(plus("-0.05", "0.02")).toBe("-0.03");
  expect(plus("1.50", "-1.50")).toBe("0.00");
});

test("decimals are compared by value, beyond what a float knows", () => {
  expect(compare("9007199254740993", "9007199254740992")).toBe(1);
  expect(compare("-2", "1")).toBe(-1);
  expect(compare("1.50", "1.5")).toBe(0);
});

test("zero has no sign", () => {
  expect(signOf("-0.00")).toBe(0);
  expect(partsOf("-0.00")).toEqual({ isNegative: false, whole: "0", decimals: "00" });
  expect(negated("0.00")).toBe("0.00");
});

test("what a person types may have a comma and spaces", () => {
  expect(typed(" 1 234,50 ")).toEqual(new Exact("1234.50"));
  expect(typed("−5")).toEqual(new Exact("-5"));
  expect(typed("007")).toEqual(new Exact("7"));
  expect(typed("1.2.3")).toBeNull();
  expect(typed("1e3")).toBeNull();
  expect(typed("")).toBeNull();
  expect(typed("0.001", 2)).toBeNull();
});
