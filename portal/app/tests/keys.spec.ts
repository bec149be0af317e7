// The tasks of persons by keys alone: no step is further away than a few presses of Tab.

import { expect, inMs, OPERATOR, type Portal, test, until } from "./world";
import type { Locator } from "@playwright/test";

test.use({ worldOf: "keys" });

/** Presses of Tab until something is reached, from wherever the focus is. */
const STEPS_MAX = 45;

/** Goes on with Tab until `wanted` has the focus. */
async function reach({ page }: Portal, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const isThere = await wanted.evaluate((element) => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at === element;
    });
    if (isThere) return;
    await page.keyboard.press("Tab");
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
