// The one way to the API: with the credential, typed problems, ETags and idempotency keys.

import { read, write } from "./json";
import { Problem } from "./problem";

/** Parts of a query; what is `null`, `undefined` or empty is left out. */
export type Query = Record<string, string | number | boolean | null | undefined>;

/** What a request has beside its path. */
export interface Asking {
  query?: Query;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** What a change has. */
export interface Changing extends Asking {
  body?: unknown;
  /** The `etag` of what was edited. */
  ifMatch?: string | null;
  /** Says what it would do, and does nothing. */
  dryRun?: boolean;
  /** The same for the same attempt: a request that is sent again under its key is carried out once. */
  key?: string;
}

/** An answer with what stands beside its body. */
export interface Answered<T> {
  data: T;
  status: number;
  etag: string | null;
  headers: Headers;
}

/** What the session tells the client, and hears from it. */
export interface Credentials {
  token: () => string | null;
  operatorId: () => string | null;
  /** The credential is none any more. */
  expired: () => void;
  /** Whether somebody answers. */
  reached: (isReached: boolean) => void;
}

let credentials: Credentials = { token: () => null, operatorId: () => null, expired() {}, reached() {} };

/** Says who asks from now on. */
export function use(those: Credentials): void {
  credentials = those;
}

/** A path below `/api/v1`, with its parts encoded: at`/players/${id}/balance`. */
export function at(texts: TemplateStringsArray, ...parts: (string | number)[]): string {
  return texts.reduce((path, text, index) => path + encodeURIComponent(String(parts[index - 1])) + text);
}

/** The address of a request. */
export function addressOf(path: string, query: Query = {}): string {
  const operatorId = credentials.operatorId();
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(operatorId ? { ...query, operatorId } : query)) {
    if (value !== null && value !== undefined && value !== "") all.set(name, String(value));
  }
  const text = all.toString();
  const front = /^\/(api|portal|readyz|healthz|metrics)(\/|$)/.test(path) ? "" : "/api/v1";
  return front + path + (text && `?${text}`);
}

/** Sends a request and gives its raw answer, or throws the problem that it is. */
export async function send(method: string, path: string, changing: Changing = {}): Promise<Response> {
  const { query, signal, body, ifMatch, dryRun, key } = changing;
  const headers = new Headers({ Accept: "application/json, application/problem+json", ...changing.headers });
  const token = credentials.token();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (ifMatch) headers.set("If-Match", ifMatch);
  if (method !== "GET" && !dryRun) headers.set("Idempotency-Key", key ?? newKey());
  const address = addressOf(path, dryRun ? { ...query, dryRun: true } : query);
  const sent: RequestInit = { method, headers, credentials: "omit", cache: "no-store" };
  if (body !== undefined) sent.body = write(body);
  if (signal) sent.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(address, sent);
  } catch (failure) {
    if (signal?.aborted) throw failure;
    credentials.reached(false);
    throw new Problem(0, { code: "unreachable" });
  }
  credentials.reached(true);
  if (answer.ok) return answer;
  // Somebody who signs in finds out alone whether a key is right.
  if (answer.status === 401 && token && token === credentials.token()) credentials.expired();
  throw await problemIn(answer);
}

/** A new idempotency key. Keep it for as long as the same attempt may be sent again. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function problemIn(answer: Response): Promise<Problem> {
  const wait = Number(answer.headers.get("Retry-After"));
  const text = await answer.text().catch(() => "");
  let shape: Record<string, unknown> = {};
  try {
    const found = read(text);
    if (found && typeof found === "object") shape = found as Record<string, unknown>;
  } catch {
    shape = { title: answer.statusText };
  }
  return new Problem(answer.status, shape, wait > 0 ? wait : null);
}

async function ask<T>(method: string, path: string, changing?: Changing): Promise<Answered<T>> {
  const answer = await send(method, path, changing);
  const text = await answer.text();
  const data = (text === "" ? null : read(text)) as T;
  return { data, status: answer.status, etag: answer.headers.get("ETag"), headers: answer.headers };
}

async function bodyOf<T>(method: string, path: string, changing?: Changing): Promise<T> {
  return (await ask<T>(method, path, changing)).data;
}

/** The API. Each throws a `Problem`. */
export const api = {
  get: <T>(path: string, asking?: Asking) => bodyOf<T>("GET", path, asking),
  /** With status and `etag`. */
  getWhole: <T>(path: string, asking?: Asking) => ask<T>("GET", path, asking),
  post: <T>(path: string, changing?: Changing) => bodyOf<T>("POST", path, changing),
  put: <T>(path: string, changing?: Changing) => bodyOf<T>("PUT", path, changing),
  patch: <T>(path: string, changing?: Changing) => bodyOf<T>("PATCH", path, changing),
  delete: <T>(path: string, changing?: Changing) => bodyOf<T>("DELETE", path, changing),
  /** With status and `etag`. */
  change: <T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, changing?: Changing) => ask<T>(method, path, changing),
};

/** Takes a file out, such as an export, and gives it to the browser to keep. */
export async function download(path: string, name: string, asking?: Asking): Promise<void> {
  const answer = await send("GET", path, { ...asking, headers: { Accept: "*/*" } });
  const address = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** One of server-sent events. */
export interface Said {
  event: string;
  id: string | null;
  data: unknown;
}

/** Reads a stream of server-sent events until it ends or `signal` says so. */
export async function* listen(path: string, asking: Listening): AsyncGenerator<Said> {
  for await (const block of piecesOf(path, "text/event-stream", /\r?\n\r?\n/, asking)) {
    const said = saidIn(block);
    if (said) yield said;
  }
}

/** Reads lines of JSON, as they are written, until they end or `signal` says so; empty ones are passed over. */
export async function* linesOf(path: string, asking: Listening): AsyncGenerator<string> {
  for await (const line of piecesOf(path, "application/x-ndjson", "\n", asking)) if (line !== "") yield line;
}

type Listening = Asking & { signal: AbortSignal };

/** The pieces of a long answer, as they come: each ends with a separator, and what comes behind the last is none. */
async function* piecesOf(path: string, type: string, separator: string | RegExp, asking: Listening): AsyncGenerator<string> {
  const answer = await send("GET", path, { ...asking, headers: { Accept: type, ...asking.headers } });
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (rest + value).split(separator);
      rest = pieces.pop() ?? "";
      yield* pieces;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** What one block of a stream says; nothing where it is a comment. */
export function saidIn(block: string): Said | null {
  let [event, id, data]: [string, string | null, string[]] = ["message", null, []];
  for (const line of block.split(/\r?\n/)) {
    const found = /^(event|id|data): ?(.*)$/.exec(line);
    if (found?.[1] === "event") event = found[2] ?? "";
    else if (found?.[1] === "id") id = found[2] ?? "";
    else if (found?.[1] === "data") data.push(found[2] ?? "");
  }
  return data.length > 0 ? { event, id, data: read(data.join("\n")) } : null;
}
