import type { Routes } from "sv-router";

export const tournaments = {
  "/": () => import("./Tournaments.svelte"),
  "/new": () => import("./New.svelte"),
  "/:tournamentId/edit": () => import("./Edit.svelte"),
  "/:tournamentId": () => import("./Tournament.svelte"),
} satisfies Routes;
