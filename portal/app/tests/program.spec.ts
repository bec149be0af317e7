import { expect, test } from "./world";

// Many pictures are taken, on a machine that has more to do.
test.describe.configure({ timeout: 300_000 });

test.use({ worldOf: "program" });

test("the program is looked at, edited in form and text, tried and published", async ({ world, portal }) => {
  portal.expects(422, /program.versions$/);
  const { page } = portal;
  await world.wager({ playerId: "player-1", wagerAmount: 25 });
  await portal.signIn("product", "/program");
  await expect(page.getByRole("heading", { name: "Version 1", exact: true })).toBeVisible();
  await portal.check("program", { everywhere: true });

  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByText("Nothing changed yet")).toBeVisible();
  await portal.check("program-draft", { everywhere: true });

  // What is typed in the form stands in the text, and the other way round.
  await page.getByRole("button", { name: "Earning" }).click();
  const slots = page.locator("[data-field='/earning/multipliers'] input").first();
  await slots.fill("0.25");
  const text = page.locator(".cm-content");
  await expect(text).toContainText("{ default: 0.25 }");
  await expect(page.getByText("Ready to publish")).toBeVisible();
  await text.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("voids: balance\n");
  await page.getByRole("button", { name: "Basics" }).click();
  await expect(page.getByLabel("A voided wager takes back")).toHaveValue("balance");

  // A fault is shown where it is, in both.
  await page.keyboard.press("Control+End");
  await page.getByLabel("Currency").fill("usd");
  await expect(page.getByText("1 fault").first()).toBeVisible();
  await expect(page.getByLabel("Currency")).toHaveAttribute("aria-invalid", "true");
  await portal.check("program-fault", { everywhere: true });
  await page.getByLabel("Currency").fill("EUR");
  await expect(page.getByText("Ready to publish")).toBeVisible();

  await page.getByRole("tab", { name: /^Tests/ }).click();
  await page.getByRole("button", { name: "Add: Tests" }).click();
  await expect(page.getByText("Fails", { exact: true })).toBeVisible();
  await expect(page.getByText("Expected 0.00 points, but the program gives 0.25 points.")).toBeVisible();
  await portal.check("program-tests", { everywhere: true });
  await page.getByLabel("Must give points").fill("0.25");
  await expect(page.getByText("Passes", { exact: true })).toBeVisible();

  await page.getByRole("tab", { name: /^What changes/ }).click();
  await expect(page.getByText("0.25 instead of 0.1").first()).toBeVisible();
  await portal.check("program-changes", { everywhere: true });

  await world.wager({ playerId: "player-1", wagerAmount: 25 });
  await page.getByRole("tab", { name: "Simulation" }).click();
  await page.getByRole("button", { name: "Simulate" }).click();
  await expect(page.getByText(/Players would have earned (3.75|7.50) points more/)).toBeVisible();
  await portal.check("program-simulation", { everywhere: true });

  await page.getByRole("button", { name: "Publish…" }).click();
  await page.getByLabel("Why").fill("more for slots");
  await portal.check("program-publish", { everywhere: true });
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Version 2", exact: true })).toBeVisible();

  await page.getByRole("link", { name: "1", exact: true }).click();
  await page.getByRole("button", { name: "Roll back to this…" }).click();
  await expect(page.getByRole("dialog").getByText("0.1 instead of 0.25")).toBeVisible();
  await page.getByLabel("Why").fill("too much");
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Version 3", exact: true })).toBeVisible();
  await page.getByRole("link", { name: "2", exact: true }).click();
  await portal.check("program-version", { everywhere: true });
});

test("publish a double-points weekend and see it on a wager", { tag: "@cluster" }, async ({ world, portal }) => {
  const { page } = portal;
  await world.wager({ playerId: "player-2", wagerAmount: 40 });
  await world.wager({ playerId: "player-3", wagerAmount: 40, gameCategory: "table", gameId: "roulette" });

  await portal.signIn("product");
  await page.getByRole("link", { name: "Promotions" }).click();
  await page.getByRole("link", { name: "New promotion" }).click();
  await page.getByRole("button", { name: /Double points this weekend/ }).click();
  // A wager can only be of now, so that it begins with the weekend would be seen on two days of seven.
  await page.getByRole("button", { name: "Begin at once" }).click();
  // The log is young, so that only its last half is simulated.
  await world.wager({ playerId: "player-2", wagerAmount: 40 });
  await page.getByRole("button", { name: "Preview", exact: true }).click();
  await expect(page.getByText(/\d+ of \d+ wagers, by \d+ players/)).toBeVisible();
  await expect(page.getByText("Players would have earned")).toBeVisible();
  await page.getByRole("button", { name: "Publish…" }).click();
  await page.getByLabel("Why").fill("a busy weekend");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Running" })).toBeVisible();
  const { clicks, fields } = await portal.effort();
  expect(clicks + fields).toBeLessThanOrEqual(12);

  const slots = await world.wager({ playerId: "player-2", wagerAmount: 40 });
  const table = await world.wager({ playerId: "player-2", wagerAmount: 40, gameCategory: "table", gameId: "roulette" });
  type Explained = { points: number; parts: { promotions: { name: string }[] } };
  const explained = await Promise.all([slots, table].map((id) => world.get<Explained>(`/wagers/${id}/explanation`)));
  expect(explained.map(({ points }) => points)).toEqual([8, 4]);
  expect(explained[0]?.parts.promotions[0]?.name).toMatch(/^double-slots-/);
  await portal.signIn("support", `/players/wagers/${slots}`);
  await expect(page.getByText(/double-slots-/).first()).toBeVisible();
});

