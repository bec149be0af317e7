// Staff sign in at the operator's own identity provider, and are out when its token is.

import { expect, Portal, test as base } from "./world";
import { Provider } from "./provider";

const test = base.extend<object, { provider: Provider; configuration: string }>({
  provider: [async ({}, use) => {
    const provider = new Provider();
    await provider.start();
    await use(provider);
    provider.end();
  }, { scope: "worker" }],
  configuration: [async ({ provider }, use) => { await use(provider.configuration); }, { scope: "worker" }],
});

/** From the button to the page. */
async function signIn({ page }: Portal, address: string): Promise<void> {
  await page.goto(address);
  await page.getByRole("button", { name: "Sign in at Casino login" }).click();
}

test("who comes from the provider sees what their group may, where they were", async ({ world, provider, portal }) => {
  await world.wager({ playerId: "player-1" });
  const { page } = portal;
  provider.groups = ["desk"];
  await signIn(portal, `${world.portal}/portal/players/player-1?tab=ledger`);
  await expect(page.getByRole("heading", { name: "player-1" })).toBeVisible();
  await expect(page.getByRole("tab", { selected: true })).toHaveText("Ledger");
  expect(new URL(page.url()).search, "neither code nor state stays in the address").toBe("?tab=ledger");
  await expect(page.getByRole("link", { name: "Keys" })).toHaveCount(0);
  await portal.check("signed-in-at-a-provider");
  expect(await page.evaluate(() => [localStorage, sessionStorage].map((kept) => JSON.stringify(kept))), "no token is kept").not.toEqual(expect.arrayContaining([expect.stringContaining("eyJ")]));
  // The memory of a page ends with it.
  provider.groups = ["heads"];
  await signIn(portal, `${world.portal}/portal/keys`);
  await expect(page.getByRole("link", { name: "Keys" })).toBeVisible();
});

test("who has no group of staff is told so, and another's sign-in is refused", async ({ world, provider, portal }) => {
  const { page } = portal;
  portal.expects(403, /whoami$/);
  provider.groups = ["gardeners"];
  await signIn(portal, `${world.portal}/portal/`);
  await expect(page.getByRole("button", { name: "Sign in at Casino login" })).toBeVisible();
  await expect(page.locator("#sign-in")).toContainText(/role|group/);
  provider.groups = ["desk"];
  provider.mixesUp = true;
  await page.getByRole("button", { name: "Sign in at Casino login" }).click();
  await expect(page.getByText("That sign-in was begun elsewhere, or is too old.")).toBeVisible();
  provider.mixesUp = false;
});

test("the session ends when the provider's token does", async ({ world, provider, portal }) => {
  const { page } = portal;
  provider.groups = ["desk"];
  // What is asked just when it ends is refused.
  portal.expects(401, /./, { always: false });
  provider.validForSeconds = 12;
  await signIn(portal, `${world.portal}/portal/players`);
  await expect(page.getByRole("heading", { name: "Players" })).toBeVisible();
  await expect(page.getByText("Your session is over.")).toBeVisible();
  provider.validForSeconds = 600;
  await page.getByRole("button", { name: "Sign in at Casino login" }).click();
  await expect(page.getByRole("heading", { name: "Players" })).toBeVisible();
});
