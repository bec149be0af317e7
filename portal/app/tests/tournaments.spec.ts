// Tournaments as a marketer makes, watches and settles them.

import { expect, inMs, test, until, type World } from "./world";

interface Settled { paidAt: string | null; items: unknown[] }

/** Time passes where something comes: until `look` finds what it looks for. */
async function whilePlaying<T>(world: World, awaited: string, look: () => Promise<T>): Promise<NonNullable<T>> {
  return await until(awaited, async () => {
    await world.wager({ playerId: "bystander", gameCategory: "table", gameId: "baccarat" });
    return await look();
  });
}

/** A tournament that is over, with three players in it. */
async function over(world: World, id: string, more: Record<string, unknown> = {}): Promise<void> {
  const category = `only-${id}`;
  await world.post("/tournaments", {
    id, name: `Race ${id}`, form: { categories: [category] }, starts: inMs(1_500), ends: inMs(4_500), graceSeconds: 0, approval: true,
    prizes: [{ from: 1, points: 500 }, { from: 2, thing: { kind: "voucher", name: "A cup of tea", value: { amount: "3", currency: "EUR" } } }, { from: 3, points: 50 }], ...more,
  });
  await world.post(`/tournaments/${id}/schedule`, {});
  await whilePlaying(world, "it is live", async () => (await world.get<{ state: string }>(`/tournaments/${id}`)).state === "live");
  for (const [place, player] of ["ann", "ben", "cleo"].entries()) await world.wager({ playerId: `${id}-${player}`, gameCategory: category, wagerAmount: 100 - place });
  await whilePlaying(world, "all places are known", async () => (await world.get<Settled>(`/tournaments/${id}/results`).catch(() => null))?.items.length === 3);
}

test.use({ worldOf: "tournaments" });

test("an empty list says what to do", async ({ portal }) => {
  await portal.signIn("product", "/tournaments");
  await expect(portal.page.getByText("No tournaments yet")).toBeVisible();
  await portal.check("tournaments-empty", { everywhere: true });
});

test("a dry run says what would have come of it, and who narrowly missed it", async ({ world, portal }) => {
  const { page } = portal;
  await world.wager({ playerId: "dora", wagerAmount: 12, gameCategory: "tried" });
  await world.wager({ playerId: "emil", wagerAmount: 2, gameCategory: "tried" });
  await portal.signIn("product", "/tournaments/new?template=weekend-slots-race");
  await page.getByLabel("Categories").fill("tried");
  await page.getByLabel("Smallest stake").fill("10");
  await expect(page.getByText("Everything is right.")).toBeVisible();
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByRole("table", { name: "The leaderboard as it would have been" })).toContainText("dora");
  await expect(page.getByText(/of emil.*would have counted, but the stake is below 10\./)).toBeVisible();
  expect(page.url()).toContain("try=");
  await portal.check("tournament-dry-run", { everywhere: true });
});

