// Which node has which partition, of what all nodes say.

import type { Nodes } from "../../api/types";

export interface Placed {
  number: number;
  /** The node's address, which is empty for the one that answers; `null` where no node says that it has it. */
  at: string | null;
  /** It needs a person. */
  stands: boolean;
}

/** All partitions by their numbers. */
export function placesOf({ partitions, items }: Nodes): Placed[] {
  const all = Array.from({ length: partitions }, (_, number): Placed => ({ number, at: null, stands: false }));
  for (const { address, status } of items) {
    for (const number of status?.partitionsHere ?? []) {
      const placed = all[number];
      if (placed) placed.at = address ?? "";
    }
    for (const { place } of status?.standing ?? []) {
      const placed = all[place.partition];
      if (placed) placed.stands = true;
    }
  }
  return all;
}
