import { expect, test } from "./world";
test("somebody signs in", async ({ world, portal }) => {
  await world.wager({ playerId: "player-1" });
  await portal.signIn("product", "/tournaments");
  await expect(portal.page.getByRole("heading", { level: 1 })).toHaveText("Tournaments");
  await portal.go("/rewards");
  await expect(portal.page.getByRole("heading", { level: 1 })).toHaveText("Rewards");
  await portal.check("smoke", { everywhere: true });
});
