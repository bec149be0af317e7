// Names for what the API answers and takes, so far as pages need them.

import type { Decimal } from "../format/decimal";

export type { Decimal };

export interface Balance {
  playerId: string;
  operatorId: string;
  pointsBalance: Decimal;
  reserved: Decimal | null;
  available: Decimal | null;
  pending: Decimal | null;
  held: Decimal | null;
  owed: Decimal | null;
  expiring: { at: string; points: Decimal } | null;
  tier: string | null;
  tierPoints: Decimal | null;
  nextTier: { name: string; missingPoints: Decimal } | null;
  lastWagerId: string | null;
  lastUpdated: string;
  version: number | null;
  asOf?: string;
}

export type EntryKind = "earned" | "voided" | "expired" | "redeemed" | "adjusted" | "opening" | "prize";

export interface Place {
  partition: number;
  batch: number;
  slot: number;
  number: number;
}

export interface Lot {
  month: string;
  points: Decimal;
  maturesAt: string | null;
  held?: boolean;
}

export interface Parts {
  base: Decimal;
  tier: { name: string; multiplier: Decimal } | null;
  promotions: { name: string; multiply: Decimal; bonus: Decimal }[];
  rate: Decimal;
}

export interface Entry {
  sequence: number;
  kind: EntryKind;
  points: Decimal;
  balanceAfter: Decimal;
  cause: { type: string; id: string | null };
  programVersion: number;
  multiplier: Decimal | null;
  parts: Parts | null;
  tier: string | null;
  lots: { changed: Lot[]; debt: Decimal; owed: Decimal } | null;
  place: Place;
  eventTime: string;
  recordTime: string;
  hash: string;
}

export interface Outcome {
  outcome: string;
  reason: string | null;
  points: Decimal | null;
  pointsBalance: Decimal | null;
  programVersion: number | null;
  multiplier?: Decimal | null;
}

export interface Explanation extends Outcome {
  wagerId: string;
  playerId: string | null;
  parts: Parts | null;
  caps: { per: string; day: string; cut: Decimal }[];
  budgets?: { promotion: string; given: Decimal; cut: Decimal }[];
  place: Place;
  recordedAt: string;
  tournaments: { tournamentId: string; value: Decimal; scoreDelta: Decimal; score: Decimal }[];
  stages: { stage: string; result: string; detail: string }[];
}

export interface Redemption {
  id: string | null;
  playerId: string;
  operatorId: string;
  state: string;
  points: Decimal;
  item: string;
  rewardId: string | null;
  lots: Lot[];
  programVersion: number | null;
  reservedAt: string | null;
  holdUntil: string | null;
  closedAt: string | null;
  why: string | null;
}

export interface SummaryAccounts {
  players: number;
  liability: Decimal;
  debt: Decimal;
}

export interface SummaryLine {
  from: string;
  to: string;
  wagersCounted: number;
  wagersRefused: number;
  wagersVoided: number;
  newPlayers: number;
  points: Record<string, Decimal>;
  pending: Decimal;
  redemptions: Record<string, number>;
  prizes: Record<string, number>;
  redemptionRate?: Decimal;
  closing: SummaryAccounts;
}

export interface Summary {
  operatorId: string;
  by: "day" | "week" | "month";
  now: SummaryAccounts & {
    reserved: Decimal;
    pending: Decimal;
    held: Decimal;
    averageBalance?: Decimal;
    tournaments: Record<string, number>;
    underWay: { tournamentId: string; name: string; state: string; players: number; averageScore?: Decimal }[];
  };
  items: SummaryLine[];
}
