import { expect, test } from "vitest";
import { exact, money, NOTHING, points } from "./numbers";

test("each place has its own point and groups", () => {
  expect(exact("1234567.50", { locale: "en" })).toBe("1,234,567.50");
  expect(exact("1234567.50", { locale: "de" })).toBe("1.234.567,50");
  expect(exact("1234567.50", { locale: "es" })).toBe("1.234.567,50");
});

test("no digit passes through a float", () => {
  expect(exact("9007199254740993.000000000000000001", { locale: "en" })).toBe("9,007,199,254,740,993.000000000000000001");
});

test("points have two decimals, and changes a sign", () => {
  expect(points("12", { locale: "en" })).toBe("12.00");
  expect(points("12.5", { locale: "en", signed: true })).toBe("+12.50");
  expect(points("-12.5", { locale: "en", signed: true })).toBe("-12.50");
  expect(points("0.00", { locale: "en", signed: true })).toBe("0.00");
  expect(points(null)).toBe(NOTHING);
});

test("money stands with its currency where its place has it", () => {
  expect(money("1234.5", "EUR", "en")).toBe("€1,234.50");
  expect(money("1234.5", "EUR", "de").replace(/\u00a0/g, " ")).toBe("1.234,50 €");
  expect(money("0.000000000000000001", "ETH", "en").replace(/\u00a0/g, " ")).toBe("ETH 0.000000000000000001");
});
