// Whose a credential is, and what it may do.

import { api } from "../api/client";
import type { Who as Told } from "../api/types";
import type { Role, Scope } from "./roles";
import { ROLES } from "./roles";

/** Who signs in. */
export interface Who {
  /** Those of staff alone. */
  roles: readonly Role[];
  scopes: ReadonlySet<Scope>;
  operatorId: string;
  /** When the credential ends; `null` for never. */
  until: string | null;
}

/** Asks, or throws the problem: 401 for a credential that is none. */
export async function who(): Promise<Who> {
  const told = await api.get<Told>("/whoami");
  return {
    roles: ROLES.filter((role) => told.roles.includes(role)),
    scopes: new Set(told.scopes),
    operatorId: told.operatorId,
    until: told.until,
  };
}
