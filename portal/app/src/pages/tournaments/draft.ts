// What somebody is about to make of a tournament, as fields have it, and as the API takes it.

import type {
  Decimal, PrizeThing, Tournament, TournamentChange, TournamentForm, TournamentPrize, TournamentRecurrence, TournamentTemplate,
} from "../../api/types";
import { Exact, plus, typed } from "../../format/decimal";
import { toInstant, toLocal } from "../../format/time.svelte";

/** A window by its name; `own` has its times in fields. */
export const PRESETS = ["now", "tomorrow", "weekend", "nextWeek", "nextMonth", "own"] as const;
export type Preset = (typeof PRESETS)[number];

export interface PrizeDraft {
  /** By places, or by hundredths of the players. */
  by: "places" | "percent";
  from: string;
  to: string;
  percent: string;
  wins: "points" | "pool" | "thing";
  amount: string;
  kind: string;
  name: string;
  worth: string;
  currency: string;
}

export interface RuleDraft {
  source: "wagers" | "gameEvents";
  score: NonNullable<TournamentForm["score"]>;
  points: string;
  games: string;
  categories: string;
  leastStake: string;
  greatestStake: string;
  onlyWinning: boolean;
  segments: string;
  jurisdictions: string;
  exceptJurisdictions: string;
  players: string;
  eventTypes: string;
  multipliers: { game: string; factor: string }[];
}

export type Rhythm = "daily" | "weekly" | "monthly" | "cron";

export interface Draft {
  id: string;
  name: string;
  description: string;
  /** What says which events count. */
  by: "form" | "query";
  rule: RuleDraft;
  query: string;
  score: string;
  takesPlace: "once" | "again";
  preset: Preset;
  starts: string;
  ends: string;
  timezone: string;
  rhythm: Rhythm;
  on: string[];
  at: string;
  day: string;
  cron: string;
  lasts: string;
  graceSeconds: string;
  cap: string;
  capPerHour: string;
  capPerDay: string;
  ties: Tournament["ties"];
  eventsMin: string;
  publicPositions: string;
  masked: boolean;
  cadence: Tournament["cadence"];
  isPublic: boolean;
  optIn: boolean;
  participantsMax: string;
  mode: Tournament["mode"];
  prizes: PrizeDraft[];
  approval: boolean;
}

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const RULE: RuleDraft = {
  source: "wagers", score: "stakes", points: "1", games: "", categories: "", leastStake: "", greatestStake: "", onlyWinning: false, segments: "",
  jurisdictions: "", exceptJurisdictions: "", players: "", eventTypes: "", multipliers: [],
};

/** A prize for one more place than there are so far. */
export function newPrize(before: readonly PrizeDraft[], currency = "EUR"): PrizeDraft {
  const last = before.filter((prize) => prize.by === "places").at(-1);
  const from = last ? String((Number(last.to || last.from) || 0) + 1) : "1";
  return { by: "places", from, to: from, percent: "10", wins: "points", amount: "100", kind: "", name: "", worth: "", currency };
}

/** One with nothing in it but what goes for most. */
export function blank(timezone: string): Draft {
  return {
    id: "", name: "", description: "", by: "form", rule: { ...RULE }, query: "", score: "", takesPlace: "once", preset: "weekend", starts: "", ends: "",
    timezone, rhythm: "weekly", on: ["sat"], at: "00:00", day: "1", cron: "", lasts: "2d", graceSeconds: "30", cap: "", capPerHour: "",
    capPerDay: "", ties: "first", eventsMin: "0", publicPositions: "100", masked: false, cadence: "realTime", isPublic: false, optIn: false,
    participantsMax: "", mode: "live", prizes: [newPrize([])], approval: true,
  };
}

/** One of a usual kind. A person approves before anything is paid, unless that is taken away. */
export function ofTemplate(template: TournamentTemplate, timezone: string): Draft {
  const rhythm = rhythmOf(template.recurs);
  const preset: Preset = rhythm.rhythm === "daily" ? "tomorrow" : rhythm.rhythm === "monthly" ? "nextMonth"
    : rhythm.on.includes("sat") ? "weekend" : "nextWeek";
  return {
    ...blank(timezone), ...rhythm, preset, name: template.name, description: template.description, rule: ruleOf(template.form), query: template.query,
    cap: text(template.cap), ties: template.ties, prizes: template.prizes.map(prizeOf),
  };
}

