// What staff does about players, dead letters and adjustments, at a real node.

import { expect, inMs, OPERATOR, type Portal, test, until, type World } from "./world";

async function balanceOf(world: World, playerId: string): Promise<number> {
  return (await world.get<{ pointsBalance: number }>(`/players/${playerId}/balance`)).pointsBalance;
}

async function adjustBy({ page }: Portal, points: string, why: string): Promise<void> {
  await page.getByRole("button", { name: "Adjust…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Points", { exact: true }).fill(points);
  await dialog.getByLabel("Why").fill(why);
}

test("somebody explains a refused wager by its id alone", { tag: "@cluster" }, async ({ world, portal }) => {
  portal.expects(404, /balance$/);
  portal.expects(404, /redemptions/);
  await world.publish(`currency: EUR
timezone: Europe/Malta
eligibility: { minWager: 1 }
earning: { multipliers: { default: 0.1 }, caps: [{ points: 5000, per: day }] }
adjustments: { approvalAbove: 1000 }
`);
  await world.wager({ wagerId: "w-too-small", playerId: "player-small", wagerAmount: 0.5 });
  await world.wager({ wagerId: "w-large", playerId: "player-small", wagerAmount: 60_000 });
  const { page } = portal;
  await portal.signIn("support", "/players");
  await portal.check("players", { everywhere: true });
  await portal.count();
  await page.keyboard.press("/");
  await page.keyboard.type("w-too-small");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "It got no points" })).toBeVisible();
  await expect(page.getByText("The stake of €0.50 is below the least that counts, €1.00.").first()).toBeVisible();
  expect(await portal.effort()).toEqual({ clicks: 0, fields: 1 });
  await portal.check("wager-refused", { everywhere: true });
  await portal.go("/players/wagers/w-large");
  await expect(page.getByRole("heading", { name: "It earned 5,000.00 points" })).toBeVisible();
  await expect(page.getByText("took 1,000.00 away").first()).toBeVisible();
  await portal.check("wager-earned", { everywhere: true });
  for (const tab of ["overview", "wagers", "ledger", "statistics", "tournaments", "redemptions", "adjustments", "signals"]) {
    await portal.go(`/players/player-small?tab=${tab}`);
    await expect(page.getByRole("tab", { selected: true })).toHaveText(tab, { ignoreCase: true });
    await expect(page.getByText("Loading…")).toHaveCount(0);
    await portal.check(`player-${tab}`, { everywhere: true });
  }
});

