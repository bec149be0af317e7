// What comes in and goes out, and what is known of nodes: looked at while it happens.

import { expect, NODES, test, until } from "./world";

test.use({ worldOf: "watching" });

test("a player asks why a bet gave nothing, and it is found without its id", { tag: "@cluster" }, async ({ world, portal }) => {
  const player = "player-who-asks";
  await world.wager({ wagerId: "a-bet", playerId: player });
  await world.wager({ wagerId: "in-dollars", playerId: player, currency: "XXX", wagerAmount: 7 });
  const { page } = portal;
  await portal.signIn("support", `/players/${player}?tab=wagers`);
  await expect(page.getByRole("link", { name: "a-bet" })).toBeVisible();
  await page.getByLabel("What became of it").selectOption("Gave nothing");
  await expect(page.getByRole("link", { name: "a-bet" })).toHaveCount(0);
  await expect(page.getByText("The program has no rate for XXX.")).toBeVisible();
  await portal.check("player-wagers-refused", { everywhere: true });
  await page.getByRole("link", { name: "in-dollars" }).click();
  await expect(page.getByRole("heading", { name: "It got no points" })).toBeVisible();
});

test("a player is let out, and in again", { tag: "@cluster" }, async ({ world, portal }) => {
  const player = "player-who-leaves";
  await world.wager({ playerId: player });
  const { page } = portal;
  await portal.signIn("support", `/players/${player}`);
  await expect(page.getByText("Not said")).toBeVisible();
  await page.getByRole("button", { name: "Let out…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Wagers earn nothing any more")).toBeVisible();
  await portal.check("player-consent");
  await dialog.getByRole("button", { name: "Let the player out" }).click();
  await expect(page.getByText("Does not", { exact: true })).toBeVisible();
  const { consent } = await world.get<{ consent: string }>(`/players/${player}/consent`);
  expect(consent).toBe("out");
  await page.getByRole("button", { name: "Let in…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Let the player in" }).click();
  await expect(page.getByText("Takes part", { exact: true })).toBeVisible();
});

test("a topic is followed while it happens, paused, and searched", { tag: "@cluster" }, async ({ world, portal }) => {
  const { page } = portal;
  await portal.signIn("auditor", "/topics?topic=wager.events");
  await expect(page.getByText("Nothing has come yet.")).toBeVisible();
  // What is followed begins once the node has answered.
  await expect(async () => {
    await world.wager({ playerId: "player-first" });
    await expect(page.getByRole("button", { name: "player-first" }).first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await world.wager({ playerId: "player-second", gameId: "blue-moon" });
  await expect(page.getByRole("button", { name: "player-second" })).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  await world.wager({ playerId: "player-third" });
  await expect(page.getByText("Paused")).toBeVisible();
  await page.getByLabel("Find among what came").fill("BLUE-moon");
  await expect(page.getByRole("button", { name: "player-first" })).toHaveCount(0);
  await portal.check("topic-followed", { everywhere: true });
  await page.getByRole("button", { name: "player-second" }).click();
  await expect(page.getByRole("dialog").getByText('"gameId": "blue-moon"')).toBeVisible();
  await portal.check("topic-record");
  await page.keyboard.press("Escape");
  await page.getByLabel("Find among what came").fill("player-third");
  await expect(page.getByText("None of what came has this in it.")).toBeVisible();
});

test("nodes say which partitions they have, and Home what needs somebody", { tag: "@cluster" }, async ({ world, portal }) => {
  const { page } = portal;
  await world.post("/tournaments", {
    id: "waits", name: "Waits for nobody", starts: "2040-01-01T00:00:00Z", ends: "2040-01-02T00:00:00Z",
    query: "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId",
  });
  await world.wager({ playerId: "player-of-tiers" });
  await portal.signIn("admin", "/nodes");
  const map = page.getByRole("list").filter({ hasText: "This node" });
  await expect(map.getByRole("listitem")).toHaveCount(NODES.length === 0 ? 1 : 4);
  if (NODES.length > 0) await expect(map.getByText("127.0.0.1").first(), "the other node has some of them").toBeVisible();
  await expect(page.getByRole("row", { name: /Well/ })).toHaveCount(NODES.length || 1);
  await portal.check("nodes", { everywhere: true });
  await portal.go("/");
  if (NODES.length === 0) await expect(page.getByText("Nothing needs you.")).toBeVisible();
  const rate = page.getByText("of all your players").locator("..");
  await until("wagers come in, wherever they are counted", async () => {
    for (let player = 0; player < 8; player++) await world.wager({ playerId: `player-of-rates-${player}` });
    return /[1-9]/.test(await rate.innerText());
  });
  await world.post("/players/player-of-tiers/adjustments", { points: 5_000, why: "a gift" });
  await portal.go("/nodes");
  await expect(page.getByRole("heading", { level: 1, name: "Nodes" })).toBeVisible();
  await portal.go("/");
  await page.getByRole("link", { name: "1 adjustment waits for a second person" }).click();
  await expect(page.getByText("player-of-tiers").first()).toBeVisible();
  await world.post("/tournaments/waits/schedule", {});
  await portal.go("/audit?about=waits&kind=change");
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("row", { name: /Schedule a tournament/ })).toBeVisible();
});