test("promotions are seen as a list and a calendar, and ended", async ({ world, portal }) => {
  const { page } = portal;
  const program = `currency: EUR
timezone: Europe/Malta
earning: { multipliers: { slots: 0.1, table: 0.05, default: 0.1 } }
promotions:
  - { name: always-on, multiply: 2, budget: { points: 1000 } }
  - { name: next-year, from: 2030-01-01T00:00:00Z, bonus: 5, jurisdictions: [Malta] }
  - { name: last-year, to: 2025-01-01T00:00:00Z, bonus: 5 }
  - { name: happy-hour, every: { days: [mon, tue, wed, thu, fri], hours: "18:00-20:00" }, where: "gameCategory IN ('slots', 'table')", multiply: 1.5 }
`;
  await world.publish(program, "many promotions");
  await world.wager({ playerId: "player-2", wagerAmount: 40 });
  await portal.signIn("product", "/promotions");
  await expect(page.getByRole("heading", { name: "Running" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Past" })).toBeVisible();
  await portal.check("promotions", { everywhere: true });
  await page.getByRole("tab", { name: "Calendar" }).click();
  await expect(page.getByRole("link", { name: "Promotion: always-on" }).first()).toBeVisible();
  await portal.check("promotions-calendar", { everywhere: true });

  await page.getByRole("tab", { name: /List/ }).click();
  await page.getByRole("link", { name: "New promotion" }).click();
  await page.getByRole("button", { name: /Happy hour/ }).click();
  // The log is young, so that only its last half is simulated.
  await world.wager({ playerId: "player-2", wagerAmount: 40 });
  await page.getByRole("button", { name: "Preview", exact: true }).click();
  await expect(page.getByText("Players would have earned")).toBeVisible();
  await portal.check("promotions-new", { everywhere: true });

  await page.getByRole("link", { name: "Promotions" }).first().click();
  await page.getByRole("link", { name: "always-on" }).click();
  await page.getByRole("button", { name: "End now…" }).click();
  await page.getByLabel("Why").fill("enough");
  await page.getByRole("button", { name: "End it" }).click();
  await expect(page.getByText("always-on has ended")).toBeVisible();
});

test("two editors of one program: the second is refused, sees what changed, and goes on", { tag: "@cluster" }, async ({ world, portal }) => {
  portal.expects(412, /program.versions$/);
  const { page } = portal;
  await portal.signIn("product", "/program/draft");
  await expect(page.getByText("Nothing changed yet")).toBeVisible();
  await page.getByLabel("A voided wager takes back").selectOption("pending");
  await expect(page.getByText("Ready to publish")).toBeVisible();
  await page.getByRole("button", { name: "Publish…" }).click();
  await page.getByLabel("Why").fill("the second");

  // Meanwhile, somebody else.
  const { version, program } = await world.get<{ version: number; program: Record<string, unknown> }>("/program");
  await world.publish({ ...program, consent: "opt-in" }, "the first");

  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByRole("heading", { name: `Somebody published version ${version + 1} meanwhile` })).toBeVisible();
  await expect(page.getByText("Are out until they join").first()).toBeVisible();
  await portal.check("program-stale", { everywhere: true });
  await page.getByRole("button", { name: `Put my changes on version ${version + 1}` }).click();
  await expect(page.getByLabel("Players who have said nothing")).toHaveValue("opt-in");
  await expect(page.getByLabel("A voided wager takes back")).toHaveValue("pending");
  await expect(page.getByText("Ready to publish")).toBeVisible();
  await page.getByRole("button", { name: "Publish…" }).click();
  await page.getByLabel("Why").fill("the second, upon the first");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByRole("heading", { name: `Version ${version + 2}`, exact: true })).toBeVisible();
  const published = await world.get<{ program: Record<string, unknown> }>("/program");
  expect(published.program).toMatchObject({ consent: "opt-in", voids: "pending" });
});

test("a reward is added, stocked, changed and withdrawn", async ({ portal }) => {
  const { page } = portal;
  await portal.signIn("product", "/rewards");
  await expect(page.getByText("No rewards yet")).toBeVisible();
  await portal.check("rewards-empty", { everywhere: true });
  await page.getByRole("button", { name: "Add the first one" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Ten free spins");
  await page.getByLabel("Price in points").fill("20.5");
  await page.getByLabel("Kind").fill("spins");
  await page.getByLabel("Limited stock").check();
  await portal.check("rewards-new", { everywhere: true });
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Ten free spins", level: 1 })).toBeVisible();

  await page.getByRole("button", { name: "Stock…" }).click();
  await page.getByLabel("How many").fill("100");
  await page.getByLabel("Why").fill("for December");
  await page.getByRole("button", { name: "Change the stock" }).click();
  await expect(page.getByText("Left", { exact: true }).locator("..")).toContainText("100");

  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByLabel("Price in points").fill("30");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("tab", { name: /^History/ }).click();
  await expect(page.getByText("Price in points: 30.00")).toBeVisible();
  await portal.check("reward-history", { everywhere: true });
  await page.getByRole("tab", { name: "Stock" }).click();
  await expect(page.getByText("for December")).toBeVisible();
  await portal.check("reward-stock", { everywhere: true });
  await page.getByRole("tab", { name: "About" }).click();
  await portal.check("reward", { everywhere: true });

  await page.getByRole("link", { name: "Rewards" }).first().click();
  await portal.check("rewards", { everywhere: true });
  await page.getByRole("link", { name: "Ten free spins" }).click();
  await page.getByRole("button", { name: "Withdraw…" }).click();
  await page.getByRole("button", { name: "Withdraw for ever" }).click();
  await expect(page.getByText("Ten free spins was withdrawn")).toBeVisible();
  await expect(page.getByText("Withdrawn", { exact: true }).first()).toBeVisible();
});
