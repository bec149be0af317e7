import type { Routes } from "sv-router";

export const rewards = {
  "/": () => import("./Rewards.svelte"),
} satisfies Routes;
