// How many wagers come in, by what was counted between two looks.

import { api, send } from "./client";
import { quantileOf, type Sample, samplesIn, sumOf } from "../format/metrics";
import type { Problem } from "./problem";
import { repeatedly } from "./repeatedly.svelte";
import type { SummaryTotals } from "./types";

const EVERY_MS = 2_000;
const KEPT = 90;

/** What was between two looks. */
export interface Moment {
  at: number;
  countedPerSecond: number;
  refusedPerSecond: number;
}

/** What was counted until then. */
export interface Counted {
  at: number;
  counted: number;
  refused: number;
}

/** What was between two looks; whoever has started anew counts from 0. */
export function between(before: Counted, now: Counted): Moment {
  const seconds = Math.max(0.001, (now.at - before.at) / 1_000);
  const rate = (of: "counted" | "refused") => Math.max(0, now[of] - before[of]) / seconds;
  return { at: now.at, countedPerSecond: rate("counted"), refusedPerSecond: rate("refused") };
}

/** Keeps the last moments. */
function kept(): { readonly moments: readonly Moment[]; add: (now: Counted) => void } {
  let moments = $state.raw<readonly Moment[]>([]);
  let before: Counted | null = null;
  return {
    get moments() { return moments; },
    add(now) {
      if (before) moments = [...moments, between(before, now)].slice(-KEPT);
      before = now;
    },
  };
}

/** The operator's own, at all nodes, while `isWanted`. */
export function rates(isWanted: () => boolean): { readonly moments: readonly Moment[]; readonly problem: Problem | null } {
  const all = kept();
  const asking = repeatedly(async (signal) => {
    if (!isWanted()) return;
    const { wagersCounted, wagersRefused } = await api.get<SummaryTotals>("/summary/totals", { signal });
    all.add({ at: Date.now(), counted: wagersCounted, refused: wagersRefused });
  }, EVERY_MS);
  return {
    get moments() { return all.moments; },
    get problem() { return asking.problem; },
  };
}

export interface Watched {
  readonly samples: readonly Sample[];
  /** Of all operators. */
  readonly moments: readonly Moment[];
  /** Seconds from intake to the balance, of what came while it was watched, or ever if nothing did. */
  readonly p99: number | null;
  readonly problem: Problem | null;
  readonly isFirst: boolean;
}

const HISTOGRAM = "accolade_wager_to_balance_seconds";

/** How the node that answers is. */
export function watched(): Watched {
  let samples = $state.raw<readonly Sample[]>([]);
  let first: readonly Sample[] | null = null;
  const all = kept();
  const p99 = $derived(quantileOf(samples, HISTOGRAM, 0.99, first ?? []) ?? quantileOf(samples, HISTOGRAM, 0.99));
  const asking = repeatedly(async (signal) => {
    const answer = await send("GET", "/metrics", { signal, headers: { Accept: "text/plain" } });
    const now = samplesIn(await answer.text());
    const of = (outcome: string) => sumOf(now, "accolade_records_total", { kind: "wager", outcome }) ?? 0;
    all.add({ at: Date.now(), counted: of("counted"), refused: of("refused") });
    first ??= now;
    samples = now;
  }, EVERY_MS);
  return {
    get samples() { return samples; },
    get moments() { return all.moments; },
    get p99() { return p99; },
    get problem() { return asking.problem; },
    get isFirst() { return samples.length === 0 && asking.problem === null; },
  };
}
