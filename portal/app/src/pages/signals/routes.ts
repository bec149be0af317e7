import type { Routes } from "sv-router";

export const signals = {
  "/": () => import("./Signals.svelte"),
} satisfies Routes;