/** What is there, to be changed; or, with `isNew`, to be done once more: at the same time of the week, the next time. */
export function ofTournament(there: Tournament, { isNew = false, now = Date.now() }: { isNew?: boolean; now?: number } = {}): Draft {
  let [starts, ends] = [there.starts, there.ends];
  if (isNew && starts && ends) [starts, ends] = onceMore(starts, ends, there.timezone, now);
  return {
    ...blank(there.timezone), ...(there.recurs ? rhythmOf(there.recurs) : {}),
    id: isNew ? "" : there.tournamentId, name: there.name, description: there.description,
    by: there.form ? "form" : "query", rule: there.form ? ruleOf(there.form) : { ...RULE }, query: pretty(there.query), takesPlace: there.recurs ? "again" : "once",
    preset: "own", starts: toLocal(starts, there.timezone), ends: toLocal(ends, there.timezone), timezone: there.timezone,
    graceSeconds: String(there.graceSeconds), cap: text(there.cap), capPerHour: text(there.capPerHour), capPerDay: text(there.capPerDay), ties: there.ties,
    eventsMin: String(there.eventsMin), publicPositions: String(there.publicPositions), masked: there.masked, cadence: there.cadence,
    isPublic: there.public, optIn: there.optIn, participantsMax: there.participantsMax === null ? "" : String(there.participantsMax), mode: there.mode,
    prizes: there.prizes.map(prizeOf), approval: there.approval,
  };
}

function onceMore(starts: string, ends: string, timezone: string, now: number): [string, string] {
  const DAY_MS = 86_400_000;
  const [from, to] = [`${toLocal(starts, timezone)}:00Z`, `${toLocal(ends, timezone)}:00Z`].map(Date.parse) as [number, number];
  const wall = Date.parse(`${toLocal(new Date(now).toISOString(), timezone)}:00Z`);
  const length = to - from;
  const step = length > 7 * DAY_MS ? Math.ceil(length / (7 * DAY_MS)) * 7 : length > DAY_MS ? 7 : 1;
  const times = Math.max(1, Math.ceil((wall - from) / (step * DAY_MS)));
  const moved = (at: number) => toInstant(new Date(at + times * step * DAY_MS).toISOString().slice(0, 16), timezone) ?? "";
  return [moved(from), moved(to)];
}

/** The form of a draft's rule, from that of the API. */
export function ruleOf(form: TournamentForm): RuleDraft {
  const source = form.source ?? "wagers";
  const list = (names: readonly string[] | undefined) => (names ?? []).join(", ");
  return {
    source, score: form.score ?? (source === "wagers" ? "stakes" : "scores"), points: text(form.points ?? 1), games: list(form.games), categories: list(form.categories),
    leastStake: text(form.leastStake), greatestStake: text(form.greatestStake), onlyWinning: form.onlyWinning ?? false, segments: list(form.segments),
    jurisdictions: list(form.jurisdictions), exceptJurisdictions: list(form.exceptJurisdictions), players: list(form.players),
    eventTypes: list(form.eventTypes), multipliers: Object.entries(form.multipliers ?? {}).map(([game, factor]) => ({ game, factor: text(factor) })),
  };
}

/** The same for the API. What is no number goes as it was typed, so that the API says what is wrong with it. */
export function formOf(rule: RuleDraft): Record<string, unknown> {
  const form: Record<string, unknown> = { source: rule.source, score: rule.score, points: amount(rule.points) ?? 1 };
  const put = (key: string, value: unknown) => { if (value !== null && value !== false && !(Array.isArray(value) && value.length === 0)) form[key] = value; };
  put("games", names(rule.games));
  put("players", names(rule.players));
  if (rule.source === "wagers") {
    for (const key of ["categories", "segments", "jurisdictions", "exceptJurisdictions"] as const) put(key, names(rule[key]));
    put("leastStake", amount(rule.leastStake));
    put("greatestStake", amount(rule.greatestStake));
    put("onlyWinning", rule.onlyWinning);
  } else put("eventTypes", names(rule.eventTypes));
  const factors = rule.multipliers.filter(({ game }) => game.trim() !== "");
  if (factors.length > 0) form["multipliers"] = Object.fromEntries(factors.map(({ game, factor }) => [game.trim(), amount(factor) ?? 1]));
  return form;
}

/** Names between commas. */
export function names(list: string): string[] {
  return [...new Set(list.split(/[,\n]/).map((name) => name.trim()).filter(Boolean))];
}

