import type { Scope } from "../../session/roles";

export const TOPICS = [
  "wager.events", "player.events.raw", "loyalty.eligible", "loyalty.calculated", "loyalty.balances", "loyalty.tiers", "loyalty.redemptions",
  "fraud.signals", "tournament.eligible", "tournament.scores", "leaderboard.updates", "accolade.dead-letters",
] as const;
export type Topic = (typeof TOPICS)[number];

/** Those of which the API tells as it happens, and what somebody needs for that. */
export const LIVE: Partial<Record<Topic, Scope>> = {
  "loyalty.redemptions": "events:read",
  "fraud.signals": "signals:read",
  "leaderboard.updates": "tournaments:read",
};
