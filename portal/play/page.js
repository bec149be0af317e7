// The page around the widget: which tournament by the path, whose and how by the query, and a player's token by the
// fragment, which no server sees. It is taken out of the address at once.
(() => {
  "use strict";

  const query = new URLSearchParams(location.search);
  const root = document.documentElement;
  const takeToken = () => {
    const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    return token;
  };

  const board = document.createElement("accolade-leaderboard");
  const given = {
    page: "", rows: query.get("rows") ?? "50", theme: query.get("theme"), lang: query.get("lang"),
    operator: query.get("operatorId"), tournament: location.pathname.split("/").pop(),
  };
  // The widget says in which language it is.
  root.removeAttribute("lang");
  for (const [name, value] of Object.entries(given)) if (value !== null) board.setAttribute(name, value);
  if (given.theme) root.dataset.theme = given.theme;
  board.token = takeToken();
  addEventListener("hashchange", () => {
    const token = takeToken();
    if (token) board.token = token;
  });
  board.addEventListener("accolade-change", ({ detail: { name, text, lang, dir } }) => {
    Object.assign(root, { lang, dir });
    document.title = name ? `${name} · ${text}` : text;
  });
  document.querySelector("main").replaceChildren(board);
})();
