// Why a wager earned what it did, in sentences: what came of it first, then the part that each rule had.

import type { Explanation, RecordedEvent } from "../../api/types";
import { compare, type Decimal, negated, plus, signOf } from "../../format/decimal";
import { exact, money, NOTHING, points } from "../../format/numbers";
import { day, time } from "../../format/time.svelte";
import { t } from "./texts";

/** What is known of the wager itself, as it came; all of it optional, for the log keeps it for seven days. */
export interface WagerFacts {
  gameId?: string;
  gameCategory?: string;
  wagerAmount?: Decimal;
  winAmount?: Decimal | null;
  currency?: string;
  jurisdiction?: string;
  playerSegment?: string | null;
  timestamp?: string;
}

/** The parts of a program that sentences name. */
export interface ProgramFacts {
  currency?: string;
  eligibility?: { minWager?: Decimal; where?: string };
  jurisdictions?: Record<string, { eligibility?: { minWager?: Decimal; where?: string } } | null>;
}

export interface Verdict {
  kind: "good" | "warn" | "bad";
  title: string;
  text: string;
  /** What can be done about it. */
  todo: string | null;
}

export interface Step {
  id: string;
  kind: "good" | "warn" | "bad" | "plain";
  title: string;
  text: string;
  /** What came of the step, such as a factor. */
  effect?: string;
  href?: "letter" | "tournament";
  target?: string;
}

const REFUSED = [
  "voided", "operator_unknown", "mode_off", "no_program", "jurisdiction_disabled", "no_consent", "player_denied", "segment_denied",
  "segment_not_allowed", "category_not_eligible", "currency_unsupported", "below_minimum", "not_matched", "zero_multiplier",
  "too_old_for_cap", "self_excluded",
] as const;
const DEAD = ["malformed", "in_future", "too_late", "id_conflict", "out_of_range", "skipped", "wrong_partition"] as const;

function one<T extends string>(of: readonly T[], text: string | null): T | undefined {
  return of.find((known) => known === text);
}

/** What the log has of the wager. */
export function factsOf(recorded: RecordedEvent | null | undefined): WagerFacts {
  return (recorded?.event ?? {}) as WagerFacts;
}

function stakeOf({ wagerAmount, currency }: WagerFacts): string {
  return wagerAmount === undefined || currency === undefined ? t("verdict.stake") : money(wagerAmount, currency);
}

/** Why a rule said no, with the values that it was about. */
export function refusal(reason: string | null, facts: WagerFacts = {}, program: ProgramFacts | null = null): string {
  const known = one(REFUSED, reason);
  if (!known) return t("refused.other", { reason: reason ?? NOTHING });
  const own = facts.jurisdiction === undefined ? null : program?.jurisdictions?.[facts.jurisdiction];
  const least = own?.eligibility?.minWager ?? program?.eligibility?.minWager;
  const where = own?.eligibility?.where ?? program?.eligibility?.where;
  if (known === "below_minimum" && least !== undefined && program?.currency) {
    return t("refused.below_minimum.least", { stake: stakeOf(facts), least: money(least, program.currency) });
  }
  if (known === "not_matched" && where) return t("refused.not_matched.where", { where });
  if (known === "below_minimum" && facts.wagerAmount === undefined) return t("refused.below_minimum.unknown");
  return t(`refused.${known}`, {
    stake: stakeOf(facts), category: facts.gameCategory ?? NOTHING, game: facts.gameId ?? NOTHING, currency: facts.currency ?? NOTHING,
    jurisdiction: facts.jurisdiction ?? NOTHING, segment: facts.playerSegment ?? NOTHING,
  });
}

/** What may have become of an event. */
export const BECAME = ["counted", "refused", "repeated", "voided", "dead_letter"] as const;
const LOOKS = { counted: "good", refused: "warn", repeated: "plain", voided: "plain", dead_letter: "bad" } as const;

/** What became of an event, in a word, and why where it gave nothing. */
export function became(event: RecordedEvent): { kind: "good" | "warn" | "bad" | "plain"; word: string; text: string } {
  const outcome = one(BECAME, event.outcome);
  if (!outcome) return { kind: "plain", word: event.outcome, text: "" };
  const dead = outcome === "dead_letter" ? one(DEAD, event.reason) : undefined;
  const text = outcome === "refused" ? refusal(event.reason, factsOf(event)) : dead ? t(`dead.${dead}`) : "";
  if (outcome === "counted" && event.kind === "wager" && event.points !== null && signOf(event.points) === 0) return { kind: "warn", word: t("became.counted"), text: t("became.nothing") };
  return { kind: LOOKS[outcome], word: t(`became.${outcome}`), text };
}

