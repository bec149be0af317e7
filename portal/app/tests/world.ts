// A node with an operator, keys of each role, and the portal in a real browser at it.
//
//   cd portal/app
//   npm run build                                             # what is tested is what was built
//   ACCOLADE_BINARY=/path/to/accolade npx playwright test tests/players.spec.ts
//
// ACCOLADE_BINARY is the binary of the tests without (target/debug/accolade), PORTAL_CHROMIUM /usr/bin/chromium. Pictures of
// all that is checked are left in portal/app/dist-tests. Where the node serves no portal, or PORTAL_BESIDE is set, the built one
// is served beside it, under a policy of contents as strict.
//
//   import { expect, test } from "./world";
//
//   test("somebody finds a player", async ({ world, portal }) => {
//     await world.wager({ playerId: "player-1", wagerAmount: 25 });
//     const { page } = portal;
//     await portal.signIn("support", "/players");
//     await page.getByLabel("Id of a player").fill("player-1");
//     ...
//     await portal.check("players");                     // axe, no sideways scroll, a picture
//   });
//
// Where PORTAL_NODES names nodes of a cluster, whose operator has PORTAL_KEY, all tests are of those (scripts/portal-cluster.sh):
// one after the other, since they are of one operator.
//
// What was opened stays signed in as long as its page is not loaded again: go on by links, `portal.go(path)` or `signIn`.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { expect, type Page, test as base } from "@playwright/test";
import { preview } from "vite";

export { expect };
export type Role = "admin" | "product" | "support" | "auditor";

const APP = fileURLToPath(new URL("..", import.meta.url));
const BINARY = process.env.ACCOLADE_BINARY ?? join(APP, "../../target/debug/accolade");
const SHOTS = process.env.PORTAL_SHOTS ?? join(APP, "dist-tests");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 60_000;
/** Nodes of a cluster: pages are of the first. */
export const NODES = process.env.PORTAL_NODES?.split(",") ?? [];
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
  + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const OPERATOR = "operator-789";
/** Slots earn a tenth of their stake, and adjustments of more than 1,000 points wait for somebody else. */
export const PROGRAM = `currency: EUR
timezone: Europe/Malta
earning: { multipliers: { default: 0.1 } }
adjustments: { approvalAbove: 1000 }
`;

/** Looks until something is found. */
export async function until<T>(awaited: string, look: () => Promise<T> | T): Promise<NonNullable<T>> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = await look();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 50));
  }
  throw new Error(`awaited: ${awaited}`);
}

/** A time so far from now, as the API takes it. */
export function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

/** A node, and what is asked of it beside the portal. */
export class World {
  readonly operator = OPERATOR;
  /** Where the portal is: `${world.portal}/portal/players`. */
  portal = "";
  url = "";
  #home = mkdtempSync(join(tmpdir(), "accolade-portal-"));
  #process: ChildProcess | undefined;
  #beside: Awaited<ReturnType<typeof preview>> | undefined;
  #admin = "";
  #keys = new Map<Role, string>();
  #sent = 0;
  /** What ids begin with: worlds of one cluster have others. */
  readonly #mark = NODES.length > 0 ? `${process.pid}-` : "";

  /** Publishes a version of the program; the first one is for ever back. */
  async publish(program: string | Record<string, unknown>, why = "a test"): Promise<void> {
    const { items: [newest] } = await this.get<{ items: { version: number }[] }>("/program/versions?limit=1");
    const answer = await fetch(`${this.url}/api/v1/program/versions`, {
      method: "POST", body: JSON.stringify({ why, program, ...(newest ? {} : { effectiveFrom: "2020-01-01T00:00:00Z" }) }),
      headers: { authorization: `Bearer ${this.#admin}`, "content-type": "application/json", ...(newest ? { "if-match": `"${newest.version}"` } : {}) },
    });
    expect(answer.status, await answer.text()).toBe(201);
  }

