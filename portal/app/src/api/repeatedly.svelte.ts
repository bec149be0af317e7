// What is asked for again and again while somebody watches.

import { type Problem, problemOf } from "./problem";

/** Calls `ask` at once and then every so often, never twice at a time, for as long as the component that calls this is shown. */
export function repeatedly(ask: (signal: AbortSignal) => Promise<void>, everyMs: number): { readonly problem: Problem | null } {
  let problem = $state.raw<Problem | null>(null);

  $effect(() => {
    const end = new AbortController();
    let isAsking = false;
    async function look() {
      if (document.hidden || isAsking) return;
      isAsking = true;
      try {
        await ask(end.signal);
        problem = null;
      } catch (thrown) {
        if (!end.signal.aborted) problem = problemOf(thrown);
      } finally {
        isAsking = false;
      }
    }
    void look();
    const timer = setInterval(look, everyMs);
    return () => {
      clearInterval(timer);
      end.abort();
    };
  });

  return { get problem() { return problem; } };
}