test("a tournament is scheduled from a template in ten steps, watched, ended, settled and approved", { tag: "@cluster" }, async ({ world, portal }) => {
  const { page } = portal;
  await portal.signIn("product", "/tournaments");
  await portal.count();
  await page.getByRole("main").getByRole("link", { name: "New tournament" }).first().click();
  await page.getByRole("link", { name: /Daily dash/ }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Tuesday dash");
  await page.getByText("From now, 24 hours").click();
  await page.getByLabel("Categories").fill("dash");
  await page.getByText("More: ties, caps").click();
  await page.getByLabel("Grace, in seconds").fill("0");
  await page.getByRole("button", { name: "Schedule…" }).click();
  const asks = page.getByRole("dialog");
  await expect(asks).toContainText("Prizes for places cost 1,350.00 points at most.");
  await expect(asks).toContainText("Nothing is paid before you approve.");
  await asks.getByRole("button", { name: "Schedule it" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Tuesday dash");
  const { clicks, fields } = await portal.effort();
  expect(clicks + fields, `${clicks} clicks, ${fields} fields`).toBeLessThanOrEqual(10);
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";

  // It is watched: whoever overtakes moves up, without a reload.
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await world.wager({ playerId: "ann", wagerAmount: 20, gameCategory: "dash" });
  await world.wager({ playerId: "ben", wagerAmount: 30, gameCategory: "dash" });
  await world.wager({ playerId: "cleo", wagerAmount: 5, gameCategory: "dash" });
  const rows = page.getByRole("region", { name: "Leaderboard" }).locator("tbody tr");
  await expect(rows).toHaveCount(3);
  await expect(rows.first()).toContainText("ben");
  await expect(page.getByText("moves by itself")).toBeVisible();
  await world.wager({ playerId: "ann", wagerAmount: 40, gameCategory: "dash" });
  await expect(rows.first()).toContainText("ann");
  await expect(rows.first()).toContainText("▲1");
  await portal.check("tournament-live", { everywhere: true });

  // It ends early.
  await page.getByRole("button", { name: "End early…" }).click();
  const ending = page.getByRole("dialog");
  await expect(ending.getByRole("button", { name: "End it now" })).toBeDisabled();
  await ending.getByLabel("Why").fill("The site goes down tonight");
  await portal.check("tournament-end");
  await ending.getByRole("button", { name: "End it now" }).click();
  await whilePlaying(world, "it is settled", async () => await world.get<Settled>(`/tournaments/${id}/results`).catch(() => null));

  // One is refused, the rest is approved.
  await page.getByRole("tab", { name: "Results" }).click();
  await page.getByLabel("Choose 3").check();
  await page.getByRole("button", { name: "Refuse 1" }).click();
  await page.getByRole("dialog").getByLabel("Why").fill("Two accounts");
  await page.getByRole("dialog").getByRole("button", { name: "Refuse 1" }).click();
  await expect(page.getByRole("table", { name: "Places and prizes" }).getByText("Refused")).toBeVisible();
  await portal.check("tournament-results", { everywhere: true });
  await page.getByRole("button", { name: "Approve prizes…" }).click();
  await expect(page.getByRole("dialog")).toContainText("2 prizes are paid, at once.");
  await page.getByRole("dialog").getByRole("button", { name: "Approve and pay" }).click();
  await whilePlaying(world, "prizes are paid", async () => (await world.get<Settled>(`/tournaments/${id}/results`)).paidAt);
  await expect(page.getByRole("table", { name: "Places and prizes" }).getByText("Paid", { exact: true })).toHaveCount(2);
  const { items } = await world.get<{ items: { playerId: string; state: string; paid: number }[] }>(`/tournaments/${id}/results`);
  expect(items.map(({ playerId, state }) => `${playerId} ${state}`)).toEqual(["ann paid", "ben paid", "cleo not_eligible"]);
  await page.getByRole("tab", { name: "History" }).click();
  await expect(page.getByText("Who did what is in the audit trail")).toBeVisible();
});

test("form and SQL are made of each other, and what is wrong is said where it is", async ({ portal }) => {
  portal.expects(400, /validate$/);
  const { page } = portal;
  await portal.signIn("product", "/tournaments/new");
  await expect(page.getByRole("link", { name: /Weekend slots race/ })).toBeVisible();
  await portal.check("tournaments-templates", { everywhere: true });
  await page.getByRole("link", { name: /Weekend slots race/ }).click();
  await page.getByLabel("Smallest stake").fill("ten");
  await expect(page.getByRole("alert").filter({ hasText: "an amount" }).first()).toBeVisible();
  await page.getByLabel("Smallest stake").fill("10");
  await expect(page.getByText("Everything is right.")).toBeVisible();
  await portal.check("tournament-editor", { everywhere: true });
  await page.getByText("SQL", { exact: true }).click();
  const editor = page.locator(".cm-content").first();
  await expect(editor).toContainText("wagerAmount >= 10");
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("SELECT playerId, SUM(wagerAmount) AS score\nFROM wagers WHERE wagerAmoun > 5 GROUP BY playerId");
  await expect(page.getByText("Line 2, column 19: expected").first()).toBeVisible();
  await portal.check("tournament-sql-wrong", { everywhere: true });
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE gameId IN ('mega-slots', 'book') GROUP BY playerId");
  await expect(page.getByText("Everything is right.")).toBeVisible();
  await page.getByText("Form", { exact: true }).click();
  await expect(page.getByLabel("Games", { exact: false }).first()).toHaveValue("book, mega-slots");
  await expect(page.getByLabel("Smallest stake")).toHaveValue("");
});

test("what came late is counted where somebody wants it, after a look at what that would do", async ({ world, portal }) => {
  const { page } = portal;
  await over(world, "late");
  const { starts } = await world.get<{ starts: string }>("/tournaments/late");
  await world.post("/tournaments/late/approve", {});
  await whilePlaying(world, "the thing is to be handed out", async () =>
    (await world.get<{ items: { state: string }[] }>("/tournaments/late/results")).items[1]?.state === "processing");
  await world.post("/players/late-ben/prizes", { tournamentId: "late", place: 2, state: "paid", why: "sent" });
  await whilePlaying(world, "prizes are paid", async () => (await world.get<Settled>("/tournaments/late/results")).paidAt);
  await world.wager({ playerId: "late-cleo", gameCategory: "only-late", wagerAmount: 70, timestamp: new Date(Date.parse(starts) + 500).toISOString() });
  await portal.signIn("admin", "/tournaments/late");
  await expect(page.getByText("Late, and not counted: 1 wagers")).toBeVisible();
  await page.getByRole("button", { name: "Settle again…" }).click();
  const asks = page.getByRole("dialog");
  await expect(asks).toContainText("It makes version 2 of the results");
  await expect(asks).toContainText("500.00 points are paid beyond");
  await portal.check("tournament-again", { everywhere: true });
  await asks.getByLabel("Why").fill("Her wager was held up");
  await asks.getByRole("button", { name: "Settle it again" }).click();
  await expect(page.getByText("Her wager was held up")).toBeVisible();
  await page.getByRole("tab", { name: "History" }).click();
  await expect(page.getByText("Settled again").first()).toBeVisible();
  await portal.check("tournament-history", { everywhere: true });
});

test("a shadow is compared with another system's list", async ({ world, portal }) => {
  const { page } = portal;
  await over(world, "shade", { mode: "shadow" });
  await portal.signIn("product", "/tournaments/shade?tab=compare");
  await page.getByLabel("The other system's list").fill("player;position;score\nshade-ann;1;100\nshade-cleo;2;98\nshade-zoe;3;1");
  await page.getByRole("button", { name: "Compare 3 lines" }).click();
  const differences = page.getByRole("table", { name: "Lines that differ" });
  await expect(differences).toContainText("shade-ben");
  await expect(differences).toContainText("shade-zoe");
  await portal.check("tournament-compare", { everywhere: true });
});

test("a past one is done once more, and a series shows its next times", async ({ world, portal }) => {
  const { page } = portal;
  await over(world, "past");
  await portal.signIn("product", "/tournaments/past");
  await page.getByRole("link", { name: "Duplicate" }).click();
  await expect(page.getByRole("textbox", { name: "Name", exact: true })).toHaveValue("Race past");
  await page.getByText("Again and again").click();
  await expect(page.getByText("The next ones")).toBeVisible();
  await page.getByRole("button", { name: "Save as a draft" }).click();
  await expect(page.getByText("Draft", { exact: true })).toBeVisible();
  await portal.check("tournament-draft", { everywhere: true });
  await page.getByRole("button", { name: "Schedule…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Schedule it" }).click();
  await expect(page.getByText("Series", { exact: true }).first()).toBeVisible();
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByText("The next ones")).toBeVisible();
  await portal.go("/tournaments");
  await expect(page.getByRole("table", { name: "All tournaments" })).toContainText("Race past");
  await page.keyboard.press("/");
  await page.keyboard.type("race");
  expect(page.url()).toContain("q=race");
  await portal.check("tournaments", { everywhere: true });
});

test("players opt in to seats, and support looks without buttons that change", async ({ world, portal }) => {
  const { page } = portal;
  await world.post("/tournaments", { id: "seats", name: "Ten seats", form: {}, starts: inMs(3_600_000), ends: inMs(7_200_000), optIn: true, participantsMax: 10, prizes: [{ from: 1, points: 5 }] });
  await world.post("/tournaments/seats/schedule", {});
  await world.ask("PUT", "/players/ann/tournaments", { tournamentId: "seats", optIn: "in" });
  await portal.signIn("support", "/tournaments/seats");
  await expect(page.getByText("Seats left")).toBeVisible();
  await expect(page.getByText("of 10")).toBeVisible();
  await expect(page.getByRole("button", { name: "Cancel it…" })).toHaveCount(0);
  await portal.check("tournament-scheduled", { everywhere: true });
});
