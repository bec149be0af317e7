// The program as the API has it: versions with all of their digits, and what publishes another.

import { api, at, send } from "../../api/client";
import { Problem } from "../../api/problem";
import type { Page } from "../../api/asked.svelte";
import type { Version, VersionToBe } from "../../api/types";
import { isMapping, type Mapping, readJson, written } from "./document";

/** A version with its program as a text. */
export interface Known { version: number; program: Mapping; text: string }

/** One version's program. */
export async function program(version: number | string, signal?: AbortSignal): Promise<Known> {
  const answer = await send("GET", at`/program/versions/${version}`, signal ? { signal } : {});
  const whole = readJson(await answer.text()) as Record<string, unknown>;
  const found = isMapping(whole["program"]) ? whole["program"] : {};
  return { version: Number(String(whole["version"])), program: found, text: written(found) };
}

/** The newest version: what is edited, and named by who publishes the next. 0 where there is none yet. */
export async function latest(): Promise<Known> {
  const { items } = await api.get<Page<Version>>("/program/versions", { query: { limit: 100 } });
  const number = items[0]?.version ?? 0;
  // Who withdrew a version did not want what it says.
  const shown = items.find((one) => one.state !== "withdrawn");
  if (!shown) return { version: number, program: {}, text: "" };
  return { ...await program(shown.version), version: number };
}

export interface Publishing { text: string; base: number; why: string; effectiveFrom?: string | null; key?: string }

function changing({ text, base, why, effectiveFrom }: Publishing) {
  return { body: { program: text, why, ...(effectiveFrom ? { effectiveFrom } : {}) }, ifMatch: base > 0 ? `"${base}"` : null };
}

/** Checks a draft, or throws the problem. */
export async function check(publishing: Publishing, signal?: AbortSignal): Promise<VersionToBe> {
  return await api.post<VersionToBe>("/program/versions", { ...changing(publishing), dryRun: true, ...(signal ? { signal } : {}) });
}

export async function publish(publishing: Publishing): Promise<Version> {
  const { key } = publishing;
  return await api.post<Version>("/program/versions", { ...changing(publishing), ...(key ? { key } : {}) });
}

/** Whether somebody else has published meanwhile. */
export function isStale(thrown: unknown): boolean {
  return thrown instanceof Problem && thrown.code === "stale";
}
