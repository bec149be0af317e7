// What the palette offers beside the areas: pages add their own while they are shown.

import { untrack } from "svelte";
import type { IconName } from "../parts/icons";

export interface Command {
  id: string;
  label: string;
  icon: IconName;
  /** More words by which it is found. */
  words?: string;
  run: () => unknown;
}

let added = $state.raw<readonly Command[]>([]);

export const commands = {
  get added() { return added; },
};

/** Offers commands for as long as the component that calls it is shown. */
export function offer(those: () => readonly Command[]): void {
  $effect(() => {
    const mine = those();
    untrack(() => { added = [...added, ...mine]; });
    return () => { added = added.filter((one) => !mine.includes(one)); };
  });
}