test("five hundred dead letters are repaired by the same change and sent again", { tag: "@cluster" }, async ({ world, portal }) => {
  const COUNT = 500;
  const nextYear = `${new Date().getUTCFullYear() + 1}`;
  const letters = Array.from({ length: COUNT }, (_, at) => ({
    wagerId: `future-${at}`, playerId: `player-f${at % 7}`, operatorId: OPERATOR, gameId: "mega-slots", gameCategory: "slots", wagerAmount: 10,
    currency: "EUR", jurisdiction: "Malta", timestamp: inMs(-60_000).replace(/^\d{4}/, nextYear),
  }));
  await world.post("/wagers?wait=applied", letters);
  const { page } = portal;
  await portal.signIn("admin", "/dead-letters?reason=in_future");
  await expect(page.getByRole("button", { name: /In the future/ })).toContainText("500");
  await portal.check("dead-letters", { everywhere: true });
  await page.getByRole("button", { name: "Repair…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("heading", { name: "Repair: 500 letters" })).toBeVisible();
  await dialog.getByLabel("Text", { exact: true }).fill(`"timestamp":"${nextYear}`);
  await dialog.getByLabel("Replaced by").fill(`"timestamp":"${Number(nextYear) - 1}`);
  await expect(dialog.locator("pre").nth(1)).toContainText(`"timestamp":"${Number(nextYear) - 1}-`);
  await portal.check("dead-letters-repair", { everywhere: true });
  await dialog.getByRole("button", { name: "Repair and send again" }).click();
  await expect(dialog.getByText("500 were sent again.")).toBeVisible({ timeout: 60_000 });
  await expect(dialog.getByText("500 were repaired.")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByText("Nothing passes this filter")).toBeVisible();
  const open = await world.get<{ items: unknown[] }>("/dead-letters?state=open&reason=in_future&limit=500");
  expect(open.items).toEqual([]);
  // Ten euros each, at a tenth of a point.
  await until("every wager counts once", async () => {
    const players = await Promise.all(Array.from({ length: 7 }, (_, at) => balanceOf(world, `player-f${at}`).catch(() => 0)));
    return players.reduce((sum, points) => sum + points, 0) === COUNT;
  });
});

test("one dead letter says where it is wrong, and is sent again once it is right", { tag: "@cluster" }, async ({ world, portal }) => {
  portal.expects(422, /^PATCH .*dead-letters/);
  await world.post("/wagers?wait=applied", {
    wagerId: "w-once", playerId: "player-once", operatorId: OPERATOR, gameId: "mega-slots", gameCategory: "slots", wagerAmount: 25, currency: "EUR",
    jurisdiction: "Malta", timestamp: inMs(86_400_000),
  });
  const { page } = portal;
  await portal.signIn("admin", "/dead-letters");
  await page.getByRole("link", { name: "w-once" }).click();
  const editor = page.getByRole("textbox", { name: "Repaired" });
  await expect(editor).toBeVisible();
  await portal.check("dead-letter", { everywhere: true });
  const original = await editor.innerText();
  await editor.fill(original.replace('"EUR"', "12"));
  await expect(page.getByText("Still wrong")).toBeVisible();
  await expect(page.getByText("/currency", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Repair and send again" })).toBeDisabled();
  await portal.check("dead-letter-wrong", { everywhere: true });
  await editor.fill(original.replace(/"timestamp": "[^"]*"/, `"timestamp": "${inMs(-1_000)}"`));
  await expect(page.getByText("This can be processed.")).toBeVisible();
  await page.getByRole("button", { name: "Repair and send again" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/^\/timestamp: .* becomes /)).toBeVisible();
  await dialog.getByRole("button", { name: "Repair and send again" }).click();
  await expect(page.getByText("Sent again", { exact: true })).toBeVisible();
  await until("it counts", async () => await balanceOf(world, "player-once").catch(() => 0) === 2.5);
});

test("a large adjustment is made by two persons, and not by one", { tag: "@cluster" }, async ({ world, portal }) => {
  portal.expects(409, /approve$/);
  await world.wager({ playerId: "player-two", wagerAmount: 100 });
  const { page } = portal;
  await portal.signIn("support", "/players/player-two");
  await adjustBy(portal, "12,5", "a mistake of the till");
  await expect(page.getByText("The balance changes at once by +12.50: from 10.00 to 22.50.")).toBeVisible();
  await page.getByRole("button", { name: "Adjust it" }).click();
  await expect.poll(() => balanceOf(world, "player-two")).toBe(22.5);
  await adjustBy(portal, "1500", "for the long wait");
  await expect(page.getByText("It waits until somebody else approves.")).toBeVisible();
  await portal.check("adjust", { everywhere: true });
  await page.getByRole("button", { name: "Ask for it" }).click();
  await expect(page.getByText("It waits for a second person")).toBeVisible();
  // Whoever asked does not approve.
  await portal.go("/adjustments");
  await page.getByRole("button", { name: "+1,500.00" }).click();
  await page.getByRole("button", { name: "Approve…" }).click();
  await expect(page.getByText("You have asked for this yourself.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Approve", exact: true })).toBeDisabled();
  expect(await balanceOf(world, "player-two")).toBe(22.5);
  // Somebody else does, who does not even see players.
  await portal.signIn("product", "/adjustments");
  await portal.check("adjustments", { everywhere: true });
  await page.getByRole("button", { name: "+1,500.00" }).click();
  await page.getByRole("button", { name: "Approve…" }).click();
  const dialog = page.getByRole("dialog").last();
  await expect(dialog.getByText("The balance of player-two changes at once by +1,500.00.")).toBeVisible();
  await expect(dialog.getByText("for the long wait")).toBeVisible();
  await dialog.getByLabel("Why").fill("agreed");
  await dialog.getByRole("button", { name: "Approve", exact: true }).click();
  await expect.poll(() => balanceOf(world, "player-two")).toBe(1522.5);
});

test("each role sees what it may do, and nothing else", async ({ world, portal }) => {
  await world.wager({ playerId: "player-roles" });
  await world.post("/wagers?wait=applied", {
    wagerId: "w-old", playerId: "player-roles", operatorId: OPERATOR, gameId: "mega-slots", gameCategory: "slots", wagerAmount: 10, currency: "EUR",
    jurisdiction: "Malta", timestamp: inMs(-10 * 86_400_000),
  });
  const { page } = portal;
  const menu = page.getByRole("navigation", { name: "Menu" });
  const sees = { admin: [true, true, true], support: [true, true, false], auditor: [true, false, false], product: [false, false, false] } as const;
  for (const role of ["admin", "support", "auditor", "product"] as const) {
    const [players, adjusts, repairs] = sees[role];
    await portal.signIn(role, players ? "/players/player-roles" : "/adjustments");
    await expect(menu.getByRole("link", { name: "Players" })).toHaveCount(players ? 1 : 0);
    await expect(menu.getByRole("link", { name: "Dead letters" })).toHaveCount(players ? 1 : 0);
    await expect(menu.getByRole("link", { name: "Adjustments" })).toHaveCount(1);
    if (!players) continue;
    await expect(page.getByRole("heading", { name: "player-roles" })).toBeVisible();
    await expect(page.getByText("Not excluded")).toBeVisible();
    await expect(page.getByRole("button", { name: "Export" })).toHaveCount(1);
    await expect(page.getByRole("button", { name: "Adjust…" })).toHaveCount(adjusts ? 1 : 0);
    await expect(page.getByRole("button", { name: "Exclude…" })).toHaveCount(adjusts ? 1 : 0);
    await menu.getByRole("link", { name: "Dead letters" }).click();
    await expect(page.getByRole("link", { name: "w-old" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Send again…" })).toHaveCount(repairs ? 1 : 0);
  }
});

test("a player is excluded and let in again, and a redemption is given back", async ({ world, portal }) => {
  await world.wager({ playerId: "player-out", wagerAmount: 1000 });
  await world.post("/players/player-out/redemptions", { points: 40, item: "ten free spins" });
  const { page } = portal;
  await portal.signIn("support", "/players/player-out?tab=redemptions");
  await page.getByRole("button", { name: "ten free spins" }).click();
  await portal.check("redemption", { everywhere: true });
  await page.getByRole("button", { name: "Cancel it…" }).click();
  let dialog = page.getByRole("dialog").last();
  await expect(dialog.getByText("40.00 points are free again for player-out")).toBeVisible();
  await dialog.getByLabel("Why").fill("out of stock");
  await dialog.getByRole("button", { name: "Give the points back" }).click();
  await expect(page.getByRole("dialog").getByText("Cancelled", { exact: true })).toBeVisible();
  await portal.go("/players/player-out");
  await page.getByRole("button", { name: "Exclude…" }).click();
  dialog = page.getByRole("dialog").last();
  await expect(dialog.getByText("Wagers earn nothing any more")).toBeVisible();
  await portal.check("exclude", { everywhere: true });
  await dialog.getByLabel("Why").fill("asked for it");
  await dialog.getByRole("button", { name: "Exclude the player" }).click();
  await expect(page.getByText("for ever")).toBeVisible();
  const wagerId = await world.wager({ playerId: "player-out" });
  await page.getByRole("button", { name: "Lift it…" }).click();
  dialog = page.getByRole("dialog").last();
  await dialog.getByLabel("Why").fill("asked for that");
  await dialog.getByRole("button", { name: "Lift the exclusion" }).click();
  await expect(page.getByText("Not excluded")).toBeVisible();
  await portal.go(`/players/wagers/${wagerId}`);
  await expect(page.getByText("The player was excluded at that time.").first()).toBeVisible();
});

test("an answer that was lost is asked for again, and the change is made once", async ({ world, portal }) => {
  await world.wager({ playerId: "player-lost", wagerAmount: 100 });
  const { page } = portal;
  portal.expected.push("net::ERR_");
  await portal.signIn("support", "/players/player-lost");
  await adjustBy(portal, "5", "a mistake of the till");
  await expect(page.getByText("from 10.00 to 15.00")).toBeVisible();
  // It reaches the node; what is answered is lost, and so is all that comes after.
  await page.route("**/api/**", async (route) => {
    if (route.request().method() === "POST" && !route.request().url().includes("dryRun")) await route.fetch();
    await route.abort("connectionreset");
  });
  await page.getByRole("button", { name: "Adjust it" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("The node does not answer")).toBeVisible();
  await expect(page.getByText("What you see may be old.")).toBeVisible();
  await expect(dialog.getByLabel("Why")).toHaveValue("a mistake of the till");
  await portal.check("lost", { everywhere: true });
  expect(await balanceOf(world, "player-lost")).toBe(15);
  await page.unroute("**/api/**");
  await dialog.getByRole("button", { name: "Adjust it" }).click();
  await expect(page.getByText("The balance was adjusted by +5.00")).toBeVisible();
  await expect(page.getByText("What you see may be old.")).toHaveCount(0);
  expect(await balanceOf(world, "player-lost")).toBe(15);
});

test("a session that is over leads back to where somebody was", async ({ world, portal }) => {
  portal.expects(401, /balance$/);
  await world.wager({ playerId: "player-later" });
  const { id, secret } = await world.post<{ id: string; secret: string }>("/keys", { name: "short", roles: ["support"] });
  const { page } = portal;
  await page.goto(`${world.portal}/portal/players/player-later?tab=ledger`);
  await page.locator("#sign-in input").first().fill(secret);
  await page.locator("#sign-in button[type=submit]").click();
  await expect(page.getByRole("tab", { name: "Ledger" })).toHaveAttribute("aria-selected", "true");
  await world.ask("DELETE", `/keys/${id}`);
  // The balance is asked again by itself.
  await expect(page.getByText("Your session is over.")).toBeVisible();
  await expect(page.getByText("player-later")).toHaveCount(0);
  await page.locator("#sign-in input").first().fill(await world.key("support"));
  await page.locator("#sign-in button[type=submit]").click();
  await expect(page.getByRole("tab", { name: "Ledger" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByRole("cell", { name: "Earned" })).toBeVisible();
});

test("held points are released for one signal, and taken for several at once", async ({ world, portal }) => {
  for (const at of [1, 2, 3]) {
    const wagerId = await world.wager({ playerId: `player-held-${at}`, wagerAmount: 100 });
    await world.post(`/players/player-held-${at}/signals`, { name: "ring", wagerId, hold: true, why: "score 0.97" });
  }
  const { page } = portal;
  await portal.signIn("support", "/signals");
  const row = (player: string) => page.getByRole("row").filter({ hasText: player });
  await row("player-held-1").getByRole("button", { name: "ring" }).click();
  await expect(page.getByText("Reported by a person or a system of yours.")).toBeVisible();
  await portal.check("signal", { everywhere: true });
  await page.getByRole("button", { name: "Release…" }).click();
  let dialog = page.getByRole("dialog").last();
  await expect(dialog.getByText("10.00 points of player-held-1 can be spent")).toBeVisible();
  await dialog.getByLabel("Why").fill("known to us");
  await dialog.getByRole("button", { name: "Release them" }).click();
  await expect(page.getByText("The points are released")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(row("player-held-1")).toHaveCount(0);
  for (const at of [2, 3]) await row(`player-held-${at}`).getByRole("checkbox").check();
  await portal.check("signals", { everywhere: true });
  await page.getByRole("button", { name: "Take…" }).click();
  dialog = page.getByRole("dialog").last();
  await expect(dialog.getByText("20.00 points of 2 players in all.")).toBeVisible();
  await dialog.getByLabel("Why").fill("they play together");
  await dialog.getByRole("button", { name: "Take them for good" }).click();
  await expect(page.getByText("Nothing is held")).toBeVisible();
  expect(await Promise.all([1, 2, 3].map((at) => balanceOf(world, `player-held-${at}`)))).toEqual([10, 0, 0]);
});

test("a player is opted in to a tournament", async ({ world, portal }) => {
  await world.wager({ playerId: "player-joins" });
  await world.post("/tournaments", { id: "joined", name: "The joined one", form: {}, optIn: true, starts: inMs(3_600_000), ends: inMs(7_200_000) });
  await world.post("/tournaments/joined/schedule", {});
  const { page } = portal;
  await portal.signIn("support", "/players/player-joins?tab=tournaments");
  await page.getByLabel("Opt in to a tournament").selectOption("The joined one");
  await page.getByRole("button", { name: "Opt in…" }).click();
  const dialog = page.getByRole("dialog").last();
  await expect(dialog.getByText("From then on events of the player count in it.")).toBeVisible();
  await dialog.getByRole("button", { name: "Opt in" }).click();
  await expect(page.getByRole("link", { name: "The joined one" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Opt out…" })).toBeVisible();
  await portal.check("player-joined", { everywhere: true });
});
