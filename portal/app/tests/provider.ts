// An identity provider for tests: it lets whoever comes in at once, and checks what a provider has to.

import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const CLIENT = "accolade-portal";
const AUDIENCE = "https://accolade.example";

const base64url = (bytes: Buffer | string) => Buffer.from(bytes).toString("base64url");

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const part of request) text += String(part);
  return new URLSearchParams(text);
}

export class Provider {
  url = "";
  /** Of whoever comes next. */
  groups: string[] = [];
  validForSeconds = 600;
  /** The state that is given back is another one. */
  mixesUp = false;
  readonly #pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  readonly #codes = new Map<string, { challenge: string; redirectUri: string }>();
  readonly #server: Server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body, headers }) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body ?? {}));
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((listens) => this.#server.listen(0, "127.0.0.1", listens));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** What a node's configuration says of it. */
  get configuration(): string {
    return `[[oidc]]
issuer = "${this.url}"
algorithms = ["RS256"]

[[oidc.grants]]
operators = ["operator-789"]
audience = "${AUDIENCE}"
roles_claim = "groups"
roles = { "desk" = "support", "heads" = "admin" }

[oidc.portal]
client_id = "${CLIENT}"
name = "Casino login"
`;
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body?: unknown; headers?: Record<string, string> }> {
    const { pathname, searchParams: asked } = new URL(request.url ?? "", this.url);
    if (pathname === "/.well-known/openid-configuration") {
      const at = (path: string) => `${this.url}${path}`;
      return { status: 200, body: { issuer: this.url, authorization_endpoint: at("/authorize"), token_endpoint: at("/token"), jwks_uri: at("/keys") } };
    }
    if (pathname === "/keys") return { status: 200, body: { keys: [{ ...this.#pair.publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }] } };
    if (pathname === "/authorize") {
      const isWhole = asked.get("client_id") === CLIENT && asked.get("response_type") === "code" && asked.get("code_challenge_method") === "S256";
      if (!isWhole) return { status: 400 };
      const code = randomUUID();
      this.#codes.set(code, { challenge: asked.get("code_challenge") ?? "", redirectUri: asked.get("redirect_uri") ?? "" });
      const back = new URL(asked.get("redirect_uri") ?? "");
      back.searchParams.set("code", code);
      back.searchParams.set("state", this.mixesUp ? "of somebody else" : asked.get("state") ?? "");
      return { status: 302, headers: { location: back.href } };
    }
    if (pathname === "/token") {
      const form = await formOf(request);
      const begun = this.#codes.get(form.get("code") ?? "");
      this.#codes.delete(form.get("code") ?? "");
      const challenge = base64url(createHash("sha256").update(form.get("code_verifier") ?? "").digest());
      if (!begun || challenge !== begun.challenge || form.get("redirect_uri") !== begun.redirectUri) return { status: 400, body: { error: "invalid_grant" } };
      return { status: 200, body: { access_token: this.#token(), token_type: "Bearer", expires_in: this.validForSeconds } };
    }
    return { status: 404 };
  }

  #token(): string {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: this.url, aud: AUDIENCE, sub: "ann", groups: this.groups, iat: now, exp: now + this.validForSeconds };
    const front = [{ alg: "RS256", typ: "at+jwt", kid: "one" }, claims].map((part) => base64url(JSON.stringify(part))).join(".");
    return `${front}.${base64url(sign("sha256", Buffer.from(front), this.#pair.privateKey))}`;
  }
}
