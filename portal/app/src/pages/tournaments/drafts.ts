// Drafts that are being typed; kept in memory while somebody looks at something else.

import { session } from "../../session/session.svelte";
import type { Draft } from "./draft";

const kept = new Map<string, Draft>();
session.onEnd(() => kept.clear());

export const drafts = {
  get: (name: string): Draft | undefined => kept.get(name),
  keep: (name: string, draft: Draft): void => { kept.set(name, draft); },
  forget: (name: string): void => { kept.delete(name); },
};
