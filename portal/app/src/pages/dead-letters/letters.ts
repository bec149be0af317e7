// What pages of dead letters have in common.

import type { DeadLetter } from "../../api/types";
import { t } from "./texts";

export type Reason = DeadLetter["reason"];
export type State = DeadLetter["state"];
export const REASONS: readonly Reason[] = ["malformed", "in_future", "too_late", "id_conflict", "out_of_range", "skipped", "wrong_partition"];
export const STATES: readonly State[] = ["open", "released", "discarded"];
export const KINDS = ["wager", "game_event", "command", "control"] as const;

const SAME = ["in_future", "too_late", "id_conflict", "skipped", "wrong_partition"] as const;

/** What is wrong: the same for all of a reason, in the reader's language, or what the API says of this one. */
export function whyOf({ reason, detail }: DeadLetter): string {
  const same = SAME.find((one) => one === reason);
  return same ? t(`why.${same}`) : detail;
}

/** The filter of the list, which changes of many take as well, but for the state: those are of open letters. */
export interface Filter {
  reason: string;
  kind: string;
  from: string | null;
  to: string | null;
  playerId: string;
}

/** The id of the event in a letter, where it can be read, and whether it is a wager. */
export function eventOf(original: string): { id: string; isWager: boolean } | null {
  try {
    const { wagerId, event_id: eventId } = JSON.parse(original) as Record<string, unknown>;
    if (typeof wagerId === "string") return { id: wagerId, isWager: true };
    return typeof eventId === "string" ? { id: eventId, isWager: false } : null;
  } catch {
    const found = /"wagerId"\s*:\s*"([^"]+)"/.exec(original)?.[1];
    return found === undefined ? null : { id: found, isWager: true };
  }
}
