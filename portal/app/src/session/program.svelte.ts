// What the program in force says that every page needs: the operator's zone and currency, and the tiers.

import { api } from "../api/client";
import type { Version } from "../api/types";
import type { Decimal } from "../format/decimal";
import { clock } from "../format/time.svelte";

export interface Tier { name: string; from: Decimal; multiplier?: Decimal }

let version = $state.raw<Version | null>(null);
let isKnown = $state(false);

function document(): Record<string, unknown> {
  return version?.program ?? {};
}

export const inForce = {
  /** Whether it was asked; `version` is `null` where there is none. */
  get isKnown(): boolean { return isKnown; },
  get version(): Version | null { return version; },
  get currency(): string {
    const { currency } = document();
    return typeof currency === "string" ? currency : "EUR";
  },
  get tiers(): readonly Tier[] {
    const { tiers } = document() as { tiers?: { levels?: Tier[] } };
    return Array.isArray(tiers?.levels) ? tiers.levels : [];
  },
  /** Asks for it, as after a version was published. */
  async look(): Promise<void> {
    try {
      version = await api.get<Version>("/program");
    } catch {
      version = null;
    }
    isKnown = true;
    const { timezone } = document();
    clock.zone = typeof timezone === "string" ? timezone : "UTC";
  },
};
