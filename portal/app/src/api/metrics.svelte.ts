// How the node that answers is, looked at again and again while somebody watches.

import { quantileOf, type Sample, samplesIn, sumOf } from "../format/metrics";
import { send } from "./client";
import { type Problem, problemOf } from "./problem";

const EVERY_MS = 2_000;
const KEPT = 90;

/** What was between two looks. */
export interface Moment {
  at: number;
  countedPerSecond: number;
  refusedPerSecond: number;
}

export interface Watched {
  readonly samples: readonly Sample[];
  readonly moments: readonly Moment[];
  /** Seconds from intake to the balance, of what came while it was watched, or ever if nothing did. */
  readonly p99: number | null;
  readonly problem: Problem | null;
  readonly isFirst: boolean;
}

/** Watches for as long as the component that calls it is shown. */
export function watched(): Watched {
  let samples = $state.raw<readonly Sample[]>([]);
  let moments = $state.raw<readonly Moment[]>([]);
  let first = $state.raw<readonly Sample[]>([]);
  let problem = $state.raw<Problem | null>(null);
  const p99 = $derived(quantileOf(samples, HISTOGRAM, 0.99, first) ?? quantileOf(samples, HISTOGRAM, 0.99));

  $effect(() => {
    const end = new AbortController();
    let before: { samples: Sample[]; at: number } | null = null;
    async function look() {
      if (document.hidden) return;
      try {
        const answer = await send("GET", "/metrics", { signal: end.signal, headers: { Accept: "text/plain" } });
        const now = { samples: samplesIn(await answer.text()), at: Date.now() };
        if (before) moments = [...moments, between(before, now)].slice(-KEPT);
        else first = now.samples;
        before = now;
        samples = now.samples;
        problem = null;
      } catch (thrown) {
        if (!end.signal.aborted) problem = problemOf(thrown);
      }
    }
    void look();
    const timer = setInterval(look, EVERY_MS);
    return () => {
      clearInterval(timer);
      end.abort();
    };
  });

  return {
    get samples() { return samples; },
    get moments() { return moments; },
    get p99() { return p99; },
    get problem() { return problem; },
    get isFirst() { return samples.length === 0 && problem === null; },
  };
}

const HISTOGRAM = "accolade_wager_to_balance_seconds";

function between(a: { samples: Sample[]; at: number }, b: { samples: Sample[]; at: number }): Moment {
  const seconds = Math.max(0.001, (b.at - a.at) / 1000);
  const rate = (outcome: string) => {
    const of = (samples: Sample[]) => sumOf(samples, "accolade_records_total", { kind: "wager", outcome }) ?? 0;
    // A node that has started anew counts from 0.
    return Math.max(0, of(b.samples) - of(a.samples)) / seconds;
  };
  return { at: b.at, countedPerSecond: rate("counted"), refusedPerSecond: rate("refused") };
}
