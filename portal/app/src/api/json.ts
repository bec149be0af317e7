// JSON in which no number passes through a float that would not be that number any more.

import { Exact } from "../format/decimal";

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Reads JSON. Whole numbers that are exact stay numbers; all others are the texts that they are. */
export function read(json: string): unknown {
  return JSON.parse(json.replace(TOKEN, (token) => {
    if (token.startsWith('"')) return token;
    return /^-?\d{1,15}$/.test(token) ? token : `"${token}"`;
  }));
}

const MARK = "\u0000exact:";

/** Writes JSON; an `Exact` becomes the number that it says. */
export function write(value: unknown): string {
  const marked = JSON.stringify(value, (_, part: unknown) => part instanceof Exact ? MARK + part.text : part);
  return marked.replace(/"\\u0000exact:(-?[\d.]+)"/g, "$1");
}
