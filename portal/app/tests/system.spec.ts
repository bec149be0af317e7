// Whoever connects systems, and whoever looks at what was done.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test as base } from "./world";

/** What is told of what happens; it answers as the test says. */
class Receiver {
  url = "";
  status = 200;
  readonly told: { type: string; id: string }[] = [];
  readonly #server: Server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => { text += String(part); });
    request.on("end", () => {
      this.told.push({ type: (JSON.parse(text) as { type: string }).type, id: String(request.headers["webhook-id"]) });
      response.writeHead(this.status).end();
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((listens) => this.#server.listen(0, "127.0.0.1", listens));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const test = base.extend<object, { receiver: Receiver }>({
  receiver: [async ({}, use) => {
    const receiver = new Receiver();
    await receiver.start();
    await use(receiver);
    receiver.end();
  }, { scope: "worker" }],
});

test.use({ configuration: '[webhooks]\nallowed_networks = "127.0.0.1/32"\n' });

test("a webhook is added and tried; what its receiver refused is seen, and sent again", async ({ world, receiver, portal }) => {
  const { page } = portal;
  await portal.signIn("admin", "/webhooks");
  await page.getByRole("button", { name: "New webhook" }).first().click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Address").fill(receiver.url);
  await form.getByLabel("Description").fill("the desk's system");
  await form.getByLabel("A person has changed a balance").check();
  await form.getByRole("button", { name: "Make the webhook" }).click();
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("link", { name: receiver.url }).click();
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(page.getByText("Taken: the receiver answered 200")).toBeVisible();

  receiver.status = 503;
  await world.wager({ playerId: "player-told-of" });
  await world.post("/players/player-told-of/adjustments", { points: 5, why: "a gift" });
  const delivery = page.getByRole("row", { name: /balance\.adjusted/ });
  await expect(delivery).toContainText("503");
  await portal.check("webhook", { everywhere: true });
  receiver.status = 200;
  await delivery.getByRole("button").click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("button", { name: "Send again" }).click();
  await page.getByRole("dialog").last().getByRole("button", { name: "Send again" }).click();
  await expect(page.getByText("Taken: the receiver answered 200").last()).toBeVisible();
  const told = receiver.told.filter(({ type }) => type === "balance.adjusted");
  expect(told.length, "it was refused, and then taken").toBeGreaterThanOrEqual(2);
  expect(new Set(told.map(({ id }) => id)).size, "as the same message").toBe(1);
});

test("somebody who looks after what was done finds all of one person", async ({ world, portal }) => {
  await world.wager({ playerId: "player-looked-at" });
  await world.ask("GET", "/players/player-looked-at/balance", undefined, "support");
  const { page } = portal;
  await portal.signIn("admin", "/audit");
  await page.getByLabel("What", { exact: true }).selectOption("Publish a version");
  await expect(page.getByRole("row", { name: /Changed\s+Publish a version/ })).toHaveCount(1);
  await page.getByLabel("What", { exact: true }).selectOption("All");
  await page.getByRole("textbox", { name: "Player" }).fill("player-looked-at");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByRole("row", { name: /key the support.*Balance/ })).toBeVisible();
  await portal.check("audit", { everywhere: true });
  await page.getByRole("row", { name: /Balance/ }).getByRole("button").click();
  await page.getByRole("dialog").getByRole("button", { name: "Only theirs" }).click();
  await expect(page).toHaveURL(/subject=/);
  await expect(page.getByRole("row", { name: /Balance/ })).toHaveCount(1);
});
