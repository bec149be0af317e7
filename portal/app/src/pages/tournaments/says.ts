// What a tournament is and does, in sentences.

import type { Tournament, TournamentTemplate } from "../../api/types";
import { typed } from "../../format/decimal";
import { count, exact, points } from "../../format/numbers";
import { time } from "../../format/time.svelte";
import { language } from "../../texts/catalogue.svelte";
import { type Clause, costOf, type Draft, names, type PrizeDraft, type RuleDraft, timesOf } from "./draft";
import { t } from "./texts";

export type State = Tournament["state"];

/** The colour of a state. */
export function kindOf(state: State): "plain" | "accent" | "good" | "warn" | "bad" {
  return state === "live" ? "good" : state === "scheduled" || state === "recurring" ? "accent" : state === "filling" || state === "settling" ? "warn" : "plain";
}

const TEMPLATES = ["weekend-slots-race", "biggest-win", "wager-marathon", "daily-dash"] as const;

/** A template in the reader's language; one that is not known here, as it is. */
export function inWords(template: TournamentTemplate): TournamentTemplate {
  const known = TEMPLATES.find((one) => one === template.templateId);
  return known ? { ...template, name: t(`template.${known}`), description: t(`template.${known}.text`) } : template;
}

/** Some of them, with "or" before the last. */
export function oneOf(items: readonly string[]): string {
  return new Intl.ListFormat(language.locale, { type: "disjunction" }).format(items);
}

const COLUMNS = ["wagerAmount", "winAmount", "gameId", "gameCategory", "playerSegment", "jurisdiction", "playerId", "currency", "eventType"] as const;

function column(name: string): string {
  const known = COLUMNS.find((one) => one === name);
  return known ? t(`column.${known}`) : name;
}

/** A clause, as what would have had to be. */
export function says(clause: Clause): string {
  if (clause.kind === "other") return t("clause.other", { text: clause.text });
  if ("values" in clause) return t(`clause.${clause.kind}`, { column: column(clause.column), values: oneOf(clause.values) });
  return t(`clause.${clause.kind}`, { column: column(clause.column), value: exact(clause.value) });
}

/** What counts, and what does not. */
export function ruleSays(rule: RuleDraft): string[] {
  const what = t(`counts.${rule.score}`);
  const factor = typed(rule.points)?.text;
  const said = [factor && factor !== "1" ? t("counts.times", { what, points: exact(factor) }) : what];
  const list = (key: "games" | "categories" | "segments" | "jurisdictions" | "exceptJurisdictions" | "players" | "eventTypes") => {
    const found = names(rule[key]);
    if (found.length > 0) said.push(t(`only.${key}`, { list: oneOf(found) }));
  };
  list("games");
  if (rule.source === "wagers") {
    list("categories");
    const [least, greatest] = [typed(rule.leastStake)?.text, typed(rule.greatestStake)?.text];
    if (least) said.push(t("only.leastStake", { amount: exact(least) }));
    if (greatest) said.push(t("only.greatestStake", { amount: exact(greatest) }));
    if (rule.onlyWinning) said.push(t("only.winning"));
    list("segments");
    list("jurisdictions");
    list("exceptJurisdictions");
  } else list("eventTypes");
  list("players");
  for (const { game, factor: by } of rule.multipliers) if (game.trim() && typed(by)) said.push(t("counts.game", { game, factor: exact(typed(by)?.text) }));
  return said;
}

/** A prize, in a few words. */
export function prizeSays(prize: PrizeDraft): string {
  const isOne = prize.by === "places" && (prize.to || prize.from) === prize.from;
  const who = prize.by === "percent" ? t("prize.who.percent", { percent: exact(typed(prize.percent)?.text ?? prize.percent) })
    : isOne ? t("prize.who.one", { from: prize.from }) : t("prize.who.range", { from: prize.from, to: prize.to });
  const amount = typed(prize.amount)?.text;
  const what = prize.wins === "thing" ? prize.name || t("prize.thing") : t(isOne ? "prize.what.one" : `prize.what.${prize.wins}`, { points: amount ? exact(amount) : prize.amount });
  return t("prize.says", { who, what });
}

/** What all prizes cost at most. */
export function costSays(prizes: readonly PrizeDraft[]): string {
  if (prizes.length === 0) return t("cost.none");
  const { points: sum, things, open } = costOf(prizes);
  const said = [t("cost.points", { points: points(sum) })];
  if (things > 0) said.push(t("cost.things", { count: things }));
  if (open > 0) said.push(t("cost.open"));
  return said.join(" ");
}

/** What happens once it is scheduled, a sentence each. */
export function scheduleSays(draft: Draft, now: number = Date.now()): string[] {
  const said: string[] = [];
  if (draft.takesPlace === "again") said.push(t("does.again"));
  else {
    const { starts, ends } = timesOf(draft, now);
    const hasBegun = Date.parse(starts) < now - 60_000;
    said.push(t("does.window", { starts: time(starts), ends: time(ends) }));
    if (hasBegun) said.push(t("does.fills"));
  }
  said.push(draft.by === "form" ? t("does.counts", { rule: ruleSays(draft.rule).join(" ") }) : t("does.query"));
  said.push(costSays(draft.prizes));
  if (draft.mode === "shadow") said.push(t("does.shadow"));
  else {
    said.push(draft.isPublic ? t("does.public") : t("does.players"));
    if (draft.optIn) said.push(/^\d+$/.test(draft.participantsMax.trim()) ? t("does.seats", { seats: count(Number(draft.participantsMax)) }) : t("does.optIn"));
    if (draft.prizes.length > 0) said.push(draft.approval ? t("does.approval") : t("does.paid"));
  }
  said.push(t("does.fixed"));
  return said;
}
