import type { Routes } from "sv-router";

export const deadLetters = {
  "/": () => import("./DeadLetters.svelte"),
  "/:letterId": () => import("./Letter.svelte"),
} satisfies Routes;
