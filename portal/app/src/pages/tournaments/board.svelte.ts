// A leaderboard that moves: by the stream of the API, drawn a few times a second at most; where that does not come, by asking.

import { api, at, listen } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Leaderboard, LeaderboardLine } from "../../api/types";

export type Line = Omit<LeaderboardLine, "percentile">;
type Streamed = Line & { row: number };

/** A line, and by how many positions it has just gone up (or down, below 0). */
export interface Shown extends Line { moved: number }

export interface Board {
  readonly rows: readonly Shown[];
  readonly players: number;
  readonly state: Leaderboard["state"] | null;
  readonly isFinal: boolean;
  /** How it comes. */
  readonly way: "none" | "stream" | "asked";
  readonly problem: Problem | null;
}

const DRAWN_EVERY_MS = 250;
const ASKED_EVERY_MS = 3_000;
const STREAM_AGAIN_MS = 15_000;

/** Lays what has changed over the rows that there were. */
export function laidOver(before: readonly Streamed[], items: readonly Streamed[], rows: number): Streamed[] {
  const all = new Map(before.map((line) => [line.row, line]));
  for (const line of items) all.set(line.row, line);
  return [...all.values()].filter((line) => line.row <= rows).sort((a, b) => a.row - b.row);
}

/** The rows, with how far each player has moved since `before`. */
export function moved(before: readonly Shown[], now: readonly Line[]): Shown[] {
  const were = new Map(before.map((line) => [line.playerId, line.position]));
  return now.map((line) => ({ ...line, moved: (were.get(line.playerId) ?? line.position) - line.position }));
}

/** Watches the first `top` positions of a tournament for as long as the component is there. */
export function watched(wanted: () => { tournamentId: string; top: number } | null): Board {
  let rows = $state.raw<readonly Shown[]>([]);
  let players = $state(0);
  let state = $state.raw<Leaderboard["state"] | null>(null);
  let isFinal = $state(false);
  let way = $state.raw<Board["way"]>("none");
  let problem = $state.raw<Problem | null>(null);

  function show(lines: readonly Line[], of: Pick<Leaderboard, "players" | "state" | "isFinal">) {
    rows = moved(rows, lines);
    players = of.players;
    state = of.state;
    isFinal = of.isFinal;
    problem = null;
  }

  async function stream(path: string, top: number, signal: AbortSignal): Promise<"final" | "over"> {
    let all: Streamed[] = [];
    let of: Pick<Leaderboard, "players" | "state" | "isFinal"> | null = null;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const draw = () => {
      timer = null;
      if (of && !signal.aborted) show(all, of);
    };
    try {
      for await (const said of listen(`${path}/stream`, { query: { top }, signal })) {
        way = "stream";
        if (said.event === "final") {
          draw();
          return "final";
        }
        const data = said.data as Pick<Leaderboard, "players" | "state" | "isFinal"> & { items: Streamed[]; rows?: number };
        if (said.event === "snapshot") all = data.items;
        else if (said.event === "change") all = laidOver(all, data.items, data.rows ?? all.length);
        else continue;
        const isFirst = of === null;
        of = data;
        if (isFirst) draw();
        else timer ??= setTimeout(draw, DRAWN_EVERY_MS);
      }
      return "over";
    } finally {
      if (timer) clearTimeout(timer);
      draw();
    }
  }

  async function watch(path: string, top: number, signal: AbortSignal) {
    while (!signal.aborted) {
      let isOver = false;
      try {
        isOver = await stream(path, top, signal) === "final";
      } catch (thrown) {
        if (signal.aborted) return;
        problem = problemOf(thrown);
      }
      if (isOver) {
        const last = await api.get<Leaderboard>(path, { query: { top }, signal }).catch(() => null);
        if (last) show(last.items, last);
        return;
      }
      // No stream for now: it is asked until one comes.
      for (const end = Date.now() + STREAM_AGAIN_MS; Date.now() < end && !signal.aborted; ) {
        try {
          const found = await api.get<Leaderboard>(path, { query: { top }, signal });
          way = "asked";
          show(found.items, found);
          if (found.isFinal) return;
        } catch (thrown) {
          if (signal.aborted) return;
          problem = problemOf(thrown);
          if (problem.status === 404 || problem.status === 403) return;
        }
        await new Promise((go) => setTimeout(go, ASKED_EVERY_MS));
      }
    }
  }

  $effect(() => {
    const now = wanted();
    rows = [];
    players = 0;
    state = null;
    isFinal = false;
    way = "none";
    problem = null;
    if (!now) return;
    const end = new AbortController();
    void watch(at`/tournaments/${now.tournamentId}/leaderboard`, now.top, end.signal);
    return () => end.abort();
  });

  return {
    get rows() { return rows; },
    get players() { return players; },
    get state() { return state; },
    get isFinal() { return isFinal; },
    get way() { return way; },
    get problem() { return problem; },
  };
}
