// A leaderboard as it is at the node, for as long as somebody looks: asked once, and then followed by the stream, which is
// begun again where it broke off.

// The stream says something every 15 seconds.
const SILENCE_MS = 45_000;
// How long the first pause is at most, and the longest; each is a random part of that, so that not all come back at once.
const PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 30_000;
// A stream that has lasted so long was a good one.
const LASTED_MS = 10_000;

class Refused extends Error {
  constructor(answer) {
    super(`the node answered ${answer.status}`);
    this.status = answer.status;
    this.retryAfterMs = 1_000 * (Number(answer.headers.get("retry-after")) || 0);
  }
}

class Feed {
  // `wanted` has node, operator, tournament, rows and token; `show` is called whenever anything is another.
  constructor(wanted, show, tokenIsOver) {
    Object.assign(this, { wanted, show, tokenIsOver });
    this.seen = {
      status: "connecting", tournament: null, state: "", players: null, rows: [], own: undefined, aheadMs: 0,
    };
    this.lastId = "";
    this.isStopped = false;
    this.underWay = new Set();
    this.wakes = () => document.visibilityState === "visible" && this.wake();
    addEventListener("online", this.wakes);
    document.addEventListener("visibilitychange", this.wakes);
    this.run();
  }

  stop() {
    this.isStopped = true;
    removeEventListener("online", this.wakes);
    document.removeEventListener("visibilitychange", this.wakes);
    this.underWay.forEach((asking) => asking.abort());
    this.endPause?.();
  }

  // Somebody looks again: nothing is waited for any longer.
  wake() {
    if (this.seen.status === "missing") {
      this.set({ status: "connecting" });
      this.run();
    }
    this.endPause?.();
  }

  set(changes) {
    Object.assign(this.seen, changes);
    if (!this.isStopped) this.show();
  }

  async run() {
    for (let tries = 0; !this.isStopped; tries++) {
      const begun = performance.now();
      let pauseMs = 0;
      try {
        await this.describe();
        await this.follow();
      } catch (problem) {
        pauseMs = problem.retryAfterMs ?? 0;
        if (this.isStopped || this.gives(problem)) return;
      }
      if (this.isStopped || this.seen.status === "over") return;
      if (this.seen.status === "live") this.set({ status: "reconnecting" });
      if (performance.now() - begun > LASTED_MS) tries = 0;
      await this.pause(Math.max(pauseMs, Math.random() * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** tries)));
    }
  }

  // Whether there is nothing to be had, however often it is asked for.
  gives({ status }) {
    if (this.wanted.token && (status === 401 || status === 403)) {
      // What is public can be seen all the same.
      Object.assign(this, { wanted: { ...this.wanted, token: "" }, lastId: "" });
      this.set({ own: undefined });
      this.tokenIsOver();
      return false;
    }
    const isMissing = status >= 400 && status < 500 && status !== 408 && status !== 429;
    if (isMissing) this.set({ status: "missing", tournament: null, rows: [], own: undefined });
    return isMissing;
  }

  pause(ms) {
    return new Promise((end) => {
      this.endPause = end;
      setTimeout(end, ms);
    });
  }

  // Asks the node something, and has `use` read the answer; what says nothing for too long is given up.
  async ask({ what, query, headers }, use) {
    const { node, operator, tournament, token } = this.wanted;
    const path = `${token ? "" : "public/"}tournaments/${encodeURIComponent(tournament)}${what}`;
    const asking = new AbortController();
    const inTime = async (work) => {
      const timer = setTimeout(() => asking.abort(), SILENCE_MS);
      return work.finally(() => clearTimeout(timer));
    };
    this.underWay.add(asking);
    try {
      // A token is of one operator, and needs not name it.
      const asked = new URLSearchParams({ ...(operator && { operatorId: operator }), ...query });
      const url = `${node}/api/v1/${path}?${asked}`;
      const answer = await inTime(fetch(url, {
        headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) },
        cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", signal: asking.signal,
      }));
      if (!answer.ok) throw new Refused(answer);
      await use(answer, inTime);
    } finally {
      this.underWay.delete(asking);
      asking.abort();
    }
  }

  // What the tournament is called and when it is, and how far the node's clock is ahead of this one.
  async describe() {
    const asked = Date.now();
    await this.ask({ what: "" }, async (answer, inTime) => {
      const said = Date.parse(answer.headers.get("date"));
      // The header has whole seconds.
      const aheadMs = Number.isNaN(said) ? 0 : said + 500 - (asked + Date.now()) / 2;
      const tournament = await inTime(answer.json());
      this.set({ tournament, aheadMs, ...(this.seen.state ? {} : { state: tournament.state }) });
    });
  }

  async follow() {
    const headers = this.lastId && { "last-event-id": this.lastId };
    await this.ask({ what: "/leaderboard/stream", query: { top: this.wanted.rows }, headers }, async (answer, inTime) => {
      const [reader, decoder] = [answer.body.getReader(), new TextDecoder()];
      let rest = "";
      for (;;) {
        const { done, value } = await inTime(reader.read());
        if (done) return;
        const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = events.pop();
        events.forEach((event) => this.take(event));
      }
    });
  }

  take(event) {
    const field = (name) => event.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const [name, id] = [field("event"), field("id")];
    if (!name) return;
    if (id) this.lastId = id;
    const data = read(field("data"));
    if (name === "own") this.set({ own: data });
    if (name === "final") this.set({ status: "over" });
    if (name === "snapshot") this.turn(data, data.items);
    if (name === "change") {
      const rows = this.seen.rows.slice(0, data.rows);
      for (const row of data.items) rows[row.row - 1] = row;
      this.turn(data, rows);
    }
  }

  turn({ state, players }, rows) {
    // With the state its times may be others: it was ended early. Where nobody answers, they are asked for again later.
    const isOther = this.seen.status === "live" && this.seen.state !== state;
    if (isOther) this.describe().catch(() => {});
    this.set({ status: "live", state, players, rows });
  }
}
