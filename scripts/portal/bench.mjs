// What the portal costs somebody who uses it: the first page over a slow line with a slow processor, the way from page to page,
// and a ledger of a million rows. The node is the one that PORTAL_BINARY is, with the portal in it.
//
//   node bench.mjs [--json]
import { chromium } from "playwright-core";
import { Node, until } from "./node.mjs";

const isJson = process.argv.includes("--json");
const ROWS = Number(process.env.PORTAL_ROWS ?? 1_000_000);
const RUNS = 5;
/** 10 Mbit/s with 40 ms there and back, and a processor a quarter as fast. */
const LINE = { offline: false, latency: 40, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 };
const SLOWER = 4;
const PROGRAM = `currency: EUR
timezone: Europe/Malta
earning: { multipliers: { default: 0.1 } }
tiers: { window: { rolling: 365d }, levels: [{ name: bronze, from: 0 }, { name: silver, from: 100, multiplier: 1.25 }] }
`;
const SECTIONS = ["program", "promotions", "rewards", "tournaments", "players", "adjustments", "signals", "dead-letters", "topics", "audit", "keys", "webhooks", "nodes", ""];

const node = new Node(process.env.PORTAL_BINARY);
const browser = await chromium.launch({ executablePath: process.env.PORTAL_CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage", "--enable-precise-memory-info"] });
const found = [];
const tell = (what, figure, bar = "") => {
  found.push({ what, figure, bar });
  if (!isJson) console.log(`${what.padEnd(62)} ${String(figure).padStart(22)}  ${bar}`);
};
const sorted = (all) => [...all].sort((a, b) => a - b);
const quantile = (all, part) => sorted(all)[Math.min(all.length - 1, Math.floor(part * all.length))];
const ms = (value) => `${Math.round(value)} ms`;

async function opened(context, path = "") {
  const page = await context.newPage();
  await page.goto(`${node.url}/portal/${path}`);
  await page.locator("#sign-in input").first().waitFor();
  return page;
}

async function signIn(page) {
  await page.locator("#sign-in input").first().fill(node.key);
  await page.keyboard.press("Enter");
  await page.locator("main#main h1").waitFor();
}

/** Signed in, with nothing known of before. */
async function fresh(path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await opened(context, path);
  await signIn(page);
  return { context, page };
}

async function slow(page, rate) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate });
  return devtools;
}

async function firstPage() {
  const runs = [];
  for (let run = 0; run < RUNS; run++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const devtools = await slow(page, SLOWER);
    await devtools.send("Network.enable");
    await devtools.send("Network.emulateNetworkConditions", LINE);
    let [bytes, requests] = [0, 0];
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; requests += 1; });
    await page.goto(`${node.url}/portal/`);
    await page.locator("#sign-in input").first().waitFor();
    const typed = await page.evaluate(() => performance.now());
    const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN);
    const before = { bytes, requests };
    await page.locator("#sign-in input").first().fill(node.key);
    const began = await page.evaluate(() => performance.now());
    await page.keyboard.press("Enter");
    await page.getByText("Liability", { exact: true }).first().waitFor();
    const home = await page.evaluate(() => performance.now()) - began;
    runs.push({ painted, typed, home, ...before });
    await context.close();
  }
  const median = (of) => quantile(runs.map((run) => run[of]), 0.5);
  const where = `10 Mbit/s, processor / ${SLOWER}`;
  tell("first page, bytes as they came", `${median("bytes")} in ${median("requests")}`, "90 kB at most");
  tell(`first paint, ${where}`, ms(median("painted")));
  tell(`sign-in can be typed, ${where}`, ms(median("typed")));
  tell(`from Enter to Home with its figures, ${where}`, ms(median("home")));
}

/** From the click until the next page has its heading and was painted. */
async function way(page, path) {
  return await page.evaluate((address) => new Promise((done) => {
    const link = document.querySelector(`nav a[href="${address}"]`);
    const before = document.querySelector("main h1");
    const began = performance.now();
    const look = () => {
      const now = document.querySelector("main h1");
      if (now && now !== before && location.pathname === address) requestAnimationFrame(() => done(performance.now() - began));
      else requestAnimationFrame(look);
    };
    link.click();
    requestAnimationFrame(look);
  }), `/portal/${path}`);
}

