import type { Routes } from "sv-router";

export const keys = {
  "/": () => import("./Keys.svelte"),
} satisfies Routes;
