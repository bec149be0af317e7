import type { Routes } from "sv-router";

export const promotions = {
  "/": () => import("./Promotions.svelte"),
  "/new": () => import("./Promotion.svelte"),
  "/:name": () => import("./Promotion.svelte"),
} satisfies Routes;
