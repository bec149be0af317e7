import type { Routes } from "sv-router";

export const webhooks = {
  "/": () => import("./Webhooks.svelte"),
} satisfies Routes;
