// What a promotion can begin with, and what it says in words.

import { language } from "../../texts/catalogue.svelte";
import { time, toInstant } from "../../format/time.svelte";
import { exact } from "../../format/numbers";
import { isMapping, type Mapping, Num, type Value } from "../program/document";
import { textOf } from "../program/words";
import { t } from "./texts";
import { weekend } from "./times";

export const PRESETS = ["weekend", "happy", "stakes", "own"] as const;
export type Preset = (typeof PRESETS)[number];

/** Categories that a program knows of. */
export function categoriesOf(program: Mapping): string[] {
  const earning = isMapping(program["earning"]) ? program["earning"] : {};
  const multipliers = isMapping(earning["multipliers"]) ? Object.keys(earning["multipliers"]) : [];
  const eligibility = isMapping(program["eligibility"]) ? program["eligibility"] : {};
  const listed = Array.isArray(eligibility["categories"]) ? eligibility["categories"].map(String) : [];
  return [...new Set([...listed, ...multipliers])].filter((one) => one !== "default");
}

/** The condition that chooses categories. */
export function conditionOf(categories: readonly string[]): string | null {
  const quoted = categories.map((one) => `'${one.replaceAll("'", "''")}'`);
  return quoted.length === 0 ? null : quoted.length === 1 ? `gameCategory = ${quoted[0]}` : `gameCategory IN (${quoted.join(", ")})`;
}

/** The categories that a condition chooses; `null` where it says something else. */
export function chosenBy(where: Value | undefined): string[] | null {
  if (where === undefined || where === null || where === "") return [];
  if (typeof where !== "string") return null;
  const found = /^\s*gameCategory\s*(?:=\s*('(?:[^']|'')*')|IN\s*\(\s*('(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*)\s*\))\s*$/i.exec(where);
  const list = found?.[1] ?? found?.[2];
  return list === undefined ? null : [...list.matchAll(/'((?:[^']|'')*)'/g)].map((one) => (one[1] ?? "").replaceAll("''", "'"));
}

/** A new promotion; its name is none of those that are taken. */
export function presetOf(preset: Preset, program: Mapping, taken: readonly string[], zone: string, now = Date.now()): Mapping {
  const categories = categoriesOf(program);
  const slots = conditionOf([categories.find((one) => /slot/i.test(one)) ?? "slots"]) ?? "";
  const days = weekend(now, zone);
  const made: Record<Preset, Mapping> = {
    weekend: {
      name: `double-slots-${days.from}`, from: toInstant(days.from, zone), to: toInstant(days.to, zone), where: slots, multiply: new Num("2"),
    },
    happy: { name: "happy-hour", every: { days: ["mon", "tue", "wed", "thu", "fri"], hours: "18:00-20:00" }, multiply: new Num("1.5") },
    stakes: { name: "high-stakes", where: "wagerAmount >= 50", bonus: new Num("5") },
    own: { name: "promotion", multiply: new Num("2") },
  };
  const found = made[preset];
  const name = String(found["name"]);
  let free = name;
  for (let number = 2; taken.includes(free); number++) free = `${name}-${number}`;
  return { ...found, name: free };
}

/** What it gives. */
export function givesOf(promotion: Mapping): string {
  const { multiply, bonus } = promotion;
  return [
    multiply instanceof Num ? t("gives.multiply", { by: exact(multiply.text) }) : "",
    bonus instanceof Num ? t("gives.bonus", { points: exact(bonus.text) }) : "",
  ].filter(Boolean).join(" ") || t("gives.nothing");
}

/** When it holds, in words. */
export function timesOf(promotion: Mapping): string {
  const { from, to, every } = promotion;
  const parts: string[] = [];
  if (isMapping(every)) {
    for (const name of ["days", "hours", "dates"] as const) {
      if (every[name] !== undefined && every[name] !== null) parts.push(textOf(every[name], `promotions.every.${name}`));
    }
  }
  if (typeof from === "string" && typeof to === "string") parts.push(t("times.both", { from: time(from), to: time(to) }));
  else if (typeof from === "string") parts.push(t("times.from", { from: time(from) }));
  else if (typeof to === "string") parts.push(t("times.to", { to: time(to) }));
  return parts.join(", ") || t("times.always");
}

/** For which wagers, in words. */
export function forWhom(promotion: Mapping): string {
  const { where, jurisdictions } = promotion;
  const list = (all: readonly string[]) => new Intl.ListFormat(language.locale).format(all);
  const categories = chosenBy(where);
  return [
    categories === null ? String(where) : categories.length > 0 ? list(categories) : t("for.all"),
    Array.isArray(jurisdictions) && jurisdictions.length > 0 ? t("for.in", { places: list(jurisdictions.map(String)) }) : "",
  ].filter(Boolean).join(" ");
}

/** The draft with a promotion that holds at all times: so is seen what it would have done with wagers of the past. */
export function always(promotion: Mapping): Mapping {
  return Object.fromEntries(Object.entries(promotion).filter(([name]) => !["from", "to", "every"].includes(name)));
}

