import { expect, test } from "vitest";
import { Problem } from "../api/problem";
import { language, LOCALES } from "../texts/catalogue.svelte";
import { advice } from "./advice";

test("what was refused is said in the reader's language, with what to do", () => {
  const said = LOCALES.map((locale) => {
    language.locale = locale;
    return advice(new Problem(409, { code: "own_adjustment", title: "Another person must approve" })).title;
  });
  language.locale = "en";
  expect(said).toEqual(["You have asked for this yourself", "Sie haben das selbst beantragt", "Usted mismo lo ha pedido"]);
});

test("what is not known here is said as the API says it", () => {
  expect(advice(new Problem(409, { code: "of_tomorrow", title: "Not today" })).title).toBe("Not today");
});

test("whoever has to wait for long is told how long", () => {
  expect(advice(new Problem(429, { code: "rate_limited" }, 30)).todo).toContain("30");
});