async function navigation(rate) {
  const { context, page } = await fresh("");
  await slow(page, rate);
  for (const time of ["for the first time", "again"]) {
    const all = [];
    for (let run = 0; run < (time === "again" ? 3 : 1); run++) for (const path of SECTIONS) all.push({ path, took: await way(page, path) });
    const took = all.map((one) => one.took);
    const worst = all.find((one) => one.took === Math.max(...took));
    const which = rate === 1 ? "" : `, processor / ${rate}`;
    tell(`to another page, ${time}${which}: median, p95`, `${ms(quantile(took, 0.5))}, ${ms(quantile(took, 0.95))}`, "100 ms");
    tell(`  the worst${which}`, `${ms(worst.took)} (${worst.path || "home"})`);
  }
  await context.close();
}

/** Wagers of one player, some at a time, as they come from a game. */
async function play() {
  const [TOGETHER, BESIDE] = [100, 8];
  const from = Date.now() - 3_600_000;
  let next = 0;
  const send = async () => {
    while (next < ROWS) {
      const first = next;
      next += TOGETHER;
      const wagers = Array.from({ length: Math.min(TOGETHER, ROWS - first) }, (_, index) => ({
        wagerId: `w-${first + index}`, playerId: "the-million", operatorId: node.operator, gameId: "a-game", gameCategory: "slots", wagerAmount: 10,
        currency: "EUR", jurisdiction: "Malta", timestamp: new Date(from + first + index).toISOString(),
      }));
      await node.post("/wagers", wagers);
    }
  };
  await Promise.all(Array.from({ length: BESIDE }, send));
  await until("all of it counts", async () => {
    const page = await node.ask("GET", "/players/the-million/ledger?limit=1").catch(() => null);
    return page?.items[0]?.sequence >= ROWS;
  });
}

async function ledger() {
  await play();
  const { context, page } = await fresh("players/the-million?tab=ledger");
  await page.locator("tr.item").first().waitFor();
  const marks = [1_000, 10_000, 100_000, ROWS].filter((mark) => mark <= ROWS);
  const result = await page.evaluate(async (marks) => {
    const began = performance.now();
    let [last, late, frames, drawn] = [began, 0, 0, 0];
    const reached = {};
    for (let left = [...marks]; left.length > 0; ) {
      await new Promise((frame) => requestAnimationFrame(frame));
      const now = performance.now();
      frames += 1;
      if (now - last > 50) late += 1;
      last = now;
      scrollTo(0, document.documentElement.scrollHeight);
      const rows = [...document.querySelectorAll("tr.item")];
      drawn = Math.max(drawn, rows.length);
      const furthest = Number(rows.at(-1)?.getAttribute("aria-rowindex") ?? 0) - 1;
      while (left.length > 0 && furthest >= left[0]) reached[left.shift()] = now - began;
      if (now - began > 540_000) break;
    }
    return { reached, late, frames, drawn, heap: performance.memory?.usedJSHeapSize ?? 0 };
  }, marks);
  for (const mark of marks) tell(`the ledger's row ${mark} is seen, scrolling to the end again and again`, result.reached[mark] === undefined ? "not reached" : `${(result.reached[mark] / 1_000).toFixed(1)} s`);
  tell("  frames longer than 50 ms, of all", `${result.late} of ${result.frames}`);
  tell("  rows that are drawn at most, and memory of scripts", `${result.drawn}, ${Math.round(result.heap / 2 ** 20)} MiB`);
  // Scrolling through what is there: a screen at a time.
  const smooth = await page.evaluate(async () => {
    scrollTo(0, 0);
    const times = [];
    let last = performance.now();
    for (let step = 0; step < 300; step++) {
      await new Promise((frame) => requestAnimationFrame(frame));
      const now = performance.now();
      times.push(now - last);
      last = now;
      scrollBy(0, innerHeight);
    }
    times.sort((a, b) => a - b);
    return { median: times[150], p99: times[297] };
  });
  tell("  a screen further at each frame: median, p99 of frames", `${ms(smooth.median)}, ${ms(smooth.p99)}`);
  await context.close();
}

try {
  await node.start();
  await node.post("/program/versions", { why: "first", effectiveFrom: "2020-01-01T00:00:00Z", program: PROGRAM });
  await node.bet("none", "Maria", "25");
  const only = process.env.PORTAL_ONLY;
  if (!only || only === "first") await firstPage();
  if (!only || only === "ways") for (const rate of [1, SLOWER]) await navigation(rate);
  if (!only || only === "ledger") await ledger();
  if (isJson) console.log(JSON.stringify(found, null, 2));
} finally {
  await browser.close();
  await node.end();
}
