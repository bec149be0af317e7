// Which role may do what, as the API's matrix has it. It decides what is shown; the API decides what is done.

/** The roles of staff. */
export const ROLES = ["admin", "product", "support", "auditor"] as const;
export type Role = (typeof ROLES)[number];

const ALL = [
  "events:read", "players:read", "ledger:read", "players:write", "redemptions:reserve", "redemptions:settle",
  "adjustments:read", "adjustments:write", "adjustments:approve", "signals:read", "signals:write", "openings:write",
  "program:read", "program:write", "rewards:read", "rewards:write", "tournaments:read", "tournaments:write",
  "tournaments:join", "keys:read", "keys:write", "player-tokens:sign", "dead-letters:read", "dead-letters:write",
  "webhooks:read", "webhooks:write", "reports:read", "audit:read",
] as const;

export type Scope = (typeof ALL)[number];

const SCOPES: Record<Role, readonly Scope[]> = {
  admin: ALL,
  product: [
    "program:read", "program:write", "rewards:read", "rewards:write", "tournaments:read", "tournaments:write",
    "adjustments:read", "adjustments:approve", "reports:read",
  ],
  support: [
    "events:read", "players:read", "players:write", "redemptions:reserve", "redemptions:settle", "adjustments:read",
    "adjustments:write", "adjustments:approve", "signals:read", "signals:write", "program:read", "rewards:read",
    "tournaments:read", "tournaments:join", "dead-letters:read",
  ],
  auditor: [
    "events:read", "players:read", "ledger:read", "adjustments:read", "signals:read", "program:read", "rewards:read",
    "tournaments:read", "keys:read", "dead-letters:read", "webhooks:read", "reports:read", "audit:read",
  ],
};

/** What these roles may do together. */
export function scopesOf(roles: readonly Role[]): ReadonlySet<Scope> {
  return new Set(roles.flatMap((role) => SCOPES[role]));
}
