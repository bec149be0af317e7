// Whoever did something, as the API names them, for people to read.

import { session } from "../session/session.svelte";
import { t } from "./texts";

/** Accolade itself, a key by its name, and its operator where that is another one; people as their provider names them. */
export function whose(subject: string): string {
  if (subject === "accolade") return t("name");
  const found = /^the key (.+) of (\S+)$/.exec(subject);
  if (!found) return subject;
  const [, name = "", operator = ""] = found;
  return operator === session.operatorId ? t("subject.key", { name }) : t("subject.keyOf", { name, operator });
}
