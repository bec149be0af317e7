// When a promotion holds, by the clocks of the program's zone, as the rule book has it.

import { isMapping, type Mapping, type Value } from "../program/document";

const DAY_MS = 86_400_000;
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** A day of the calendar: `2026-12-05`. */
export type Day = string;

export type When = "running" | "coming" | "past";

const known = new Map<string, Intl.DateTimeFormat>();

/** What clocks of the zone show. */
export function wall(at: number, zone: string): { day: Day; minutes: number } {
  let format = known.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
    known.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: `${parts["year"]}-${parts["month"]}-${parts["day"]}`, minutes: Number(parts["hour"]) * 60 + Number(parts["minute"]) };
}

export function plusDays(day: Day, by: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10);
}

export function weekdayOf(day: Day): string {
  return WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? "";
}

function listOf(value: Value | undefined): string[] {
  return value === undefined || value === null ? [] : (Array.isArray(value) ? value : [value]).map(String);
}

function every(promotion: Mapping): Mapping {
  return isMapping(promotion["every"]) ? promotion["every"] : {};
}

/** Whether its days and dates have this day; hours and its time are another matter. */
export function recursOn(promotion: Mapping, day: Day): boolean {
  const { days, dates } = every(promotion);
  const weekdays = listOf(days);
  if (weekdays.length > 0 && !weekdays.includes(weekdayOf(day))) return false;
  const wanted = listOf(dates);
  if (wanted.length === 0) return true;
  const [, month = 0, date = 0] = day.split("-").map(Number);
  const isLast = plusDays(day, 1).slice(0, 7) !== day.slice(0, 7);
  return wanted.some((one) => {
    if (one === "last") return isLast;
    const [first = 0, second] = one.split("-").map(Number);
    return second === undefined ? first === date : first === month && second === date;
  });
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.trim().split(":").map(Number);
  return hours * 60 + minutes;
}

function isIn(promotion: Mapping, at: number): boolean {
  const [from, to] = [promotion["from"], promotion["to"]];
  return !(typeof from === "string" && at < Date.parse(from)) && !(typeof to === "string" && at >= Date.parse(to));
}

/** Whether it holds at a moment. */
export function holdsAt(promotion: Mapping, at: number, zone: string): boolean {
  if (!isIn(promotion, at)) return false;
  const { day, minutes } = wall(at, zone);
  const hours = listOf(every(promotion)["hours"]);
  if (hours.length === 0) return recursOn(promotion, day);
  return hours.some((one) => {
    const [start = 0, end = 0] = one.split("-").map(minutesOf);
    if (start < end) return minutes >= start && minutes < end && recursOn(promotion, day);
    // Over midnight, hours belong to the day on which they begin.
    return (minutes >= start && recursOn(promotion, day)) || (minutes < end && recursOn(promotion, plusDays(day, -1)));
  });
}

/** Whether it holds at any time of a day, but for parts of an hour. */
export function holdsOn(promotion: Mapping, day: Day, zone: string): boolean {
  const noon = Date.parse(`${day}T12:00:00Z`);
  for (let at = noon - 26 * 3_600_000; at <= noon + 26 * 3_600_000; at += 900_000) {
    if (wall(at, zone).day === day && holdsAt(promotion, at, zone)) return true;
  }
  return false;
}

/** Running at the moment, coming at some time, or over. */
export function whenOf(promotion: Mapping, at: number, zone: string): When {
  const to = promotion["to"];
  if (typeof to === "string" && at >= Date.parse(to)) return "past";
  return holdsAt(promotion, at, zone) ? "running" : "coming";
}

/** The weekend that begins next, or is on: from its first midnight to that after it, as clocks of the zone show them. */
export function weekend(at: number, zone: string): { from: Day; to: Day } {
  let { day } = wall(at, zone);
  if (weekdayOf(day) === "sun") return { from: day, to: plusDays(day, 1) };
  while (weekdayOf(day) !== "sat") day = plusDays(day, 1);
  return { from: day, to: plusDays(day, 2) };
}