/** The time at which the wager was taken back, and what that took; nothing where it was not. */
export function voidOf({ stages }: Explanation): { at: string | null; taken: string } | null {
  const stage = stages.find((found) => found.stage === "voided");
  if (!stage) return null;
  const at = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(stage.detail)?.[0] ?? null;
  return { at, taken: signOf(stage.result) < 0 ? negated(stage.result) : stage.result };
}

function cutOf({ caps }: Explanation): Decimal {
  return caps.reduce<Decimal>((sum, { cut }) => plus(sum, cut), "0");
}

function bonusOf({ parts }: Explanation): Decimal {
  return (parts?.promotions ?? []).reduce<Decimal>((sum, { bonus }) => plus(sum, bonus), "0");
}

/** What came of it, to be read first. */
export function verdictOf(found: Explanation, facts: WagerFacts = {}, program: ProgramFacts | null = null): Verdict {
  if (found.outcome === "dead_letter") {
    const known = one(DEAD, found.reason);
    const isOpen = found.deadLetters?.some((letter) => letter.state === "open") ?? true;
    return {
      kind: "bad", title: t("verdict.dead"), text: known ? t(`dead.${known}`) : found.detail ?? "",
      todo: isOpen ? t("verdict.todo.dead") : t("verdict.todo.done"),
    };
  }
  if (found.outcome !== "counted") {
    return { kind: "warn", title: t("verdict.refused"), text: refusal(found.reason, facts, program), todo: null };
  }
  const earned = found.points ?? 0;
  const taken = voidOf(found);
  if (taken) {
    return {
      kind: "warn", title: t("verdict.voided", { points: points(earned) }),
      text: t("verdict.voided.text", { time: time(taken.at), taken: points(taken.taken) }), todo: null,
    };
  }
  const cut = cutOf(found);
  if (signOf(earned) === 0) {
    const text = signOf(cut) > 0
      ? t("verdict.nothing.cap", { day: day(found.caps[0]?.day), cut: points(cut) }) : t("verdict.nothing.round");
    return { kind: "warn", title: t("verdict.nothing"), text, todo: null };
  }
  const values = { stake: stakeOf(facts), multiplier: exact(found.multiplier), bonus: points(bonusOf(found)) };
  const how = signOf(bonusOf(found)) > 0 ? t("verdict.earned.bonus", values) : t("verdict.earned.text", values);
  const text = signOf(cut) > 0 ? `${how} ${t("verdict.cut", { cut: points(cut) })}` : how;
  return { kind: "good", title: t("verdict.earned", { points: points(earned) }), text, todo: null };
}

/** The part that each rule had, in the order in which they are asked. */
export function stepsOf(found: Explanation, facts: WagerFacts = {}, program: ProgramFacts | null = null): Step[] {
  const steps: Step[] = [{ id: "received", kind: "good", title: t("step.received"), text: t("step.received.text", { time: time(found.recordedAt) }) }];
  const add = (step: Step) => steps.push(step);
  if (found.outcome !== "dead_letter") add({ id: "duplicate", kind: "good", title: t("step.duplicate"), text: t("step.duplicate.text") });
  if (found.outcome === "counted") counted(found, facts, add);
  else if (found.outcome !== "dead_letter") {
    add({ id: "eligible", kind: "bad", title: t("step.eligible"), text: refusal(found.reason, facts, program), effect: points(0) });
  }
  const taken = voidOf(found);
  if (taken) {
    add({
      id: "voided", kind: "warn", title: t("step.voided"), text: t("step.voided.text", { time: time(taken.at) }),
      effect: points(negated(taken.taken)),
    });
  }
  for (const { tournamentId, value, scoreDelta, score } of found.tournaments) {
    add({
      id: `tournament-${tournamentId}`, kind: "plain", title: t("step.tournament", { id: tournamentId }), href: "tournament", target: tournamentId,
      text: t("step.tournament.text", { value: exact(value), score: exact(score) }), effect: exact(scoreDelta, { signed: true }),
    });
  }
  for (const { id, reason, state } of found.deadLetters ?? []) {
    const known = one(DEAD, reason);
    const text = [known ? t(`dead.${known}`) : reason, t(`step.dead.${state}`, { id })].join(" ");
    add({ id: `letter-${id}`, kind: state === "open" ? "bad" : "plain", title: t("step.dead"), text, href: "letter", target: id });
  }
  for (const [at, other] of (found.others ?? []).entries()) {
    add({
      id: `other-${at}`, kind: "plain", title: t("step.other"),
      text: t("step.other.text", { player: other.playerId ?? NOTHING, outcome: t(`outcome.${other.outcome}`) }),
    });
  }
  return steps;
}

