import type { Routes } from "sv-router";

export const program = {
  "/": () => import("./Program.svelte"),
  "/draft": () => import("./Draft.svelte"),
  "/versions/:version": () => import("./Version.svelte"),
} satisfies Routes;
