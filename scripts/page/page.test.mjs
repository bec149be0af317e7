// The page /play/{tournament} and the widget in a real browser, at a real node.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { Node, until } from "./node.mjs";

const [binary, chromium, shots] = ["PAGE_NODE", "PAGE_CHROMIUM", "PAGE_SHOTS"].map((name) => process.env[name]);
const PROGRAM = `currency: EUR
timezone: Europe/Malta
earning: { multipliers: { default: 0.1 } }
`;
const HOUR_MS = 3_600_000;
const node = new Node(binary);
const browser = new Browser();
const NOT_FOUND = "404";

const at = (id, query = "", token = "") =>
  `${node.url}/play/${id}?operatorId=${node.operator}${query}${token && `#token=${token}`}`;
const tokenOf = async (playerId) => (await node.post("/player-tokens", { playerId })).token;

before(async () => {
  await Promise.all([node.start(), browser.start(chromium, shots)]);
  await node.post("/program/versions", { why: "first", effectiveFrom: "2020-01-01T00:00:00Z", program: PROGRAM });
  const time = (inMs) => new Date(soon + inMs).toISOString();
  const soon = Date.now() + 3_000;
  const live = { starts: time(0), ends: time(26 * HOUR_MS) };
  const description = "Every euro on slots counts, Mega Slots twice.";
  await node.tournament("race", { ...live, name: "Weekend slots race", description });
  await node.tournament("busy", { ...live, name: "Biggest single day" });
  await node.tournament("quiet", { ...live, name: "Quiet hours", ends: time(HOUR_MS / 2) });
  await node.tournament("later", { name: "Winter cup", description, starts: time(50 * HOUR_MS), ends: time(90 * HOUR_MS) });
  await node.tournament("hidden", { ...live, name: "Members only", public: false });
  await node.tournament("short", { name: "Lightning round", starts: time(0), ends: time(2_500), graceSeconds: 0 });
  await node.tournament("counted", { name: "Photo finish", starts: time(0), ends: time(2_500), graceSeconds: 3_600 });
  await until("they have begun", async () => (await node.ask("GET", "/tournaments/counted")).state !== "scheduled");
  for (const id of ["short", "counted"]) for (const player of ["Maria", "Anton", "Josef"]) await node.bet(id, player, "25.5");
  const names = ["Maria", "Anton", "Josef", "Liam", "Zoe", "Karl", "Emma", "Noah", "Mila", "Elias", "Lea", "Paul"];
  for (const [place, name] of names.entries()) await node.bet("race", name, `${1_900_000 - place * 137_000}.5`);
  await node.bet("hidden", "Maria", "5");
});

after(async () => {
  await browser.end();
  await node.end();
});

test("places move, with every digit, and nobody is named", async () => {
  await browser.open(at("busy"), { still: false }, async (sight) => {
    await sight.shows("live");
    await node.bet("busy", "Maria", "1234567.000000000000000001");
    await node.bet("busy", "Anton", "987654321098.5");
    await sight.untilRows([["1", "A***", "987,654,321,098.5"], ["2", "M***", "1,234,567.000000000000000001"]]);
    const before = await sight.seen();
    await node.bet("busy", "Maria", "987654321098.25");
    await sight.untilRows([["1", "M***", "987,655,555,665.250000000000000001"], ["2", "A***", "987,654,321,098.5"]]);
    const { moves } = await sight.seen();
    assert(moves >= before.moves + 2, "both were seen to move");
    assert.equal(await sight.at('.row[data-moved="up"] .moved').textContent(), "▲1");
  });
});

test("whoever wants no motion sees none", async () => {
  await browser.open(at("busy"), {}, async (sight) => {
    await sight.shows("live");
    await node.bet("busy", "Josef", "999999999999");
    await until("he is there", async () => (await sight.rows()).length === 3);
    assert.equal((await sight.seen()).moves, 0);
  });
});