  /** What one node of a cluster knows of the program, and of keys, the others know a moment later. */
  async #agree(key = this.#admin): Promise<void> {
    if (NODES.length < 2) return;
    await until("all nodes know the same", async () => {
      const known = await Promise.all(NODES.map(async (node) => {
        const answer = await fetch(`${node}/api/v1/program/versions?limit=1`, { headers: { authorization: `Bearer ${key}` } });
        return answer.ok ? await answer.text() : null;
      }));
      return known.every((one) => one !== null && one === known[0]);
    });
  }

  /** Starts it, with what `configuration` says beside. */
  async start(configuration = ""): Promise<void> {
    const [first] = NODES;
    if (first) [this.url, this.#admin] = [first, process.env.PORTAL_KEY ?? ""];
    else await this.#serve(configuration);
    await this.#show();
    await this.publish(PROGRAM);
  }

  /** A node of its own, with the key of an operator. */
  async #serve(configuration: string): Promise<void> {
    const [out, log] = ["printed", "log"].map((name) => openSync(join(this.#home, name), "a"));
    const config = join(this.#home, "accolade.toml");
    writeFileSync(config, configuration);
    const words = ["serve", "--config", config, "--data-dir", join(this.#home, "data"), "--listen", "127.0.0.1:0", "--first-operator", OPERATOR, "--log-format", "json"];
    // One partition: its time goes on with each wager.
    const env = { PATH: process.env.PATH, ACCOLADE_PARTITIONS: "1" };
    const started = spawn(BINARY, words, { env, stdio: ["ignore", out ?? "ignore", log ?? "ignore"] });
    this.#process = started;
    this.url = await until("the node listens", () => {
      if (started.exitCode !== null) throw new Error(this.#read("log"));
      return /"message":"listening".*"api":"([^"]*)"/.exec(this.#read("log"))?.[1];
    });
    this.#admin = await until("its first key", () => /^key\s+(\S+)/m.exec(this.#read("printed"))?.[1]);
  }

  /** Finds where the portal is, or serves it. */
  async #show(): Promise<void> {
    const own = await fetch(`${this.url}/portal/`, { headers: { accept: "text/html" } });
    if (own.ok && !process.env.PORTAL_BESIDE) this.portal = this.url;
    else {
      const proxy = Object.fromEntries(["/api", "/portal/sign-in", "/readyz", "/metrics", "/healthz"].map((path) => [path, { target: this.url, changeOrigin: false }]));
      this.#beside = await preview({
        root: APP, configFile: false, base: "/portal/", logLevel: "error",
        preview: { host: "127.0.0.1", port: 0, proxy, headers: { "content-security-policy": POLICY } },
      });
      this.portal = new URL(this.#beside.resolvedUrls?.local[0] ?? "").origin;
    }
  }

  async end(): Promise<void> {
    await this.#beside?.close();
    if (this.#process && this.#process.exitCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#home, { recursive: true, force: true });
  }

  #read(name: string): string {
    return readFileSync(join(this.#home, name), "utf8");
  }

  /** The key of a role; made once. */
  async key(role: Role): Promise<string> {
    const known = role === "admin" ? this.#admin : this.#keys.get(role);
    if (known) return known;
    const { secret } = await this.post<{ secret: string }>("/keys", { name: `the ${role}`, roles: [role] });
    this.#keys.set(role, secret);
    await this.#agree(secret);
    return secret;
  }

  /** Asks the API as `role`, or throws what it was answered. A body that is a text is sent as it is. */
  async ask<T>(method: string, path: string, body?: unknown, role: Role = "admin"): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${role === "admin" ? this.#admin : await this.key(role)}`, "content-type": "application/json",
        ...(method === "GET" ? {} : { "idempotency-key": `world-${this.#mark}${++this.#sent}` }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  }

  get<T>(path: string): Promise<T> {
    return this.ask<T>("GET", path);
  }

  post<T = unknown>(path: string, body: unknown): Promise<T> {
    return this.ask<T>("POST", path, body);
  }

  /** Takes in a wager of now; ids and all that is not said are made up. It is applied when this returns. */
  async wager(more: Record<string, unknown> = {}): Promise<string> {
    const wager = {
      wagerId: `w-${this.#mark}${++this.#sent}`, playerId: "player-1", operatorId: OPERATOR, gameId: "mega-slots", gameCategory: "slots",
      wagerAmount: 10, currency: "EUR", jurisdiction: "Malta", timestamp: inMs(0), ...more,
    };
    await this.#agree();
    await this.post("/wagers?wait=applied", wager);
    return wager.wagerId;
  }
}

/** What somebody does with mouse and keys, as far as it is counted. */
export interface Effort {
  clicks: number;
  /** Fields that were filled or chosen in, each once. */
  fields: number;
}

/** The portal in a page of its own. All that its console, its policy of contents or axe has to say fails the test. */
export class Portal {
  readonly page: Page;
  readonly #world: World;
  readonly #said: string[] = [];
  /** What the console may say: a part of it. The browser itself tells of each answer that is an error, which is looked at
   * below, and once more of what the policy does not allow. */
  readonly expected: string[] = ["the server responded with a status of", "violates the following Content Security Policy directive"];
  readonly #expects: { status: number; what: RegExp; came: boolean }[] = [];

  constructor(page: Page, world: World) {
    this.page = page;
    this.#world = world;
    page.on("response", (response) => {
      const [status, what] = [response.status(), `${response.request().method()} ${new URL(response.url()).pathname}`];
      if (status < 400) return;
      const expected = this.#expects.find((one) => one.status === status && one.what.test(what));
      if (expected) expected.came = true;
      else this.#said.push(`${what}: ${status}`);
    });
    page.on("pageerror", (error) => this.#said.push(`${error.stack ?? error}`));
    page.on("console", (said) => { if (["error", "warning"].includes(said.type())) this.#said.push(said.text()); });
  }

  /** An answer with this status to `GET /api/v1/…` is part of the test, and has to come, unless it need not. */
  expects(status: number, what: RegExp, { always = true } = {}): void {
    this.#expects.push({ status, what, came: !always });
  }

  async watch(): Promise<void> {
    // Said at once, since a page that is loaded again forgets.
    await this.page.exposeFunction("violated", (what: string) => { this.#said.push(what); });
    await this.page.addInitScript(() => {
      const seen = { clicks: 0, fields: new Set<EventTarget>() };
      Object.assign(window, { seen });
      document.addEventListener("securitypolicyviolation", (violation) => {
        const { violatedDirective, blockedURI, sourceFile, lineNumber } = violation;
        // Where somebody types over text, Chromium gives the new one the old one's style, which the editor takes away again.
        const isTyped = violation.composedPath().some((one) => one instanceof Element && one.classList.contains("cm-content"));
        if (isTyped && violatedDirective === "style-src-attr") return;
        (window as unknown as { violated: (what: string) => void }).violated(`refused by the policy: ${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber}`);
      });
      document.addEventListener("pointerdown", () => { seen.clicks += 1; }, true);
      document.addEventListener("input", ({ target }) => {
        const isField = target instanceof HTMLElement && !(target instanceof HTMLInputElement && ["checkbox", "radio"].includes(target.type));
        if (isField) seen.fields.add(target);
      }, true);
    });
  }

  /** Opens a page of the portal (`/players?tab=ledger`) and signs in with a key of this role. */
  async signIn(role: Role, path = "/"): Promise<void> {
    await this.page.goto(`${this.#world.portal}/portal${path}`);
    await this.page.locator("#sign-in input").first().fill(await this.#world.key(role));
    await this.page.locator("#sign-in button[type=submit]").click();
    await this.page.locator("main#main, #main").first().waitFor();
  }

  /** Goes to another page without a click, and stays signed in. */
  async go(path: string): Promise<void> {
    await this.page.evaluate((address) => {
      history.pushState(null, "", address);
      dispatchEvent(new PopStateEvent("popstate", { state: null }));
    }, `/portal${path}`);
  }

  /** Begins to count anew. */
  async count(): Promise<void> {
    await this.page.evaluate(() => {
      const { seen } = window as unknown as { seen: { clicks: number; fields: Set<unknown> } };
      seen.clicks = 0;
      seen.fields.clear();
    });
  }

  /** What was done since. */
  async effort(): Promise<Effort> {
    return await this.page.evaluate(() => {
      const { seen } = window as unknown as { seen: { clicks: number; fields: Set<unknown> } };
      return { clicks: seen.clicks, fields: seen.fields.size };
    });
  }

  /** A picture, nothing that axe finds, and nothing that needs a sideways scroll; as it is, or also of these sizes and themes. */
  async check(name: string, { everywhere: wanted = false }: { everywhere?: boolean } = {}): Promise<void> {
    // A cluster's pages look the same.
    const everywhere = wanted && NODES.length === 0;
    const before = this.page.viewportSize();
    const looks = everywhere
      ? [[1280, "light"], [1280, "dark"], [320, "light"], [320, "dark"]] as const
      : [[before?.width ?? 1280, null]] as const;
    for (const [width, theme] of looks) {
      if (everywhere) {
        await this.page.setViewportSize({ width, height: width < 600 ? 700 : 900 });
        await this.page.evaluate((wanted) => { if (wanted) document.documentElement.dataset.theme = wanted; }, theme);
      }
      await this.#look(everywhere ? `${name}-${width}-${theme}` : name);
    }
    if (before && everywhere) {
      await this.page.setViewportSize(before);
      await this.page.evaluate(() => { document.documentElement.dataset.theme = "light"; });
    }
  }

  async #look(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.evaluate(() => { scrollTo(0, 0); });
    // Colours that fade are not those that axe should judge; what never ends is not waited for.
    await this.page.evaluate(async () => {
      const fading = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.race([Promise.all(fading.map((one) => one.finished.catch(() => {}))), new Promise((go) => setTimeout(go, 1_000))]);
    });
    const picture = { path: join(SHOTS, `${name}.png`), animations: "disabled", timeout: 15_000 } as const;
    // A browser that has no frame to give is asked for what is seen alone.
    await this.page.screenshot({ ...picture, fullPage: true }).catch(() => this.page.screenshot(picture));
    const wider = await this.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      const beyond = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
      return [`${scrollWidth} > ${clientWidth}`, ...beyond.slice(-3).map((one) => one.outerHTML.slice(0, 160))];
    });
    expect(wider, `${name}: it is wider than the screen`).toEqual([]);
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`);
    });
    expect(found, `${name}: what axe finds`).toEqual([]);
  }

  /** What was said that should not have been. */
  complaints(): string[] {
    const never = this.#expects.filter(({ came }) => !came).map(({ status, what }) => `never came: ${what}: ${status}`);
    return [...this.#said.filter((said) => !this.expected.some((part) => said.includes(part))), ...never];
  }
}

export const test = base.extend<{ portal: Portal }, { worldOf: string; configuration: string; world: World }>({
  // Tests of another name, or with another configuration, have a node of their own.
  worldOf: ["all", { option: true, scope: "worker" }],
  configuration: ["", { option: true, scope: "worker" }],
  world: [async ({ worldOf: _, configuration }, use) => {
    const world = new World();
    try {
      await world.start(configuration);
      await use(world);
    } finally {
      await world.end();
    }
  }, { scope: "worker" }],
  portal: async ({ page, world }, use) => {
    const portal = new Portal(page, world);
    await portal.watch();
    await use(portal);
    expect(portal.complaints(), "what console and policy say").toEqual([]);
  },
});
