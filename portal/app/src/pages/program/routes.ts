import type { Routes } from "sv-router";

export const program = {
  "/": () => import("./Program.svelte"),
} satisfies Routes;
