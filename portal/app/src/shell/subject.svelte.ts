// Whoever did something, as the API names them, for people to read.

import { api } from "../api/client";
import type { Keys } from "../api/types";
import { session } from "../session/session.svelte";
import { t } from "./texts";

let names = $state.raw<ReadonlyMap<string, string>>(new Map());
/** None is asked for twice. */
const asked = new Set<string>();
let isAsking = false;
session.onEnd(() => {
  names = new Map();
  asked.clear();
});

/** Accolade itself; a key by its name, where that may be known, and its operator where that is another one; people as their
 * provider names them. */
export function whose(subject: string): string {
  if (subject === "accolade") return t("name");
  const found = /^the key (.+) of (\S+)$/.exec(subject);
  if (!found) return subject;
  const [, id = "", operator = ""] = found;
  if (operator !== session.operatorId) return t("subject.keyOf", { name: id, operator });
  if (!names.has(id)) learn(id);
  return t("subject.key", { name: names.get(id) ?? id });
}

function learn(id: string): void {
  if (isAsking || asked.has(id) || !session.can("keys:read")) return;
  asked.add(id);
  isAsking = true;
  const of = session.operatorId;
  const know = ({ items }: Keys) => { if (session.operatorId === of) names = new Map(items.map((key) => [key.id, key.name])); };
  void api.get<Keys>("/keys").then(know, () => {}).finally(() => { isAsking = false; });
}
