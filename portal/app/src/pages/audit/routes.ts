import type { Routes } from "sv-router";

export const audit = {
  "/": () => import("./Audit.svelte"),
} satisfies Routes;
