// Records of a topic, as they are followed.

import type { Place } from "../../api/types";
import { read } from "../../api/json";

/** A record of a topic, as the API writes its lines. */
export interface TopicRecord {
  topic: string;
  partition: number;
  place: Place;
  key: string;
  time: string;
  /** JSON, with its numbers as they were written. */
  value: string;
}

/** What a line of the API says; its value stands last. */
export function recordIn(line: string): TopicRecord {
  const from = line.indexOf(',"value":') + ',"value":'.length;
  return { ...(read(line) as Omit<TopicRecord, "value">), value: line.slice(from, line.lastIndexOf("}")) };
}

/** So many stay to be read. */
export const KEPT = 500;

const seen = new WeakMap<TopicRecord, number>();
let numbered = 0;

/** What a row is known by: the same place may have several records. */
export function keyOf(record: TopicRecord): number {
  const known = seen.get(record);
  if (known !== undefined) return known;
  seen.set(record, ++numbered);
  return numbered;
}

/** Whether a record has `text` in its key or its value, in letters of either case. */
export function matches(record: TopicRecord, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return wanted === "" || `${record.key} ${record.value}`.toLowerCase().includes(wanted);
}

/** JSON with a line for each member: numbers stay as they are written. */
export function laidOut(json: string): string {
  let [out, depth, isText] = ["", 0, false];
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < json.length; at++) {
    const letter = json.charAt(at);
    if (isText) {
      out += letter;
      if (letter === "\\") out += json.charAt(++at);
      else if (letter === '"') isText = false;
    } else if (letter === '"') {
      isText = true;
      out += letter;
    } else if ((letter === "{" || letter === "[") && (json.charAt(at + 1) === "}" || json.charAt(at + 1) === "]")) out += letter + json.charAt(++at);
    else if (letter === "{" || letter === "[") {
      depth++;
      out += letter + line();
    } else if (letter === "}" || letter === "]") {
      depth--;
      out += line() + letter;
    } else out += letter === "," ? letter + line() : letter === ":" ? ": " : letter;
  }
  return out;
}
