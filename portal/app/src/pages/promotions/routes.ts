import type { Routes } from "sv-router";

export const promotions = {
  "/": () => import("./Promotions.svelte"),
} satisfies Routes;
