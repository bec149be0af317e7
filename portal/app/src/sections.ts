// The areas of the portal: who sees them, and by which keys they are reached.

import type { IconName } from "./parts/icons";
import type { Scope } from "./session/roles";

export interface Section {
  id: "home" | "program" | "promotions" | "rewards" | "tournaments" | "players" | "adjustments" | "deadLetters" | "signals" | "topics"
    | "audit" | "keys" | "webhooks" | "nodes";
  path: string;
  icon: IconName;
  /** What somebody needs to see it; `null` for nothing. */
  scope: Scope | null;
  /** The key after `g`. */
  key: string;
  group: "loyalty" | "players" | "system";
}

export const SECTIONS: readonly Section[] = [
  { id: "home", path: "/portal/", icon: "home", scope: null, key: "h", group: "loyalty" },
  { id: "program", path: "/portal/program", icon: "sliders", scope: "program:read", key: "p", group: "loyalty" },
  { id: "promotions", path: "/portal/promotions", icon: "percent", scope: "program:read", key: "o", group: "loyalty" },
  { id: "rewards", path: "/portal/rewards", icon: "gift", scope: "rewards:read", key: "r", group: "loyalty" },
  { id: "tournaments", path: "/portal/tournaments", icon: "trophy", scope: "tournaments:read", key: "t", group: "loyalty" },
  { id: "players", path: "/portal/players", icon: "users", scope: "players:read", key: "l", group: "players" },
  { id: "adjustments", path: "/portal/adjustments", icon: "check", scope: "adjustments:read", key: "j", group: "players" },
  { id: "signals", path: "/portal/signals", icon: "flag", scope: "signals:read", key: "s", group: "players" },
  { id: "deadLetters", path: "/portal/dead-letters", icon: "inbox", scope: "dead-letters:read", key: "d", group: "players" },
  { id: "topics", path: "/portal/topics", icon: "activity", scope: "topics:read", key: "i", group: "system" },
  { id: "audit", path: "/portal/audit", icon: "list", scope: "audit:read", key: "a", group: "system" },
  { id: "keys", path: "/portal/keys", icon: "key", scope: "keys:read", key: "k", group: "system" },
  { id: "webhooks", path: "/portal/webhooks", icon: "link", scope: "webhooks:read", key: "w", group: "system" },
  { id: "nodes", path: "/portal/nodes", icon: "server", scope: null, key: "n", group: "system" },
];