test("a burst is drawn with few frames, and told to those who listen now and then", async () => {
  await browser.open(at("busy"), {}, async (sight) => {
    await sight.shows("live");
    await sight.page.evaluate(() => {
      const status = document.querySelector("accolade-leaderboard").shadowRoot.querySelector("[role=status]");
      window.said = 0;
      new MutationObserver(() => (window.said += 1)).observe(status, { childList: true, characterData: true, subtree: true });
    });
    const { draws } = await sight.seen();
    for (let number = 0; number < 30; number++) await node.bet("busy", `player-${number % 7}`, `${number + 1}`);
    await until("all are there", async () => (await sight.rows()).length === 10);
    assert((await sight.seen()).draws - draws < 60);
    assert(await sight.page.evaluate(() => window.said) <= 2);
  });
});

const SEEN = [
  { name: "phone-light", lang: "en", dir: "ltr", position: "1" },
  { name: "phone-dark-arabic", lang: "ar", dir: "rtl", dark: true },
  { name: "desktop-light-hebrew", lang: "he", dir: "rtl", width: 1_200, height: 1_000 },
  { name: "desktop-dark-german", lang: "de", dir: "ltr", width: 1_200, height: 1_000, dark: true },
];
for (const { name, lang, dir, ...how } of SEEN) {
  test(`it is seen well: ${name}`, async () => {
    await browser.open(at("race", `&lang=${lang}`), how, async (sight) => {
      await sight.shows("live");
      await until("all are there", async () => (await sight.rows()).length === 12);
      const root = await sight.page.evaluate(() => [document.documentElement.lang, document.documentElement.dir, document.title]);
      assert.deepEqual(root.slice(0, 2), [lang, dir]);
      assert.match(root[2], /^Weekend slots race · /);
      assert.equal(await sight.at(".frame").getAttribute("dir"), dir);
      await sight.check(name);
    });
  });
}

test("a player sees their own line, and the token is nowhere but in memory", async () => {
  const token = await tokenOf("Karl");
  await browser.open(at("race", "&rows=4", token), {}, async (sight) => {
    await sight.at(".own .badge").waitFor();
    assert.equal(await sight.at(".own .badge").textContent(), "6");
    assert.equal(await sight.at(".own .score").textContent(), "1,215,000.5");
    assert.equal(await sight.at('.row[data-own="true"]').count(), 0, "beyond what is listed");
    assert.deepEqual((await sight.rows())[0].slice(1), ["Maria", "1,900,000.5"], "names are not masked for players");
    assert(!sight.page.url().includes(token));
    const asked = sight.asked.map((request) => request.url());
    assert(asked.every((url) => !url.includes(token)), "no address has it");
    const kept = await sight.page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length, history.state]);
    assert.deepEqual(kept, ["", 0, 0, null]);
    await sight.check("phone-own-line");
  });
  await browser.open(at("race", "", token), { dark: true, width: 1_200, height: 1_000 }, async (sight) => {
    await sight.at('.row[data-own="true"] .you').waitFor();
    assert.equal(await sight.at('.row[data-own="true"] .who').textContent(), "Karl");
    await sight.check("desktop-own-row");
  });
});

test("what is over for a player is shown as to whoever asks", async () => {
  await browser.open(at("race", "", "acp_7b7d_00"), { expects: ["401"] }, async (sight) => {
    await sight.shows("live");
    await until("all are there", async () => (await sight.rows()).length === 12);
    assert.equal((await sight.rows())[0][1], "M***");
    assert.equal(await sight.at(".own").isVisible(), false);
  });
});

const STATES = [
  { id: "later", pill: "scheduled", notice: true },
  { id: "quiet", pill: "live", notice: true, dark: true },
  { id: "counted", pill: "settling", lang: "de" },
  { id: "nothing", pill: undefined, lang: "ar", expects: [NOT_FOUND] },
  { id: "hidden", pill: undefined, expects: [NOT_FOUND], dark: true },
];
for (const { id, pill, notice, lang = "en", ...how } of STATES) {
  test(`${id} says how far it is`, async () => {
    await browser.open(at(id, `&lang=${lang}`), how, async (sight) => {
      if (pill) await sight.shows(pill);
      else await sight.at('.notice[data-which="missing"]').waitFor();
      assert.equal(await sight.at(".notice").isVisible(), notice ?? !pill);
      await sight.check(`state-${id}`);
    });
  });
}

