// Which page stands at which path. Each area says its own paths; a page is loaded when somebody goes there.

import { createRouter } from "sv-router";
import { adjustments } from "./pages/adjustments/routes";
import { audit } from "./pages/audit/routes";
import { deadLetters } from "./pages/dead-letters/routes";
import { keys } from "./pages/keys/routes";
import { nodes } from "./pages/nodes/routes";
import { players } from "./pages/players/routes";
import { program } from "./pages/program/routes";
import { promotions } from "./pages/promotions/routes";
import { rewards } from "./pages/rewards/routes";
import { signals } from "./pages/signals/routes";
import { topics } from "./pages/topics/routes";
import { tournaments } from "./pages/tournaments/routes";
import { webhooks } from "./pages/webhooks/routes";
import { BASE } from "./base";

const router = createRouter({
  "/": () => import("./pages/home/Home.svelte"),
  "/program": program,
  "/promotions": promotions,
  "/rewards": rewards,
  "/tournaments": tournaments,
  "/players": players,
  "/adjustments": adjustments,
  "/dead-letters": deadLetters,
  "/signals": signals,
  "/topics": topics,
  "/audit": audit,
  "/keys": keys,
  "/webhooks": webhooks,
  "/nodes": nodes,
  "*": () => import("./pages/NotFound.svelte"),
});

/** Where somebody is. */
export const here = {
  /** Without the base: `/players/p-1`. */
  get pathname(): string {
    // The router knows its base only once it is drawn.
    const path: string = router.route.pathname;
    return path === BASE || path.startsWith(`${BASE}/`) ? path.slice(BASE.length) || "/" : path;
  },
  get search(): unknown { return router.route.search; },
  /** What varies in the path, decoded. */
  param(name: string): string { return (router.route.params as Record<string, string | undefined>)[name] ?? ""; },
};

/** The address of a page, its parts encoded: to`/players/${id}`. */
export function to(texts: TemplateStringsArray, ...parts: (string | number)[]): string {
  return BASE + texts.reduce((path, text, index) => path + encodeURIComponent(String(parts[index - 1])) + text);
}

/** Goes to an address that `to` made. `stay` keeps the place that is scrolled to. */
export async function go(
  address: string,
  { search, replace = false, stay = false }: { search?: string; replace?: boolean; stay?: boolean } = {},
): Promise<void> {
  const url = new URL(address, location.origin);
  const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) || "/" : url.pathname;
  const options = { search: search ?? url.search, replace, ...(stay ? { scrollToTop: false as const } : {}) };
  await (router.navigate as (path: string, options: object) => Promise<unknown>)(path, options);
}

/** Loads a page before somebody goes there. */
export function preload(address: string): void {
  void (router.preload as (path: string) => Promise<void>)(address.slice(BASE.length) || "/");
}
