// Who is signed in. The credential is in this module's memory alone: a reload, or another tab, asks for it again.

import { use } from "../api/client";
import type { Role, Scope } from "./roles";
import { scopesOf } from "./roles";
import { who } from "./who";

let token: string | null = null;
let isIn = $state(false);
/** It was ended by the node, or by time, and not by the person. */
let hasExpired = $state(false);
let isReached = $state(true);
let roles = $state.raw<readonly Role[]>([]);
let scopes = $state.raw<ReadonlySet<Scope>>(new Set());
/** The operator that is named with each request, for credentials of several. */
let named = $state<string | null>(null);
let found = $state<string | null>(null);
let others = $state.raw<readonly string[]>([]);
const listeners = new Set<() => void>();

use({
  token: () => token,
  operatorId: () => named,
  expired: () => end(true),
  reached: (is) => { isReached = is; },
});

function become(those: readonly Role[]): void {
  roles = those;
  scopes = scopesOf(those);
}

function end(byItself: boolean): void {
  token = null;
  isIn = false;
  hasExpired = byItself;
  become([]);
  for (const listener of listeners) listener();
}

export const session = {
  get isIn() { return isIn; },
  get hasExpired() { return hasExpired; },
  /** Whether the node has answered the last request. */
  get isReached() { return isReached; },
  get roles() { return roles; },
  /** The operator whose things are shown, where that is known. */
  get operatorId() { return named ?? found; },
  /** Operators that were named in this session. */
  get operators() { return others; },

  /** Whether the roles have this scope. */
  can(scope: Scope | null): boolean {
    return scope === null || scopes.has(scope);
  },

  /** Signs in, or throws the problem. */
  async signIn(credential: string, operatorId: string | null = null): Promise<void> {
    token = credential;
    named = operatorId;
    try {
      const is = await who();
      found = is.operatorId ?? operatorId;
      become(is.roles);
      if (found && !others.includes(found)) others = [...others, found];
      hasExpired = false;
      isIn = true;
    } catch (thrown) {
      token = null;
      throw thrown;
    }
  },

  /** Shows another operator, of a credential of several. */
  async choose(operatorId: string): Promise<void> {
    const [before, credential] = [named, token];
    if (!credential) return;
    named = operatorId;
    try {
      const is = await who();
      found = operatorId;
      become(is.roles);
      if (!others.includes(operatorId)) others = [...others, operatorId];
      for (const listener of listeners) listener();
    } catch (thrown) {
      named = before;
      throw thrown;
    }
  },

  signOut(): void {
    end(false);
  },

  /** Is told when what is known of before is to be forgotten. */
  onEnd(listener: () => void): void {
    listeners.add(listener);
  },
};
