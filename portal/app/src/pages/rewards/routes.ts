import type { Routes } from "sv-router";

export const rewards = {
  "/": () => import("./Rewards.svelte"),
  "/:rewardId": () => import("./Reward.svelte"),
} satisfies Routes;
