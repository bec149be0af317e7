// Whose a credential is, and what it may do.

import { api } from "../api/client";
import { Problem } from "../api/problem";
import { derived } from "./derived";
import type { Role, Scope } from "./roles";
import { ROLES } from "./roles";

/** Who signs in. */
export interface Who {
  /** Those of staff alone. */
  roles: readonly Role[];
  scopes: ReadonlySet<Scope>;
  /** Of which operator; `null` where nobody says it. */
  operatorId: string | null;
  /** When the credential ends; `null` for never. */
  until: string | null;
}

interface Told { operatorId: string; roles: string[]; scopes: string[]; until: string | null }

/** Asks, or throws the problem: 401 for a credential that is none. */
export async function who(): Promise<Who> {
  try {
    const told = await api.get<Told>("/whoami");
    return {
      roles: ROLES.filter((role) => told.roles.includes(role)),
      scopes: new Set(told.scopes as Scope[]),
      operatorId: told.operatorId,
      until: told.until,
    };
  } catch (thrown) {
    // A node that has no such route.
    if (thrown instanceof Problem && thrown.status === 404 && !/operator/.test(thrown.detail)) return await derived();
    throw thrown;
  }
}
