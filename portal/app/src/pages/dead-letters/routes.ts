import type { Routes } from "sv-router";

export const deadLetters = {
  "/": () => import("./DeadLetters.svelte"),
} satisfies Routes;
