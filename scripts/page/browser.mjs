// Pages of a real browser, each of which is watched: what it says to its console, what its policy has refused, and what
// axe finds.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const AXE = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 30_000;

// Counts what a test cannot see from outside, before anything of the page runs.
const watch = (aheadMs) => {
  window.seen = { violations: [], moves: 0, draws: 0 };
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    window.seen.violations.push(`${violatedDirective} ${blockedURI}`));
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (...how) {
    window.seen.moves += 1;
    return animate.apply(this, how);
  };
  document.addEventListener("accolade-change", () => (window.seen.draws += 1));
  const now = Date.now;
  Date.now = () => now() + aheadMs;
};

export class Browser {
  async start(executablePath, shots) {
    this.shots = shots;
    mkdirSync(shots, { recursive: true });
    this.browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  }

  end() {
    return this.browser.close();
  }

  // Opens a page, has `look` look at it, and ends with what is wrong with it. `expects` are errors that are meant to be.
  async open(url, { width = 360, height = 780, dark, still = true, aheadMs = 0, expects = [], locale = "en-GB" }, look) {
    const context = await this.browser.newContext({
      viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: still ? "reduce" : "no-preference",
      deviceScaleFactor: 2, locale, timezoneId: "Europe/Malta",
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const errors = [];
    const asked = [];
    page.on("pageerror", (error) => errors.push(`${error}`));
    page.on("console", (said) => ["error", "warning"].includes(said.type()) && errors.push(said.text()));
    page.on("request", (request) => asked.push(request));
    await page.addInitScript(watch, aheadMs);
    await page.goto(url);
    const sight = new Sight(page, asked, this.shots);
    await look(sight);
    const { violations } = await page.evaluate(() => window.seen);
    assert.deepEqual(violations, [], "what the policy refused");
    const unexpected = errors.filter((error) => !expects.some((expected) => error.includes(expected)));
    assert.deepEqual(unexpected, [], "what the console says");
    await context.close();
  }
}

class Sight {
  constructor(page, asked, shots) {
    Object.assign(this, { page, asked, shots });
    this.board = page.locator("accolade-leaderboard");
  }

  // What is in it, with playwright's own way through shadow roots.
  at(selector) {
    return this.board.locator(selector);
  }

  async shows(state) {
    await this.at(`.pill[data-is="${state}"]`).waitFor();
  }

  async rows() {
    const rows = await this.at(".list .row:not(.waits)").all();
    return Promise.all(rows.map(async (row) => {
      const [position, who, score] = await Promise.all(
        [".badge", ".who", ".score"].map((part) => row.locator(part).textContent()));
      return [position, who, score];
    }));
  }

  async untilRows(expected) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const rows = await this.rows().catch(() => []);
      try {
        assert.deepEqual(rows, expected);
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  seen() {
    return this.page.evaluate(() => window.seen);
  }

  // A picture for people, and nothing that axe finds, nor anything that needs a sideways scroll.
  async check(name) {
    await this.page.screenshot({ path: join(this.shots, `${name}.png`), animations: "disabled" });
    const isWider = await this.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth;
    });
    assert(!isWider, `${name}: it is wider than the screen`);
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`);
    assert.deepEqual(found, [], `${name}: what axe finds`);
  }
}
