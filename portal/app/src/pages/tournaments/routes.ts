import type { Routes } from "sv-router";

export const tournaments = {
  "/": () => import("./Tournaments.svelte"),
} satisfies Routes;
