import { expect, test } from "./world";

test("the program is looked at, edited in form and text, tried and published", async ({ world, portal }) => {
  const { page } = portal;
  await world.wager({ playerId: "player-1", wagerAmount: 25 });
  await portal.signIn("product", "/program");
  await expect(page.getByRole("heading", { name: "Version 1" })).toBeVisible();
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
  await expect(page.getByText("Fails")).toBeVisible();
  await expect(page.getByText("Expected 0.00 points, but the program gives 0.25 points.")).toBeVisible();
  await portal.check("program-tests", { everywhere: true });
  await page.getByLabel("Must give points").fill("0.25");
  await expect(page.getByText("Passes")).toBeVisible();

  await page.getByRole("tab", { name: /^What changes/ }).click();
  await expect(page.getByText("0.25 instead of 0.1").first()).toBeVisible();
  await portal.check("program-changes", { everywhere: true });

  await page.getByRole("tab", { name: "Simulation" }).click();
  await page.getByRole("button", { name: "Simulate" }).click();
  await expect(page.getByText("Players would have earned 3.75 points more.")).toBeVisible();
  await portal.check("program-simulation", { everywhere: true });

  await page.getByRole("button", { name: "Publish…" }).click();
  await page.getByLabel("Why").fill("more for slots");
  await portal.check("program-publish", { everywhere: true });
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Version 2" })).toBeVisible();

  await page.getByRole("link", { name: "1", exact: true }).click();
  await page.getByRole("button", { name: "Roll back to this…" }).click();
  await expect(page.getByRole("dialog").getByText("0.1 instead of 0.25")).toBeVisible();
  await page.getByLabel("Why").fill("too much");
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Version 3" })).toBeVisible();
  await page.getByRole("link", { name: "2", exact: true }).click();
  await portal.check("program-version", { everywhere: true });
});
