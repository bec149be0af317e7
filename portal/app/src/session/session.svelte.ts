// Who is signed in. The credential is in this module's memory alone: a reload, or another tab, asks for it again.

import { use } from "../api/client";
import type { Role, Scope } from "./roles";
import { type Who, who } from "./who";

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
let timer: ReturnType<typeof setTimeout> | undefined;
/** A browser's timer cannot wait for longer. */
const WAIT_MAX_MS = 2_147_483_647;

use({
  token: () => token,
  operatorId: () => named,
  expired: () => { if (isIn) end(true); },
  reached: (is) => { isReached = is; },
});

function become(is: Who | null): void {
  roles = is?.roles ?? [];
  scopes = is?.scopes ?? new Set();
  clearTimeout(timer);
  if (is?.until) endAt(Date.parse(is.until));
}

/** A session ends when its credential does, whether or not anything is asked then. */
function endAt(time: number): void {
  const rest = time - Date.now();
  timer = setTimeout(() => rest > WAIT_MAX_MS ? endAt(time) : end(true), Math.min(Math.max(rest, 0), WAIT_MAX_MS));
}

function end(byItself: boolean): void {
  token = null;
  isIn = false;
  hasExpired = byItself;
  others = [];
  become(null);
  for (const listener of listeners) listener();
}

function add(operatorIds: readonly string[]): void {
  others = [...new Set([...others, ...operatorIds])];
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

  /** Signs in, or throws the problem. `operators` are those that the credential is for, where that is known. */
  async signIn(credential: string, operatorId: string | null = null, operators: readonly string[] = []): Promise<void> {
    token = credential;
    named = operatorId;
    try {
      const is = await who();
      found = is.operatorId;
      become(is);
      add(found ? [...operators, found] : operators);
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
      become(is);
      add([operatorId]);
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
