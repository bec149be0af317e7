// What is shown of a leaderboard: drawn at most once for each frame, from what the feed has seen by then.

const MOVE = { duration: 520, easing: "cubic-bezier(.2,.8,.2,1)" };
// How long a row says that it has moved.
const MOVED_MS = 4_000;
// Whoever listens is told no more often than this.
const SAID_MS = 12_000;
const WAITING_ROWS = 6;
const HOURS_MS = 3_600_000;

const make = (tag, classes = "", ...children) => {
  const element = document.createElement(tag);
  element.className = classes;
  element.append(...children);
  return element;
};

const SHAPES = {
  trophy: "M7 3h10v2h4v3a5 5 0 0 1-4.6 5A5.5 5.5 0 0 1 13 15.9V18h3v3H8v-3h3v-2.1A5.5 5.5 0 0 1 7.6 13 5 5 0 0 1 3 8V5h4zm0 4H5v1a3 3 0 0 0 2 2.8zm10 0v3.8A3 3 0 0 0 19 8V7z",
  lost: "M10 3a7 7 0 0 1 5.6 11.2l5.1 5.1-1.4 1.4-5.1-5.1A7 7 0 1 1 10 3m0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10",
};

const shape = (name, classes) => {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  path.setAttribute("d", SHAPES[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", classes);
  svg.append(path);
  return svg;
};

// Writes only what is another, so that nothing is laid out again for nothing.
const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const put = (element, attribute, value) => {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
};

class Board {
  constructor(root, { locale, heading }) {
    this.texts = TEXTS[languageOf(locale)];
    this.locale = locale;
    this.numbers = new Numbers(locale);
    this.heading = heading;
    this.build(root);
    this.rows = [];
    this.saidAt = -Infinity;
    this.lastSaid = "";
    this.stills = matchMedia("(prefers-reduced-motion: reduce)");
  }

  build(root) {
    const { texts, heading } = this;
    // Names have a direction of their own.
    [this.title, this.description] = [make("bdi"), make("bdi")];
    this.name = make(heading, "name", this.title);
    this.pill = make("span", "pill", make("span", "dot"), make("span"));
    this.about = make("p", "about", this.description);
    this.when = make("p", "when");
    this.clockLabel = make("p", "label");
    this.units = texts.units.map((unit) => {
      const figures = make("span", "figures");
      return { figures, box: make("span", "unit", figures, " ", make("span", "unit-name", unit)) };
    });
    this.clock = make("div", "clock", ...this.units.map(({ box }) => box));
    this.clock.setAttribute("role", "timer");
    this.winner = make("bdi");
    this.won = make("p", "won", shape("trophy", ""), this.winner);
    this.count = make("bdi", "count");
    this.counted = make("p", "counted", make("span", "", texts.players), " ", this.count);
    this.hero = make("header", "hero",
      make("div", "top", this.pill, this.counted), this.name, this.about,
      make("div", "time", this.clockLabel, this.clock, this.won), this.when);
    this.list = make("div", "list");
    this.table = this.buildTable();
    this.notice = make("div", "notice");
    this.own = make("section", "own");
    this.status = make("p", "unseen");
    this.status.setAttribute("role", "status");
    this.frame = make("section", "frame", this.hero, this.table, this.notice, this.own, this.status);
    this.frame.lang = this.locale;
    this.frame.dir = directionOf(this.locale);
    root.replaceChildren(this.frame);
  }

  buildTable() {
    const { texts } = this;
    const cell = (role, classes, text) => {
      const made = make("span", classes, text);
      made.setAttribute("role", role);
      return made;
    };
    const head = make("div", "row head",
      cell("columnheader", "position", texts.position), cell("columnheader", "player", texts.player),
      cell("columnheader", "score", texts.score));
    head.setAttribute("role", "row");
    const heads = make("div", "", head);
    for (const group of [heads, this.list]) group.setAttribute("role", "rowgroup");
    const table = make("div", "table", heads, this.list);
    table.setAttribute("role", "table");
    return table;
  }

  // Draws what was seen.
  draw(seen) {
    const { texts } = this;
    const { tournament, status, state, players, rows, own } = seen;
    this.seen = seen;
    const title = tournament?.name ?? texts.leaderboard;
    write(this.title, title);
    put(this.table, "aria-label", title);
    put(this.frame, "aria-label", title);
    put(this.frame, "aria-busy", String(status === "connecting"));
    put(this.frame, "data-status", status);
    put(this.frame, "data-state", state);
    write(this.description, tournament?.description ?? "");
    this.about.hidden = !tournament?.description;
    write(this.when, tournament ? this.span(tournament) : "");
    write(this.count, players === null ? "" : this.numbers.whole(players));
    this.counted.hidden = !players;
    this.drawPill(status, state);
    this.won.hidden = state !== "final" || rows.length === 0;
    write(this.winner, rows[0]?.playerId ?? "");
    this.drawClock();
    this.drawNotice(status, rows);
    if (status === "connecting") this.drawWaiting();
    else this.drawRows(rows, own);
    this.drawOwn(own, players);
    this.tell(seen);
  }

  span({ starts, ends }) {
    const days = new Intl.DateTimeFormat(this.locale, { dateStyle: "medium", timeStyle: "short" });
    return days.formatRange(new Date(starts), new Date(ends));
  }

  drawPill(status, state) {
    const isItself = status === "live" || status === "over";
    const word = isItself ? state : status;
    put(this.pill, "data-is", word);
    write(this.pill.lastChild, this.texts[word] ?? this.texts.connecting);
  }

  // How long until it begins or ends, by the node's clock; says after how long that is another.
  drawClock() {
    const { tournament, state, aheadMs } = this.seen;
    const now = Date.now() + aheadMs;
    const [starts, ends] = tournament ? [Date.parse(tournament.starts), Date.parse(tournament.ends)] : [0, 0];
    const isAhead = now < starts;
    const left = Math.max(0, (isAhead ? starts : ends) - now);
    const isOff = state === "cancelled";
    this.clock.hidden = !tournament || left === 0 || isOff;
    const { startsIn, endsIn, counting, won, off } = this.texts;
    const rest = isOff ? off : state !== "final" ? counting : this.won.hidden ? "" : won;
    write(this.clockLabel, !tournament ? "" : this.clock.hidden ? rest : isAhead ? startsIn : endsIn);
    const seconds = Math.ceil(left / 1_000);
    const figures = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    this.units.forEach(({ figures: element, box }, at) => {
      box.hidden = at === 0 && figures[0] === 0;
      write(element, at === 0 ? this.numbers.whole(figures[0]) : this.numbers.two(figures[at]));
    });
    put(this.clock, "data-soon", String(!isAhead && left < HOURS_MS));
    return left === 0 ? 1_000 : left % 1_000 || 1_000;
  }

  drawNotice(status, rows) {
    const { texts } = this;
    const isMissing = status === "missing";
    const isEmpty = (status === "live" || status === "over") && rows.length === 0;
    const which = isMissing ? "missing" : isEmpty ? "nobody" : "";
    this.hero.hidden = isMissing;
    this.table.hidden = which !== "";
    this.notice.hidden = which === "";
    if (this.notice.dataset.which === which) return;
    this.notice.dataset.which = which;
    const title = make(isMissing ? this.heading : "p", "notice-title", texts[which] ?? "");
    const about = [title, make("p", "", texts[`${which}More`] ?? "")];
    this.notice.replaceChildren(shape(isMissing ? "lost" : "trophy", "sign"), ...about);
  }

  drawWaiting() {
    if (this.list.childElementCount > 0) return;
    const row = () => {
      const cells = ["position", "player", "score"].map((name) => {
        const cell = make("span", name, make("span", "bone"));
        cell.setAttribute("role", "cell");
        return cell;
      });
      const made = make("div", "row waits", ...cells);
      made.setAttribute("role", "row");
      return made;
    };
    this.list.replaceChildren(...Array.from({ length: WAITING_ROWS }, row));
  }

  drawRows(rows, own) {
    const before = this.rows;
    const from = new Map(before.map(({ element }) => [element, element.getBoundingClientRect().top]));
    const isFirstTime = before.length === 0;
    this.rows = matched(before, rows).map((element, at) => this.drawRow(element, rows[at], rows[0], own));
    const elements = this.rows.map(({ element }) => element);
    if (elements.some((element, at) => this.list.children[at] !== element) || this.list.childElementCount > elements.length) {
      this.list.replaceChildren(...elements);
    }
    if (isFirstTime || this.stills.matches) return;
    elements.forEach((element) => move(element, from.get(element)));
  }

  drawRow(known, row, first, own) {
    const parts = known ?? this.buildRow();
    const { element } = parts;
    const [front, behind] = this.numbers.exact(row.score);
    const isOwn = own?.position === row.position && own.score === row.score && own.reachedAt === row.reachedAt;
    write(parts.position, this.numbers.whole(row.position));
    write(parts.name, row.playerId);
    write(parts.front, front);
    write(parts.behind, behind);
    put(element, "data-place", row.position <= 3 ? String(row.position) : "");
    put(element, "data-own", String(isOwn));
    parts.you.hidden = !isOwn;
    // For the eye alone, which sees no digits in a bar.
    element.style.setProperty("--part", String(Math.max(0, Math.min(1, Number(row.score) / Number(first.score) || 0))));
    if (parts.row) this.drawMove(parts, parts.row.row - row.row, parts.row.score !== row.score);
    parts.row = row;
    return parts;
  }

  buildRow() {
    const [position, name, front, behind] = [make("bdi", "badge"), make("bdi", "who"), make("span"), make("span", "decimals")];
    const you = make("span", "you", this.texts.you);
    const moved = make("span", "moved");
    moved.setAttribute("aria-hidden", "true");
    const cells = [
      make("span", "position", position), make("span", "player", name, you, moved), make("span", "score", make("bdi", "", front, behind)),
    ];
    for (const cell of cells) cell.setAttribute("role", "cell");
    const element = make("div", "row", make("span", "bar"), ...cells);
    element.firstChild.setAttribute("aria-hidden", "true");
    element.setAttribute("role", "row");
    return { element, position, name, front, behind, you, moved };
  }

  // Says for a moment how far a row has come.
  drawMove(parts, by, isScored) {
    const { element, moved } = parts;
    if (by === 0 && !isScored) return;
    clearTimeout(parts.timer);
    write(moved, by === 0 ? "" : `${by > 0 ? "▲" : "▼"}${this.numbers.whole(Math.abs(by))}`);
    put(element, "data-moved", by > 0 || (by === 0 && isScored) ? "up" : "down");
    parts.timer = setTimeout(() => {
      write(moved, "");
      put(element, "data-moved", "");
    }, MOVED_MS);
  }

  drawOwn(own, players) {
    this.own.hidden = own === undefined;
    const said = JSON.stringify([own, players]);
    if (own === undefined || said === this.ownSaid) return;
    this.ownSaid = said;
    const { texts } = this;
    put(this.own, "aria-label", texts.yours);
    if (own === null) {
      this.own.replaceChildren(make("p", "own-none", texts.none));
      return;
    }
    const [front, behind] = this.numbers.exact(own.score);
    const of = filled(texts.yoursOf, { players: this.numbers.whole(players) });
    this.own.replaceChildren(
      make("span", "badge", this.numbers.whole(own.position)),
      make("span", "own-words", make("span", "own-title", texts.yours), make("span", "own-of", of)),
      make("span", "score", make("bdi", "", make("span", "", front), make("span", "decimals", behind))),
    );
  }

  end() {
    clearTimeout(this.telling);
    for (const { timer } of this.rows) clearTimeout(timer);
  }

  // Tells those who listen what matters, and not each move.
  tell({ status, state, rows, own }) {
    const { texts, numbers } = this;
    const [first] = rows;
    const parts = [
      status === "live" || status === "over" ? texts[state] : texts[status],
      own && filled(texts.saidOwn, { position: numbers.whole(own.position) }),
      first && filled(texts.saidFirst, { name: first.playerId }),
    ];
    const said = parts.filter(Boolean).join(". ");
    clearTimeout(this.telling);
    if (said === this.lastSaid) return;
    const say = () => {
      [this.saidAt, this.lastSaid] = [performance.now(), said];
      write(this.status, said);
    };
    this.telling = setTimeout(say, Math.max(0, this.saidAt + SAID_MS - performance.now()));
  }
}

// The elements in which rows go on that were shown before: first those that are as they were, wherever they are now, then
// those of the same name. Masked names may be those of several players.
const matched = (before, rows) => {
  const left = new Set(before);
  const found = rows.map(() => undefined);
  const take = (isIt) => rows.forEach((row, at) => {
    if (found[at]) return;
    for (const parts of left) {
      if (!isIt(parts.row, row)) continue;
      left.delete(parts);
      found[at] = parts;
      return;
    }
  });
  take((a, b) => a.playerId === b.playerId && a.score === b.score && a.reachedAt === b.reachedAt);
  take((a, b) => a.playerId === b.playerId);
  return found;
};

// Lets an element come from where it was.
const move = (element, top) => {
  const now = element.getBoundingClientRect();
  if (top === undefined) element.animate([{ opacity: 0 }, { opacity: 1 }], MOVE);
  else if (Math.abs(top - now.top) > 1) {
    element.animate([{ transform: `translateY(${top - now.top}px)` }, { transform: "none" }], MOVE);
  }
};
