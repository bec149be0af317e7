// A node of its own for the tests of the page: it can be stopped and started again at the same address.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OPERATOR = "operator-789";
const PATIENCE_MS = 60_000;

export const until = async (awaited, look) => {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = await look();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 20));
  }
  throw new Error(`awaited: ${awaited}`);
};

export class Node {
  operator = OPERATOR;
  #home = mkdtempSync(join(tmpdir(), "accolade-page-"));
  #listen = "127.0.0.1:0";
  #process;

  constructor(binary) {
    this.binary = binary;
  }

  async start() {
    const [out, log] = ["printed", "log"].map((name) => openSync(join(this.#home, name), "a"));
    const told = this.#read("log").length;
    const words = ["serve", "--data-dir", join(this.#home, "data"), "--listen", this.#listen,
      "--first-operator", OPERATOR, "--log-format", "json"];
    // One partition: its time goes on with each wager.
    const env = { PATH: process.env.PATH, ACCOLADE_PARTITIONS: "1" };
    this.#process = spawn(this.binary, words, { env, stdio: ["ignore", out, log] });
    const api = await until("the node listens", () => {
      if (this.#process.exitCode !== null) throw new Error(this.#read("log"));
      return /"message":"listening".*"api":"([^"]*)"/.exec(this.#read("log").slice(told))?.[1];
    });
    this.url = api;
    this.#listen = new URL(api).host;
    this.key ??= /^key\s+(\S+)/m.exec(this.#read("printed"))[1];
  }

  async stop() {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }

  async end() {
    await this.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }

  #read(name) {
    return readFileSync(join(this.#home, name), "utf8");
  }

  // Asks as the operator. A body is sent as it is, so that numbers keep their digits.
  async ask(method, path, body) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method, body, headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  post(path, body) {
    return this.ask("POST", path, typeof body === "string" ? body : JSON.stringify(body));
  }

  // A tournament in the category of its own name, which is scheduled.
  async tournament(id, more) {
    const category = `'${id}'`;
    const query = `SELECT playerId, SUM(wagerAmount) FROM wagers WHERE gameCategory = ${category} GROUP BY playerId`;
    await this.post("/tournaments", { id, query, public: true, ...more });
    await this.post(`/tournaments/${id}/schedule`, {});
  }

  // `stake` is a text, and goes into the wager digit by digit.
  async bet(tournament, player, stake) {
    this.bets = (this.bets ?? 0) + 1;
    const rest = JSON.stringify({
      wagerId: `w-${this.bets}`, playerId: player, operatorId: OPERATOR, gameId: "a-game", gameCategory: tournament,
      currency: "EUR", jurisdiction: "Malta", timestamp: new Date().toISOString(),
    });
    return this.post("/wagers?wait=applied", `{"wagerAmount":${stake},${rest.slice(1)}`);
  }
}
