// What an account is made of: the points of each month, as the entries of the ledger have changed them.

import type { Entry } from "../../api/types";
import { type Decimal, plus, signOf } from "../../format/decimal";

/** Points that were earned in a month and are still there. */
export interface MonthOfPoints {
  month: string;
  points: string;
  /** Of these, how many cannot be spent yet, and when the first of them can. */
  pending: string;
  maturesAt: string | null;
}

/** Adds up what entries have changed. With all entries of an account, or all since a month that has expired since, it is
 * what is there at `now`. */
export function monthsOf(entries: readonly Entry[], now: number = Date.now()): MonthOfPoints[] {
  const months = new Map<string, MonthOfPoints>();
  for (const { lots } of entries) {
    for (const { month, points, maturesAt } of lots?.changed ?? []) {
      const before = months.get(month) ?? { month, points: "0", pending: "0", maturesAt: null };
      const isPending = maturesAt !== null && Date.parse(maturesAt) > now;
      months.set(month, {
        month,
        points: plus(before.points, points),
        pending: isPending ? plus(before.pending, points) : before.pending,
        maturesAt: isPending && (before.maturesAt === null || maturesAt < before.maturesAt) ? maturesAt : before.maturesAt,
      });
    }
  }
  return [...months.values()].filter((one) => signOf(one.points) !== 0).sort((a, b) => a.month.localeCompare(b.month));
}

/** All of it together. */
export function sumOf(months: readonly MonthOfPoints[]): Decimal {
  return months.reduce<Decimal>((sum, { points }) => plus(sum, points), "0");
}

/** The month behind which those points end that were earned in `month` (`2026-12`), where the program says `after` so many
 * months (`12mo`); `null` where it says something else. */
export function lastMonthOf(month: string, after: unknown): string | null {
  const months = typeof after === "string" ? /^(\d+)mo$/.exec(after)?.[1] : undefined;
  const [year, number] = month.split("-").map(Number);
  if (months === undefined || year === undefined || number === undefined) return null;
  const whole = year * 12 + number - 1 + Number(months);
  return `${Math.floor(whole / 12)}-${String(whole % 12 + 1).padStart(2, "0")}`;
}

/** The month after one. */
export function monthAfter(month: string): string {
  return lastMonthOf(month, "1mo") ?? month;
}
