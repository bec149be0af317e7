// Roles, and what they may do. The API says which a credential has: that decides what is shown, and the API what is done.

import type { Who } from "../api/types";

/** The roles of staff. */
export const ROLES = ["admin", "product", "support", "auditor"] as const satisfies readonly Who["roles"][number][];
export type Role = (typeof ROLES)[number];

/** What a credential may do, by the names that the API has for it. */
export type Scope = Who["scopes"][number];
