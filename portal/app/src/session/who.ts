// Who a credential is. No route of the API tells it, so it follows from what each role alone is answered: changes are
// asked as dry runs with nothing in them, so a 400 says that they were allowed, and a 403 that they were not.

import { api, type Changing } from "../api/client";
import { Problem } from "../api/problem";
import type { Summary } from "../api/types";
import type { Role } from "./roles";

/** Who signs in. */
export interface Who {
  roles: Role[];
  /** Of which operator; `null` where nothing that the roles may see names it. */
  operatorId: string | null;
}

/** Finds out, or throws the problem: 401 for a credential that is none. */
export async function who(): Promise<Who> {
  const probe: Changing = { body: {}, dryRun: true };
  const today = new Date().toISOString().slice(0, 10);
  const [admin, product, support, auditor, summary] = await Promise.all([
    isAllowed(() => api.post("/keys", probe)),
    isAllowed(() => api.post("/rewards", probe)),
    isAllowed(() => api.post("/players/-/adjustments", probe)),
    isAllowed(() => api.get("/audit", { query: { limit: 1 } })),
    ifAllowed(() => api.get<Summary>("/summary", { query: { from: today, to: today } })),
  ]);
  const roles: Role[] = [];
  if (admin) roles.push("admin");
  else {
    if (product) roles.push("product");
    if (support) roles.push("support");
    if (auditor) roles.push("auditor");
  }
  return { roles, operatorId: summary?.operatorId ?? null };
}

async function isAllowed(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    if (thrown.status === 403) return false;
    // Whatever else a body that says nothing, or a player whom nobody knows, is answered was allowed.
    if ([400, 404, 409, 422].includes(thrown.status) && !isAboutOperators(thrown)) return true;
    throw thrown;
  }
}

async function ifAllowed<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof Problem && (thrown.status === 403 || thrown.status === 503)) return null;
    throw thrown;
  }
}

function isAboutOperators(problem: Problem): boolean {
  return /operator/i.test(problem.detail) && problem.errors.length === 0;
}
