// The tasks of persons by keys alone: no step is further away than a few presses of Tab.

import { expect, inMs, OPERATOR, type Portal, test, until } from "./world";
import type { Locator } from "@playwright/test";

test.use({ worldOf: "keys" });

/** Presses of Tab until something is reached, from wherever the focus is. */
const STEPS_MAX = 45;

/** Goes on with Tab, or back, until `wanted` has the focus. */
async function reach({ page }: Portal, wanted: Locator, by: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await wanted.waitFor();
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const isThere = await wanted.evaluate((element) => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at === element;
    });
    if (isThere) return;
    await page.keyboard.press(by);
  }
  const at = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  throw new Error(`${STEPS_MAX} presses of Tab do not reach ${wanted}: the focus is at ${at}`);
}

async function press(portal: Portal, wanted: Locator): Promise<void> {
  await reach(portal, wanted);
  await portal.page.keyboard.press("Enter");
}

async function type(portal: Portal, wanted: Locator, text: string): Promise<void> {
  await reach(portal, wanted);
  await portal.page.keyboard.press("Control+A");
  await portal.page.keyboard.type(text);
}

/** Nothing was done with a mouse. */
async function byKeysAlone(portal: Portal): Promise<void> {
  expect((await portal.effort()).clicks).toBe(0);
}

/** Goes to a section as `g` and its letter do. */
async function goTo({ page }: Portal, letter: string, heading: string): Promise<void> {
  await page.keyboard.press("g");
  await page.keyboard.press(letter);
  await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
}

test("a promotion is published", async ({ world, portal }) => {
  await world.wager({ playerId: "player-1" });
  const { page } = portal;
  await portal.signIn("product");
  await portal.count();
  await goTo(portal, "o", "Promotions");
  await press(portal, page.getByRole("link", { name: "New promotion" }));
  await press(portal, page.getByRole("button", { name: /Double points this weekend/ }));
  await press(portal, page.getByRole("button", { name: "Begin at once" }));
  await press(portal, page.getByRole("button", { name: "Publish…" }));
  await type(portal, page.getByRole("dialog").getByLabel("Why"), "a busy weekend");
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Publish", exact: true }));
  await expect(page.getByRole("heading", { name: "Running" })).toBeVisible();
  await byKeysAlone(portal);
});

test("a tournament is scheduled from a template", async ({ portal }) => {
  const { page } = portal;
  await portal.signIn("product");
  await portal.count();
  await goTo(portal, "t", "Tournaments");
  await press(portal, page.getByRole("main").getByRole("link", { name: "New tournament" }).first());
  await press(portal, page.getByRole("link", { name: /Daily dash/ }));
  await type(portal, page.getByRole("textbox", { name: "Name", exact: true }), "By keys");
  await press(portal, page.getByRole("button", { name: "Schedule…" }));
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Schedule it" }));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("By keys");
  await byKeysAlone(portal);
});

test("a bet that gave nothing is found among what a player has played", async ({ world, portal }) => {
  portal.expects(404, /explanation$/);
  portal.expects(404, /redemptions/);
  await world.wager({ wagerId: "in-dollars", playerId: "player-who-asks", currency: "XXX" });
  const { page } = portal;
  await portal.signIn("support", "/players");
  await portal.count();
  await page.keyboard.press("/");
  await page.keyboard.type("player-who-asks");
  await page.keyboard.press("Enter");
  await reach(portal, page.getByRole("tab", { name: "Overview" }));
  await page.keyboard.press("ArrowRight");
  await press(portal, page.getByRole("link", { name: "in-dollars" }));
  await expect(page.getByRole("heading", { name: "It got no points" })).toBeVisible();
  await byKeysAlone(portal);
});

