import { expect, test } from "vitest";
import { catalogues, filled, LOCALES, type Text } from "./catalogue.svelte";

// Every module that has texts is called so.
const modules = import.meta.glob("../**/texts.ts", { eager: true });

function holes(text: Text): string[] {
  const forms = typeof text === "string" ? [text] : Object.values(text);
  const names = forms.flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ""));
  return [...new Set(names)].sort();
}

test("each area has its catalogue", () => {
  expect(Object.keys(modules).length).toBeGreaterThan(1);
  expect(catalogues.length).toBe(Object.keys(modules).length);
});

test("every text is there in every language, with the same values in it, and not empty", () => {
  for (const catalogue of catalogues) {
    for (const [key, text] of Object.entries(catalogue.en)) {
      for (const locale of LOCALES) {
        const other = catalogue[locale][key];
        expect(other, `${locale} ${key}`).toBeTruthy();
        expect(holes(other ?? ""), `${locale} ${key}`).toEqual(holes(text));
        expect(typeof other, `${locale} ${key}`).toBe(typeof text);
      }
    }
    for (const locale of LOCALES) expect(Object.keys(catalogue[locale]).sort()).toEqual(Object.keys(catalogue.en).sort());
  }
});

test("a text has the form of its count, with its numbers as the place writes them", () => {
  const text = { one: "{count} line", other: "{count} lines" };
  expect(filled(text, { count: 1 }, "en")).toBe("1 line");
  expect(filled(text, { count: 1234 }, "en")).toBe("1,234 lines");
  expect(filled("{name}: {count}", { name: "p-1", count: 1234 }, "de")).toBe("p-1: 1.234");
});