test("the end is final", async () => {
  await until("its time is over", async () => (await node.ask("GET", "/tournaments/short")).state !== "live");
  // The log's time is that of what comes.
  await node.bet("race", "Paul", "1");
  await browser.open(at("short"), {}, async (sight) => {
    await sight.shows("final");
    await sight.at(".won").waitFor();
    assert.equal(await sight.at(".won").textContent(), "M***");
    await sight.at('.frame[data-status="over"]').waitFor();
    await sight.check("state-short");
  });
});

test("time counts down by the node's clock", async () => {
  await browser.open(at("later"), { aheadMs: 5 * HOUR_MS }, async (sight) => {
    await sight.shows("scheduled");
    const figures = await sight.at(".figures").allTextContents();
    const { starts } = await node.ask("GET", "/tournaments/later");
    const left = Math.floor((Date.parse(starts) - Date.now()) / 1_000);
    const [days, hours, minutes, seconds] = figures.map(Number);
    const shown = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    assert(Math.abs(shown - left) <= 3, `${shown} and not ${left}`);
    await until("it goes on", async () => (await sight.at(".figures").allTextContents()).join() !== figures.join());
  });
});

test("the widget stands in a page of another origin, whatever that page's style and policy are", async () => {
  const tag = (more) => `<script src="${node.url}/play/widget.js" data-operator="${node.operator}" ${more}></script>`;
  const site = createServer((_, answer) => {
    const policy = `default-src 'none'; script-src ${node.url}; connect-src ${node.url}; style-src 'sha256-nothing'`;
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy });
    answer.end(`<!doctype html><html lang="de"><meta name="viewport" content="width=device-width"><title>A casino</title>
      <main><h1>A casino</h1>${tag('data-tournament="race" data-rows="3" data-theme="dark"')}
      ${tag('data-tournament="later" data-lang="he" data-theme="light"')}</main>`);
  });
  await new Promise((listens) => site.listen(0, "127.0.0.1", listens));
  try {
    await browser.open(`http://localhost:${site.address().port}/`, { width: 420, height: 1_200 }, async (sight) => {
      const [first, second] = [0, 1].map((number) => sight.board.nth(number));
      await first.locator('.pill[data-is="live"]').waitFor();
      await second.locator('.pill[data-is="scheduled"]').waitFor();
      await until("three rows", async () => (await first.locator(".list .row:not(.waits)").count()) === 3);
      assert.equal(await first.locator(".head .position").textContent(), "Platz", "the language of the page");
      assert.equal(await second.locator(".frame").getAttribute("dir"), "rtl");
      await sight.check("widget-elsewhere");
    });
  } finally {
    site.close();
  }
});

test("what is not public any more goes", async () => {
  await browser.open(at("quiet"), { expects: [NOT_FOUND] }, async (sight) => {
    await sight.shows("live");
    await node.ask("PATCH", "/tournaments/quiet", '{"public":false}');
    await sight.at('.notice[data-which="missing"]').waitFor();
  });
});

test("a node that goes and comes back is seen again, with what has changed", async () => {
  await browser.open(at("race"), { expects: ["ERR_"] }, async (sight) => {
    await sight.shows("live");
    await node.stop();
    await sight.shows("reconnecting");
    await sight.check("state-reconnecting");
    await node.start();
    await node.bet("race", "Paul", "9000000");
    // It would come by itself, after a pause that has grown meanwhile.
    await sight.page.evaluate(() => dispatchEvent(new Event("online")));
    await sight.shows("live");
    await until("the first is another", async () => (await sight.rows())[0]?.[1] === "P***");
  });
});