function times(value: Decimal): string {
  return `× ${exact(value)}`;
}

function counted(found: Explanation, facts: WagerFacts, add: (step: Step) => void): void {
  add({ id: "eligible", kind: "good", title: t("step.eligible"), text: t("step.eligible.yes", { version: found.programVersion ?? 0 }) });
  const { parts } = found;
  if (parts) {
    const { gameId: game, gameCategory: category, currency } = facts;
    const base = exact(parts.base);
    add({
      id: "base", kind: "good", title: t("step.base"), effect: times(parts.base),
      text: game && category && currency ? t("step.base.text", { game, category, currency, base }) : t("step.base.short", { base }),
    });
    if (compare(parts.rate, "1") !== 0) {
      add({ id: "rate", kind: "plain", title: t("step.rate"), text: t("step.rate.text", { currency: currency ?? NOTHING, rate: exact(parts.rate) }), effect: times(parts.rate) });
    }
    if (parts.tier) add({ id: "tier", kind: "good", title: t("step.tier"), text: t("step.tier.text", { name: parts.tier.name }), effect: times(parts.tier.multiplier) });
    for (const { name, multiply, bonus } of parts.promotions) {
      const [multiplies, gives] = [compare(multiply, "1") !== 0, signOf(bonus) > 0];
      add({
        id: `promotion-${name}`, kind: "good", title: t("step.promotion", { name }),
        text: multiplies && gives ? t("step.promotion.both", { bonus: points(bonus) }) : gives ? t("step.promotion.bonus") : t("step.promotion.multiply"),
        effect: multiplies ? times(multiply) : points(bonus, { signed: true }),
      });
    }
  }
  for (const { promotion, given, cut } of found.budgets ?? []) {
    const isCut = signOf(cut) > 0;
    add({
      id: `budget-${promotion}`, kind: isCut ? "warn" : "good", title: t("step.budget", { name: promotion }),
      text: isCut ? t("step.budget.text", { given: points(given), cut: points(cut) }) : t("step.budget.within", { given: points(given) }), ...(isCut ? { effect: points(negated(cut)) } : {}),
    });
  }
  for (const { day: of, cut } of found.caps) {
    const isCut = signOf(cut) > 0;
    add({
      id: `cap-${of}`, kind: isCut ? "warn" : "good", title: t("step.caps"),
      text: isCut ? t("step.caps.cut", { day: day(of), cut: points(cut) }) : t("step.caps.room", { day: day(of) }),
      ...(isCut ? { effect: points(negated(cut)) } : {}),
    });
  }
  add({ id: "points", kind: "good", title: t("step.points"), text: t("step.points.text"), effect: points(found.points) });
  const isEntry = found.pointsBalance !== null;
  add({
    id: "balance", kind: isEntry ? "good" : "plain", title: t("step.balance"), text: isEntry ? t("step.balance.text") : t("step.balance.none"),
    ...(isEntry ? { effect: points(found.pointsBalance) } : {}),
  });
}

/** How an entry of the ledger was reckoned, in short: `0.12 × 1.5 gold + 5.00 high-tables`. */
export function reckoned(parts: Explanation["parts"]): string {
  if (!parts) return "";
  const factors = [exact(parts.base)];
  if (compare(parts.rate, "1") !== 0) factors.push(exact(parts.rate));
  if (parts.tier && compare(parts.tier.multiplier, "1") !== 0) factors.push(`${exact(parts.tier.multiplier)} ${parts.tier.name}`);
  for (const { name, multiply } of parts.promotions) if (compare(multiply, "1") !== 0) factors.push(`${exact(multiply)} ${name}`);
  const added = parts.promotions.filter(({ bonus }) => signOf(bonus) > 0).map(({ name, bonus }) => ` + ${points(bonus)} ${name}`);
  return factors.join(" × ") + added.join("");
}