test("a dead letter is repaired and sent again", async ({ world, portal }) => {
  await world.post("/wagers?wait=applied", {
    wagerId: "w-once", playerId: "player-once", operatorId: OPERATOR, gameId: "mega-slots", gameCategory: "slots", wagerAmount: 25, currency: "EUR",
    jurisdiction: "Malta", timestamp: inMs(86_400_000),
  });
  const { page } = portal;
  await portal.signIn("admin");
  await portal.count();
  await goTo(portal, "d", "Dead letters");
  await press(portal, page.getByRole("link", { name: "w-once" }));
  const editor = page.getByRole("textbox", { name: "Repaired" });
  await expect(editor).toContainText("w-once");
  const repaired = (await editor.innerText()).replace(/"timestamp": "[^"]*"/, `"timestamp": "${inMs(-1_000)}"`);
  await reach(portal, editor);
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(repaired);
  await expect(page.getByText("This can be processed.")).toBeVisible();
  // Tab leaves the editor, so that nobody is caught in it.
  await press(portal, page.getByRole("button", { name: "Repair and send again" }));
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Repair and send again" }));
  await expect(page.getByText("Sent again", { exact: true })).toBeVisible();
  await byKeysAlone(portal);
});

test("a balance is adjusted, and the focus comes back to where it was", async ({ world, portal }) => {
  // No promotion of slots is to matter here.
  await world.wager({ playerId: "player-two", wagerAmount: 100, gameCategory: "table" });
  const { page } = portal;
  await portal.signIn("support", "/players/player-two");
  await portal.count();
  await press(portal, page.getByRole("button", { name: "Adjust…" }));
  await type(portal, page.getByRole("dialog").getByLabel("Points", { exact: true }), "12,5");
  await type(portal, page.getByRole("dialog").getByLabel("Why"), "a mistake of the till");
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Adjust it" }));
  await until("it is adjusted", async () => (await world.get<{ pointsBalance: number }>("/players/player-two/balance")).pointsBalance === 22.5);
  await expect(page.getByRole("button", { name: "Adjust…" })).toBeFocused();
  await byKeysAlone(portal);
});

test("held points are released", async ({ world, portal }) => {
  const wagerId = await world.wager({ playerId: "player-held", wagerAmount: 100 });
  await world.post("/players/player-held/signals", { name: "ring", wagerId, hold: true, why: "score 0.97" });
  const { page } = portal;
  await portal.signIn("support");
  await portal.count();
  await goTo(portal, "s", "Signals");
  await press(portal, page.getByRole("button", { name: "ring" }));
  await press(portal, page.getByRole("button", { name: "Release…" }));
  await type(portal, page.getByRole("dialog").last().getByLabel("Why"), "known to us");
  await press(portal, page.getByRole("dialog").last().getByRole("button", { name: "Release them" }));
  await expect(page.getByText("The points are released")).toBeVisible();
  await byKeysAlone(portal);
});

test("a second person approves an adjustment", async ({ world, portal }) => {
  await world.wager({ playerId: "player-waits" });
  await world.ask("POST", "/players/player-waits/adjustments", { points: 1_500, why: "for the long wait" }, "support");
  const { page } = portal;
  await portal.signIn("product");
  await portal.count();
  await goTo(portal, "j", "Adjustments");
  await press(portal, page.getByRole("button", { name: "+1,500.00" }));
  await press(portal, page.getByRole("button", { name: "Approve…" }));
  await type(portal, page.getByRole("dialog").last().getByLabel("Why"), "agreed");
  await press(portal, page.getByRole("dialog").last().getByRole("button", { name: "Approve", exact: true }));
  await expect(page.getByText("The balance of player-waits is adjusted")).toBeVisible();
  await byKeysAlone(portal);
});

