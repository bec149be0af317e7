import type { Routes } from "sv-router";

export const players = {
  "/": () => import("./Players.svelte"),
  "/wagers/:wagerId": () => import("./Wager.svelte"),
  "/:playerId": () => import("./Player.svelte"),
} satisfies Routes;
