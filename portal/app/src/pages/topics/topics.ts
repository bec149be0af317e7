export const TOPICS = [
  "wager.events", "player.events.raw", "loyalty.eligible", "loyalty.calculated", "loyalty.balances", "loyalty.tiers", "loyalty.redemptions",
  "fraud.signals", "tournament.eligible", "tournament.scores", "leaderboard.updates", "accolade.dead-letters",
] as const;
export type Topic = (typeof TOPICS)[number];
