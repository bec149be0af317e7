// The portal in a real browser, at a real node: every page, in light and dark, on a phone and on a wall; and whole tasks by
// keys alone. Its files are those of portal/app/dist, with the policy that the node gives them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { Node, until } from "./node.mjs";

const [binary, chromium, shots, dist] = ["PAGE_NODE", "PAGE_CHROMIUM", "PAGE_SHOTS", "PORTAL_DIST"].map((name) => process.env[name]);
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; "
  + "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const PROGRAM = `currency: EUR
timezone: Europe/Malta
earning: { multipliers: { default: 0.1 } }
tiers: { window: { rolling: 365d }, levels: [{ name: bronze, from: 0 }, { name: silver, from: 100, multiplier: 1.25 }] }
`;
// What a browser says of an answer that is a problem.
const EXPECTED = ["Failed to load resource"];
const node = new Node(binary);
const browser = new Browser();
let pages;

before(async () => {
  await Promise.all([node.start(), browser.start(chromium, shots)]);
  await node.post("/program/versions", { why: "first", effectiveFrom: "2020-01-01T00:00:00Z", program: PROGRAM });
  const begins = Date.now() + 2_000;
  const time = (inMs) => new Date(begins + inMs).toISOString();
  await node.tournament("race", { name: "Weekend slots race", starts: time(0), ends: time(26 * 3_600_000) });
  await until("it has begun", async () => (await node.ask("GET", "/tournaments/race")).state === "live");
  for (const [player, amount] of [["Maria", "2000.5"], ["Anton", "25"]]) await node.bet("race", player, amount);
  await node.post("/players/Maria/redemptions", { points: 20, item: "ten free spins" });
  const { id } = await node.post("/webhooks", { url: "https://example.com/hooks", events: ["tier.changed"] });
  pages = ["", "program", "promotions", "rewards", "tournaments", "tournaments/race", "players", "players/Maria", "players/Maria?tab=ledger",
    "signals", "dead-letters", "topics", "topics?topic=loyalty.redemptions", "topics?topic=leaderboard.updates", "audit", "keys", "keys?key=first",
    "keys?new=yes", "webhooks", "webhooks?new=yes", `webhooks/${id}`, "nodes", "nowhere"];
});

after(async () => {
  await browser.end();
  await node.end();
});

/** Opens the portal at one of its paths, with its files as the node serves them. */
const open = (path, how, look) => browser.open("about:blank", { expects: EXPECTED, ...how }, async (sight) => {
  const { page } = sight;
  await page.route("**/portal/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname.startsWith("/portal/sign-in/")) return route.fallback();
    const read = async (file) => ({ file, body: await readFile(join(dist, file)) });
    const { file, body } = await read(pathname.slice("/portal/".length)).catch(() => read("index.html"));
    const headers = { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY };
    return route.fulfill({ headers, body });
  });
  await page.goto(`${node.url}/portal/${path}`);
  await page.locator("#sign-in").waitFor();
  await look(sight);
});

const signIn = async (page, key = node.key) => {
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
  await page.locator("main#main h1").waitFor();
};

/** Goes on within the page, as a link does. */
const go = async (page, path) => {
  await page.evaluate((address) => {
    history.pushState(null, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
  }, `/portal/${path}`);
  await page.locator("main#main h1").waitFor();
  // What stands in for what is not there yet is gone.
  await until(`${path} is there`, async () => (await page.locator("main [role=status] .line").count()) === 0);
};

for (const [name, how] of Object.entries({
  light: { width: 1280, height: 900 }, phone: { width: 320, height: 720, dark: true }, wall: { width: 2560, height: 1300 }, german: { width: 360, height: 720, locale: "de-DE" },
})) {
  test(`every page is whole: ${name}`, async () => {
    await open("", how, async (sight) => {
      await sight.check(`portal-${name}-sign-in`);
      await signIn(sight.page);
      for (const path of pages) {
        await go(sight.page, path);
        await sight.check(`portal-${name}-${path.replace(/\W+/g, "-") || "home"}`);
      }
    });
  });
}

test("a key is made, shown once and revoked without a mouse", async () => {
  await open("keys", { width: 1280 }, async ({ page }) => {
    await signIn(page);
    const { keyboard } = page;
    await keyboard.press("Control+k");
    await keyboard.type("new key");
    await keyboard.press("Enter");
    await page.getByRole("dialog").getByLabel("Name").waitFor();
    await keyboard.type("the desk");
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("Space");
    assert(await page.getByLabel("support").isChecked(), "the third role is that of support");
    await keyboard.press("Enter");
    const secret = page.getByRole("dialog").locator("code");
    assert.match(await secret.textContent(), /^acc_[0-9a-f]{72}$/);
    await keyboard.press("Escape");
    await secret.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "the desk" }).focus();
    await keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).focus();
    await keyboard.press("Enter");
    await page.getByText("The key opens nothing any more").waitFor();
    await page.getByRole("dialog", { name: "Revoke the desk?" }).getByRole("button", { name: "Revoke" }).focus();
    await keyboard.press("Enter");
    await page.getByText("the desk is revoked").waitFor();
    assert.equal((await node.ask("GET", "/keys")).items.find(({ name }) => name === "the desk").revokedBy, "the key first of operator-789");
  });
});

test("a session that ends leaves everything in the address, and it is shown again", async () => {
  const { id, secret } = await node.post("/keys", { name: "soon over", roles: ["auditor"] });
  await open("audit?kind=change", { width: 1280 }, async ({ page }) => {
    await signIn(page, secret);
    await node.ask("DELETE", `/keys/${id}`);
    await page.getByLabel("Outcome").selectOption("ok");
    await page.getByText("Your session is over").waitFor();
    assert.equal(page.url(), `${node.url}/portal/audit?kind=change&outcome=ok`);
    await signIn(page);
    assert.equal(await page.getByLabel("Kind").inputValue(), "change");
    assert.equal(await page.getByLabel("Outcome").inputValue(), "ok");
  });
});

test("somebody who may see players alone is shown what they may see", async () => {
  const { secret } = await node.post("/keys", { name: "support", roles: ["support"] });
  await open("", { width: 1280 }, async ({ page }) => {
    await signIn(page, secret);
    const shown = await page.getByRole("navigation").first().getByRole("link").allTextContents();
    assert(shown.includes("Players") && shown.includes("Signals"), shown.join());
    assert(!shown.some((name) => ["Keys", "Webhooks", "Audit trail"].includes(name)), shown.join());
    await page.keyboard.press("g");
    await page.keyboard.press("k");
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    await page.waitForURL("**/portal/players");
  });
});

test("a node that is away is said, and what was there stays", async () => {
  await open("players/Maria", { width: 1280 }, async ({ page }) => {
    await signIn(page);
    await page.getByText("silver").first().waitFor();
    await page.context().setOffline(true);
    await page.getByText("The node does not answer").waitFor();
    assert(await page.getByText("silver").first().isVisible());
    await page.context().setOffline(false);
    await page.getByText("The node does not answer").waitFor({ state: "detached" });
  });
});
