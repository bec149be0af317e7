// The address holds the state: filters, tabs and what is open are parts of its query, so that a link shows the same.

import { go, here } from "./router";

let changes = $state(0);

/** A part of the query that a page reads and sets. */
export interface Part {
  value: string;
}

function all(): URLSearchParams {
  void changes;
  void here.pathname;
  void here.search;
  return new URLSearchParams(location.search);
}

/** The part with this name; `initial`, which the address leaves out, where it is not there. Setting it makes no new
 * entry of the history, unless `isStep` says so: Back then undoes it. */
export function part(name: string, initial = "", { isStep = false }: { isStep?: boolean } = {}): Part {
  return {
    get value() { return all().get(name) ?? initial; },
    set value(wanted) { set({ [name]: wanted === initial ? "" : wanted }, isStep); },
  };
}

/** Sets parts of the query at once; empty ones are left out. */
export function set(parts: Record<string, string>, isStep = false): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(parts)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  if (text === location.search.slice(1)) return;
  if (isStep) {
    void go(location.pathname, { search: text, stay: true });
    return;
  }
  history.replaceState(history.state, "", location.pathname + (text && `?${text}`) + location.hash);
  changes++;
}
