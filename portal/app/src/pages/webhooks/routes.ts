import type { Routes } from "sv-router";

export const webhooks = {
  "/": () => import("./Webhooks.svelte"),
  "/:webhookId": () => import("./Webhook.svelte"),
} satisfies Routes;
