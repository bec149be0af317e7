// Times in the operator's zone, as people of a place write them.

import { createSubscriber } from "svelte/reactivity";
import { language } from "../texts/catalogue.svelte";
import { NOTHING } from "./numbers";

let zone = $state<string>("UTC");

/** The operator's zone, as the program in force names it. */
export const clock = {
  get zone(): string { return zone; },
  set zone(wanted: string) {
    try {
      new Intl.DateTimeFormat("en", { timeZone: wanted });
      zone = wanted;
    } catch {
      zone = "UTC";
    }
  },
};

const known = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, timeZone: string): Intl.DateTimeFormat {
  const name = `${language.locale} ${timeZone} ${JSON.stringify(options)}`;
  let found = known.get(name);
  if (!found) known.set(name, found = new Intl.DateTimeFormat(language.locale, { ...options, timeZone }));
  return found;
}

function shown(value: string | number | Date | null | undefined, options: Intl.DateTimeFormatOptions, timeZone = zone): string {
  if (value === null || value === undefined) return NOTHING;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : format(options, timeZone).format(date);
}

/** Day and time, to the minute. */
export function time(value: string | number | Date | null | undefined): string {
  return shown(value, { dateStyle: "medium", timeStyle: "short" });
}

/** Day and time to the second, with the zone. */
export function exactTime(value: string | number | Date | null | undefined): string {
  return shown(value, {
    year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short",
  });
}

/** A day of the calendar (`2026-11-20`), which has no zone. */
export function day(value: string | null | undefined): string {
  return shown(value && `${value}T00:00:00Z`, { dateStyle: "medium" }, "UTC");
}

/** A month of the calendar (`2026-11`). */
export function month(value: string | null | undefined): string {
  return shown(value && `${value}-01T00:00:00Z`, { month: "long", year: "numeric" }, "UTC");
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600], ["month", 2_629_800], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

const TICK_MS = 10_000;
const tick = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** How long ago, or until then; what shows it is shown anew as time passes. */
export function relative(value: string | number | Date | null | undefined, now: number = Date.now()): string {
  if (value === null || value === undefined) return NOTHING;
  tick();
  const seconds = (new Date(value).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return String(value);
  const [unit, length] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language.locale, { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

/** A time of this zone (`2026-11-20T10:30`, as a field has it) as the API has it; `null` where it is none. */
export function toInstant(local: string, timeZone: string = zone): string | null {
  const wall = Date.parse(`${local.length === 10 ? `${local}T00:00` : local}Z`);
  if (Number.isNaN(wall)) return null;
  // Twice, since the first guess may lie on the other side of a change of the clocks.
  let instant = wall - offset(wall, timeZone);
  instant = wall - offset(instant, timeZone);
  return new Date(instant).toISOString().replace(/\.000Z$/, "Z");
}

/** What a field of this zone shows for a time of the API. */
export function toLocal(instant: string | null | undefined, timeZone: string = zone): string {
  if (!instant) return "";
  const at = Date.parse(instant);
  return Number.isNaN(at) ? "" : new Date(at + offset(at, timeZone)).toISOString().slice(0, 16);
}

function offset(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return wall - Math.floor(at / 1000) * 1000;
}
