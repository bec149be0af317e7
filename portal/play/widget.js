// <accolade-leaderboard>, and the script tag that puts one in its place.

const ROWS = 10;
const SOURCE = document.currentScript;

class AccoladeLeaderboard extends HTMLElement {
  static observedAttributes = ["node", "operator", "tournament", "rows", "lang", "theme"];

  #token = "";
  #root = this.attachShadow({ mode: "open" });
  #place = document.createElement("div");
  #feed;
  #board;
  #frame = 0;
  #tick = 0;
  #isWaiting = false;

  connectedCallback() {
    dress(this.#root);
    this.#root.append(this.#place);
    this.#begin();
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback(name, before, after) {
    if (before !== after && name !== "theme" && this.#feed) this.#again();
  }

  // A token of the player who looks: kept nowhere else.
  set token(token) {
    this.#token = token ?? "";
    if (this.#feed) this.#again();
  }

  // Several changes of one moment are one.
  #again() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    queueMicrotask(() => {
      this.#isWaiting = false;
      if (!this.isConnected) return;
      this.#end();
      this.#begin();
    });
  }

  #begin() {
    const given = (name) => this.getAttribute(name) ?? "";
    const locale = localeOf(this.lang, this.parentElement?.closest("[lang]")?.lang, ...navigator.languages);
    const rows = Math.min(100, Math.max(1, Number.parseInt(given("rows"), 10) || ROWS));
    this.#board = new Board(this.#place, { locale, heading: this.hasAttribute("page") ? "h1" : "h2" });
    const wanted = {
      node: (given("node") || nodeOf(SOURCE)).replace(/\/+$/, ""),
      operator: given("operator"), tournament: given("tournament"), rows, token: this.#token,
    };
    const feed = new Feed(wanted, () => this.#changed(), () => {
      this.#token = "";
      this.dispatchEvent(new CustomEvent("accolade-token-over", { bubbles: true, composed: true }));
    });
    this.#feed = feed;
    this.#changed();
  }

  #end() {
    this.#feed?.stop();
    this.#feed = undefined;
    this.#board?.end();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    clearTimeout(this.#tick);
  }

  // However much comes, it is drawn with the next frame, and not while nobody looks.
  #changed() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#board.draw(this.#feed.seen);
      clearTimeout(this.#tick);
      this.#count();
      const { tournament, status, state } = this.#feed.seen;
      const { pill, frame: { lang, dir } } = this.#board;
      const detail = { name: tournament?.name ?? "", status, state, text: pill.textContent, lang, dir };
      this.dispatchEvent(new CustomEvent("accolade-change", { detail, bubbles: true, composed: true }));
    });
  }

  #count() {
    const inMs = this.#board.drawClock();
    this.#tick = setTimeout(() => this.#count(), inMs + 10);
  }
}

// The node that a script has come from.
const nodeOf = (script) => (script?.src ? new URL("..", script.src).href : location.origin);

// A style sheet of the widget's own, which is none of those that a page's policy is about.
const dress = (root) => {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.replaceChildren(make("style", "", STYLE));
  }
};

const mount = (script) => {
  const { operator, tournament, node, lang, theme, rows, target } = script?.dataset ?? {};
  if (!operator || !tournament) return;
  const element = document.createElement("accolade-leaderboard");
  const given = { operator, tournament, node: node || nodeOf(script), lang, theme, rows };
  for (const [name, value] of Object.entries(given)) if (value) element.setAttribute(name, value);
  const place = target && document.querySelector(target);
  if (place) place.append(element);
  else script.after(element);
};

if (!customElements.get("accolade-leaderboard")) customElements.define("accolade-leaderboard", AccoladeLeaderboard);
mount(SOURCE);
