import type { Routes } from "sv-router";

export const nodes = {
  "/": () => import("./Nodes.svelte"),
} satisfies Routes;