test("one prize is refused, and the others are approved", async ({ world, portal }) => {
  const id = "short-race";
  await world.post("/tournaments", {
    id, name: "Short race", starts: inMs(500), ends: inMs(60_000), graceSeconds: 0, approval: true, prizes: [{ from: 1, to: 1, points: 10 }, { from: 2, to: 2, points: 5 }],
    query: "SELECT playerId, SUM(wagerAmount) FROM wagers WHERE gameCategory = 'race' GROUP BY playerId",
  });
  await world.post(`/tournaments/${id}/schedule`, {});
  const plays = (playerId: string, wagerAmount: number) => world.wager({ playerId, wagerAmount, gameCategory: "race" });
  await until("it has begun", async () => {
    await plays("first-of-race", 9);
    await plays("second-of-race", 1);
    return (await world.get<{ items: unknown[] }>(`/tournaments/${id}/leaderboard`)).items.length === 2;
  });
  await world.post(`/tournaments/${id}/end`, { why: "it is enough" });
  await until("it is final", async () => {
    await world.wager();
    return (await world.get<{ state: string }>(`/tournaments/${id}`)).state === "final";
  });
  const { page } = portal;
  await portal.signIn("product", `/tournaments/${id}`);
  await portal.count();
  await reach(portal, page.getByLabel("Choose 2"));
  await page.keyboard.press("Space");
  await reach(portal, page.getByRole("button", { name: "Refuse 1" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await type(portal, page.getByRole("dialog").getByLabel("Why"), "Two accounts");
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Refuse 1" }));
  await expect(page.getByRole("table", { name: "Places and prizes" }).getByText("Refused")).toBeVisible();
  await press(portal, page.getByRole("button", { name: "Approve prizes…" }));
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Approve and pay" }));
  await until("it is paid", async () => {
    await world.wager();
    return (await world.get<{ paidAt: string | null }>(`/tournaments/${id}/results`)).paidAt;
  });
  await byKeysAlone(portal);
});

test("many dead letters are given up", async ({ world, portal }) => {
  const letters = [1, 2, 3].map((at) => ({
    wagerId: `of-next-year-${at}`, playerId: "player-of-later", operatorId: OPERATOR, gameId: "mega-slots", gameCategory: "slots", wagerAmount: 10,
    currency: "EUR", jurisdiction: "Malta", timestamp: inMs(86_400_000),
  }));
  await world.post("/wagers?wait=applied", letters);
  const { page } = portal;
  await portal.signIn("admin");
  await portal.count();
  await goTo(portal, "d", "Dead letters");
  await reach(portal, page.getByRole("checkbox", { name: "Choose all" }));
  await page.keyboard.press("Space");
  await reach(portal, page.getByRole("button", { name: "Give up…" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await type(portal, page.getByRole("dialog").getByLabel("Why"), "sent by mistake");
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Give up for good" }));
  await expect(page.getByRole("dialog").getByText("3 were given up.")).toBeVisible();
  await byKeysAlone(portal);
});

test("the program is changed in its form, published, and taken back", async ({ world, portal }) => {
  const { page } = portal;
  const { version } = await world.get<{ version: number }>("/program");
  await portal.signIn("product");
  await portal.count();
  await goTo(portal, "p", "Program");
  await press(portal, page.getByRole("link", { name: "Edit" }));
  await press(portal, page.getByRole("button", { name: "Earning" }));
  await type(portal, page.locator("[data-field='/earning/multipliers'] input").first(), "0.25");
  await press(portal, page.getByRole("button", { name: "Publish…" }));
  await type(portal, page.getByRole("dialog").getByLabel("Why"), "more for all");
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Publish", exact: true }));
  await expect(page.getByRole("heading", { name: `Version ${version + 1}`, exact: true })).toBeVisible();
  await press(portal, page.getByRole("link", { name: `${version}`, exact: true }));
  await press(portal, page.getByRole("button", { name: "Roll back to this…" }));
  await type(portal, page.getByRole("dialog").getByLabel("Why"), "too much");
  await press(portal, page.getByRole("dialog").getByRole("button", { name: "Roll back", exact: true }));
  await expect(page.getByRole("heading", { name: `Version ${version + 2}`, exact: true })).toBeVisible();
  await byKeysAlone(portal);
});
