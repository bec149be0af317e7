// Roles, and what they may do. The API says which a credential has: that decides what is shown, and the API what is done.

/** The roles of staff. */
export const ROLES = ["admin", "product", "support", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** What a credential may do, by the names that the API has for it. */
export type Scope =
  | "events:read" | "players:read" | "ledger:read" | "players:write" | "redemptions:reserve" | "redemptions:settle"
  | "adjustments:read" | "adjustments:write" | "adjustments:approve" | "signals:read" | "signals:write"
  | "openings:write" | "program:read" | "program:write" | "rewards:read" | "rewards:write" | "tournaments:read"
  | "tournaments:write" | "tournaments:join" | "keys:read" | "keys:write" | "player-tokens:sign"
  | "dead-letters:read" | "dead-letters:write" | "webhooks:read" | "webhooks:write" | "reports:read" | "audit:read"
  | "nodes:read" | "topics:read";