/** The scores that events of a source have. */
export function scoresOf(source: RuleDraft["source"]): RuleDraft["score"][] {
  return source === "wagers" ? ["stakes", "returns", "bestWin", "bestRatio", "wagers"] : ["scores", "bestScore", "events"];
}

function text(value: Decimal | null | undefined): string {
  if (value === null || value === undefined) return "";
  return String(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function amount(value: string): Exact | string | null {
  if (value.trim() === "") return null;
  return typed(value) ?? value;
}

function whole(value: string, without: number): number | string {
  const plain = value.trim();
  return plain === "" ? without : /^\d{1,10}$/.test(plain) ? Number(plain) : plain;
}

function rhythmOf(recurs: TournamentRecurrence): Pick<Draft, "rhythm" | "on" | "at" | "day" | "cron" | "lasts"> {
  const { daily, weekly, monthly, cron, lasts } = recurs;
  return {
    rhythm: daily ? "daily" : weekly ? "weekly" : monthly ? "monthly" : "cron", on: weekly?.on ?? ["sat"], at: (daily ?? weekly ?? monthly)?.at ?? "00:00",
    day: String(monthly?.day ?? 1), cron: cron ?? "", lasts: lasts ?? "",
  };
}

/** When it takes place again, for the API. */
export function recursOf(draft: Draft): TournamentRecurrence {
  const when: TournamentRecurrence = draft.rhythm === "daily" ? { daily: { at: draft.at } }
    : draft.rhythm === "weekly" ? { weekly: { on: DAYS.filter((day) => draft.on.includes(day)), at: draft.at } }
      : draft.rhythm === "monthly" ? { monthly: { day: Number(draft.day) || 1, at: draft.at } }
        : { cron: draft.cron.trim() };
  return draft.lasts.trim() === "" ? when : { ...when, lasts: draft.lasts.trim() };
}

function prizeOf(prize: TournamentPrize): PrizeDraft {
  const thing = prize.thing ?? null;
  return {
    by: prize.topPercent !== null && prize.topPercent !== undefined ? "percent" : "places", from: text(prize.from ?? 1), to: text(prize.to ?? prize.from ?? 1),
    percent: text(prize.topPercent ?? 10), wins: thing ? "thing" : prize.pool !== null && prize.pool !== undefined ? "pool" : "points", amount: text(prize.pool ?? prize.points ?? null),
    kind: thing?.kind ?? "", name: thing?.name ?? "", worth: thing?.value?.amount ?? "", currency: thing?.value?.currency ?? "EUR",
  };
}

/** A prize for the API. */
export function prizeFor(draft: PrizeDraft): Record<string, unknown> {
  const prize: Record<string, unknown> = draft.by === "percent" ? { topPercent: amount(draft.percent) }
    : { from: whole(draft.from, 1), ...(draft.to.trim() === "" ? {} : { to: whole(draft.to, 1) }) };
  if (draft.wins === "thing") {
    const thing: PrizeThing = { kind: draft.kind.trim(), name: draft.name.trim() };
    const worth = draft.worth.trim().replace(",", ".");
    prize["thing"] = worth === "" ? thing : { ...thing, value: { amount: worth, currency: draft.currency.trim() } };
  } else prize[draft.wins] = amount(draft.amount);
  return prize;
}

/** From when to when a preset is, in the tournament's zone. */
export function windowOf(preset: Exclude<Preset, "own">, timezone: string, now: number = Date.now()): { starts: string; ends: string } {
  const DAY_MS = 86_400_000;
  if (preset === "now") return { starts: instant(now + 2_000), ends: instant(now + 2_000 + DAY_MS) };
  const today = Date.parse(`${toLocal(new Date(now).toISOString(), timezone).slice(0, 10)}T00:00:00Z`);
  const day = (days: number) => new Date(today + days * DAY_MS).toISOString().slice(0, 10);
  const from = (days: number, to: number) => ({ starts: toInstant(day(days), timezone) ?? "", ends: toInstant(day(to), timezone) ?? "" });
  const sinceMonday = (new Date(today).getUTCDay() + 6) % 7;
  if (preset === "tomorrow") return from(1, 2);
  if (preset === "nextWeek") return from(7 - sinceMonday, 14 - sinceMonday);
  // While it is the weekend, what is left of it.
  if (preset === "weekend") return sinceMonday < 5 ? from(5 - sinceMonday, 7 - sinceMonday) : { ...from(0, 7 - sinceMonday), starts: instant(now + 2_000) };
  const [year, month] = [new Date(today).getUTCFullYear(), new Date(today).getUTCMonth()];
  const first = (months: number) => toInstant(new Date(Date.UTC(year, month + months, 1)).toISOString().slice(0, 10), timezone) ?? "";
  return { starts: first(1), ends: first(2) };
}

function instant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Its window now; empty texts where a field has no time. */
export function timesOf(draft: Draft, now: number = Date.now()): { starts: string; ends: string } {
  if (draft.preset !== "own") return windowOf(draft.preset, draft.timezone, now);
  return { starts: toInstant(draft.starts, draft.timezone) ?? draft.starts, ends: toInstant(draft.ends, draft.timezone) ?? draft.ends };
}

/** An id that says what it is and when, of letters that every system takes. */
export function idOf(draft: Draft, now: number = Date.now()): string {
  if (draft.id.trim() !== "") return draft.id.trim();
  const words = draft.name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 36) || "tournament";
  if (draft.takesPlace === "again") return words;
  const { starts } = timesOf(draft, now);
  return /^\d{4}-/.test(starts) ? `${words}-${toLocal(starts, draft.timezone).slice(0, 10)}` : words;
}

/** What of a tournament that goes on already can be changed. */
export function shownOf(draft: Draft): TournamentChange {
  const { ends } = timesOf(draft);
  return {
    name: draft.name.trim(), description: draft.description.trim(), masked: draft.masked, cadence: draft.cadence, public: draft.isPublic,
    publicPositions: whole(draft.publicPositions, 100) as number, ...(draft.takesPlace === "once" ? { ends } : {}),
  };
}

/** All of it, for the API. */
export function bodyOf(draft: Draft, now: number = Date.now()): TournamentChange {
  const rule = draft.by === "form" ? { form: formOf(draft.rule) } : { query: draft.query, ...(draft.score.trim() === "" ? {} : { score: draft.score.trim() }) };
  const body: Record<string, unknown> = {
    name: draft.name.trim(), description: draft.description.trim(), ...rule,
    ...(draft.takesPlace === "once" ? timesOf(draft, now) : { recurs: recursOf(draft) }), timezone: draft.timezone,
    graceSeconds: whole(draft.graceSeconds, 30), cap: amount(draft.cap), capPerHour: amount(draft.capPerHour), capPerDay: amount(draft.capPerDay), ties: draft.ties,
    eventsMin: whole(draft.eventsMin, 0), publicPositions: whole(draft.publicPositions, 100), masked: draft.masked, cadence: draft.cadence,
    public: draft.isPublic, optIn: draft.optIn, participantsMax: draft.optIn && draft.participantsMax.trim() !== "" ? whole(draft.participantsMax, 1) : null,
    mode: draft.mode, prizes: draft.prizes.map(prizeFor), approval: draft.approval,
  };
  return body as TournamentChange;
}

/** The points that prizes for places cost at most, and how many prizes are for hundredths of players, whose number nobody knows. */
export function costOf(prizes: readonly PrizeDraft[]): { points: string; things: number; open: number } {
  let [points, things, open, taken] = ["0", 0, 0, 0];
  for (const prize of prizes) {
    const [from, to] = [Number(prize.from) || 1, Number(prize.to || prize.from) || 1];
    // Of several that are for a place, it is the first.
    const first = Math.max(from, taken + 1);
    const places = prize.by === "percent" ? 1 : Math.max(0, to - first + 1);
    if (prize.by === "places") taken = Math.max(taken, to);
    const each = typed(prize.amount)?.text;
    if (prize.wins === "thing") things += prize.by === "places" ? places : 0;
    else if (each && prize.wins === "pool") points = places > 0 ? plus(points, each) : points;
    else if (each && prize.by === "places") points = plus(points, times(each, places));
    if (prize.by === "percent" && prize.wins !== "pool") open += 1;
  }
  return { points, things, open };
}

/** So many times a decimal, exactly. */
export function times(value: string, count: number): string {
  let [sum, part] = ["0", value];
  for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) sum = plus(sum, part);
    part = plus(part, part);
  }
  return sum;
}

