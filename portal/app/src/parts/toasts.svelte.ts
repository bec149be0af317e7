// Short notes on what was done, with a way back where there is one.

export interface Toast {
  id: number;
  text: string;
  kind: "good" | "bad";
  undo?: (() => unknown) | undefined;
}

const SHOWN_MS = 6_000;
let last = 0;
let all = $state.raw<readonly Toast[]>([]);

export const toasts = {
  get all() { return all; },
};

/** Takes a note away. */
export function dismiss(id: number): void {
  all = all.filter((one) => one.id !== id);
}

/** Says that something was done. `undo` takes it back. */
export function toast(text: string, { kind = "good", undo }: { kind?: Toast["kind"]; undo?: () => unknown } = {}): void {
  const id = ++last;
  all = [...all.slice(-3), { id, text, kind, undo }];
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Does something in a moment, unless it is undone before: for what cannot be taken back once it was done. */
export function inAMoment(text: string, run: () => Promise<unknown>, failed: (thrown: unknown) => void): void {
  let isUndone = false;
  const id = ++last;
  all = [...all.slice(-3), { id, text, kind: "good", undo: () => { isUndone = true; } }];
  setTimeout(() => {
    dismiss(id);
    if (!isUndone) run().catch(failed);
  }, SHOWN_MS);
}
