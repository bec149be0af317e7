import type { Routes } from "sv-router";

export const adjustments = {
  "/": () => import("./Adjustments.svelte"),
} satisfies Routes;
