// What asks for a person, of all that Home knows.

import type { Budget, Node, Webhook } from "../../api/types";
import { roughly, signOf } from "../../format/decimal";

/** How many there are; or more, where the list goes on. */
export interface Counted {
  count: number;
  isMore: boolean;
}

export interface Facts {
  nodes?: readonly Node[] | undefined;
  deadLetters?: Counted | undefined;
  signals?: Counted | undefined;
  adjustments?: Counted | undefined;
  approvals?: Counted | undefined;
  budgets?: readonly Budget[] | undefined;
  webhooks?: readonly Webhook[] | undefined;
}

export type AlertId = "silent" | "stands" | "disk" | "clock" | "outlets" | "deadLetters" | "signals" | "adjustments" | "approvals" | "spent" | "nearlySpent" | "webhooks";

export interface Alert {
  id: AlertId;
  kind: "bad" | "warn";
  /** How many, or which. */
  count: number;
  isMore: boolean;
  names: string[];
}

/** A projection this far behind is told of. */
const BEHIND_MS = 60_000;
/** A budget of which less is left. */
const NEARLY = 0.1;

/** All that asks for somebody, what is worst first. */
export function alertsOf({ nodes = [], deadLetters, signals, adjustments, approvals, budgets = [], webhooks = [] }: Facts): Alert[] {
  const all: Alert[] = [];
  const tell = (id: AlertId, kind: Alert["kind"], count: number, names: string[] = [], isMore = false) => {
    if (count > 0) all.push({ id, kind, count, isMore, names });
  };
  const silent = nodes.filter(({ status }) => !status || status.fatal);
  tell("silent", "bad", silent.length, silent.flatMap(({ address }) => address ?? []));
  const standing = nodes.flatMap(({ status }) => (status?.standing ?? []).map(({ place }) => `${place.partition}`));
  tell("stands", "bad", standing.length, standing);
  tell("disk", "bad", nodes.filter(({ status }) => status?.diskFull).length);
  tell("clock", "bad", nodes.filter(({ status }) => status?.clockStepped).length);
  const outlets = nodes.flatMap(({ status }) => status?.outlets ?? []);
  const late = outlets.filter(({ trouble, lagBatches, lagMs }) => trouble.length > 0 || ((lagBatches ?? 0) > 0 && (lagMs ?? 0) > BEHIND_MS));
  const lateNames = [...new Set(late.map(({ name }) => name))];
  tell("outlets", "warn", lateNames.length, lateNames);
  for (const [id, found] of [["deadLetters", deadLetters], ["signals", signals], ["adjustments", adjustments], ["approvals", approvals]] as const) {
    if (found) tell(id, "warn", found.count, [], found.isMore);
  }
  const limited = budgets.flatMap(({ promotion, rest, points }) => rest !== null && points !== null ? [{ promotion, rest, points }] : []);
  const spent = limited.filter(({ rest }) => signOf(rest) <= 0);
  const nearly = limited.filter(({ rest, points }) => signOf(rest) > 0 && roughly(rest) < NEARLY * roughly(points));
  tell("spent", "warn", spent.length, spent.map(({ promotion }) => promotion));
  tell("nearlySpent", "warn", nearly.length, nearly.map(({ promotion }) => promotion));
  const disabled = webhooks.filter(({ disabledWhy }) => disabledWhy);
  tell("webhooks", "warn", disabled.length, disabled.map(({ url }) => url));
  return all;
}