/** A statement with its parts on lines of their own. */
export function pretty(query: string): string {
  if (query.includes("\n")) return query;
  return query.split(/('(?:[^']|'')*')/).map((part, index) => index % 2 === 1 ? part
    : part.replace(/ (FROM|WHERE|GROUP BY) /g, "\n$1 ").replace(/ (AND|OR) /g, "\n  $1 ")).join("");
}

export interface Place { line: number; column: number; text: string }

/** Where a problem with a statement is, as its detail says it. */
export function placeOf(detail: string): Place {
  const found = /^line (\d+), column (\d+): (.*)$/s.exec(detail);
  return found ? { line: Number(found[1]), column: Number(found[2]), text: found[3] ?? "" } : { line: 1, column: 1, text: detail };
}

/** A list of another system: player, position and, if it is there, score, a line each, or JSON. What cannot be read is named by its line. */
export function listIn(written: string): { places: { playerId: string; position: number; score?: Exact }[]; wrong: number[] } {
  const places: { playerId: string; position: number; score?: Exact }[] = [];
  const wrong: number[] = [];
  const add = (cells: readonly (string | undefined)[], line: number, order: { player: number; position: number; score: number }) => {
    const playerId = cells[order.player]?.trim().replace(/^"(.*)"$/, "$1") ?? "";
    const position = cells[order.position]?.trim().replace(/\.$/, "") ?? "";
    const said = order.score < 0 ? "" : cells[order.score]?.trim() ?? "";
    const score = said === "" ? null : typed(said);
    if (playerId === "" || !/^[1-9]\d{0,9}$/.test(position) || (said !== "" && !score)) wrong.push(line);
    else places.push({ playerId, position: Number(position), ...(score ? { score } : {}) });
  };
  const plain = written.trim();
  if (/^[[{]/.test(plain)) {
    try {
      const found: unknown = JSON.parse(plain);
      const items = (Array.isArray(found) ? found : (found as { places?: unknown; items?: unknown }).places ?? (found as { items?: unknown }).items) as Record<string, unknown>[];
      for (const [index, item] of items.entries()) {
        add([String(item["playerId"] ?? ""), String(item["position"] ?? ""), String(item["score"] ?? "")], index + 1, { player: 0, position: 1, score: 2 });
      }
    } catch {
      wrong.push(1);
    }
    return { places, wrong };
  }
  let order = { player: 0, position: 1, score: 2 };
  for (const [index, line] of plain.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const cells = line.split(line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",");
    const heads = cells.map((cell) => cell.trim().replace(/"/g, "").toLowerCase());
    const at = (...words: string[]) => heads.findIndex((head) => words.includes(head));
    if (index === 0 && at("player", "playerid", "player_id", "player id") >= 0) {
      order = { player: at("player", "playerid", "player_id", "player id"), position: at("position", "rank", "place"), score: at("score", "points") };
      continue;
    }
    add(cells, index + 1, order);
  }
  return { places, wrong };
}

/** A clause of a condition that a sentence can be made of. */
export type Clause =
  | { kind: "atLeast" | "atMost" | "above" | "below"; column: string; value: string }
  | { kind: "is" | "isNot"; column: string; values: string[] }
  | { kind: "other"; text: string };

/** What a clause asks for. */
export function clauseOf(written: string): Clause {
  let clause = written.trim();
  // As a query is written out in full, `NOT IN` is the opposite of a whole clause.
  const opposite = /^NOT \((\w+) (IN \(.*\))\)$/s.exec(clause);
  if (opposite) clause = `${opposite[1]} NOT ${opposite[2]}`;
  const relation = /^(\w+) (>=|<=|>|<|=|<>|!=) (-?\d+(?:\.\d+)?|'(?:[^']|'')*')$/.exec(clause);
  const unquoted = (value: string) => value.replace(/^'(.*)'$/s, "$1").replaceAll("''", "'");
  if (relation) {
    const [, column = "", sign = "", value = ""] = relation;
    const kinds: Record<string, "atLeast" | "atMost" | "above" | "below"> = { ">=": "atLeast", "<=": "atMost", ">": "above", "<": "below" };
    const kind = kinds[sign];
    return kind ? { kind, column, value: unquoted(value) } : { kind: sign === "=" ? "is" : "isNot", column, values: [unquoted(value)] };
  }
  const oneOf = /^(\w+) (NOT )?IN \((.*)\)$/s.exec(clause);
  const inside = oneOf?.[3]?.match(/'(?:[^']|'')*'|-?\d+(?:\.\d+)?/g);
  if (oneOf && inside) return { kind: oneOf[2] ? "isNot" : "is", column: oneOf[1] ?? "", values: inside.map(unquoted) };
  return { kind: "other", text: clause };
}

