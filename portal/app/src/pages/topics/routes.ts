import type { Routes } from "sv-router";

export const topics = {
  "/": () => import("./Topics.svelte"),
} satisfies Routes;
