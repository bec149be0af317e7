import { afterEach, expect, test, vi } from "vitest";
import { comeBack, isBack, leave, type Option } from "./provider";

const OPTION: Option = {
  issuer: "https://login.example", name: "Casino login", authorizationEndpoint: "https://login.example/authorize?tenant=1",
  clientId: "accolade-portal", scope: "openid", parameters: { resource: "https://accolade.example" }, redirectUris: [],
};

function be(address: string) {
  history.replaceState(null, "", address);
}

afterEach(() => {
  sessionStorage.clear();
  vi.unstubAllGlobals();
});

/** Leaves from an address, and gives what the issuer is asked. */
async function left(address: string, option = OPTION): Promise<URLSearchParams> {
  be(address);
  let gone = "";
  await leave(option, (where) => { gone = where; });
  expect(gone.startsWith("https://login.example/authorize?")).toBe(true);
  return new URL(gone).searchParams;
}

test("the issuer is asked for a code, with a challenge and all that it wants", async () => {
  const asked = await left("/portal/players");
  expect(Object.fromEntries(asked)).toMatchObject({
    tenant: "1", response_type: "code", client_id: "accolade-portal", scope: "openid", code_challenge_method: "S256",
    resource: "https://accolade.example", redirect_uri: `${location.origin}/portal/`,
  });
  expect(asked.get("code_challenge")).toMatch(/^[\w-]{43}$/);
});

test("the code is exchanged with the verifier, and somebody is back where they were", async () => {
  const asked = await left("/portal/players/p-1?tab=ledger");
  be(`/portal/?code=c0de&state=${asked.get("state")}`);
  expect(isBack()).toBe(true);
  const fetched = vi.fn(async (_address: string, _sent: RequestInit) => new Response('{"token":"t","until":null,"operators":["operator-789"]}'));
  vi.stubGlobal("fetch", fetched);
  expect(await comeBack()).toEqual({ token: "t", until: null, operators: ["operator-789"] });
  const [address, sent] = fetched.mock.calls[0] ?? [];
  const body = JSON.parse(String(sent?.body)) as Record<string, string>;
  expect(address).toBe("/portal/sign-in/token");
  expect(body).toMatchObject({ issuer: "https://login.example", code: "c0de", redirectUri: `${location.origin}/portal/` });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body["codeVerifier"]));
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)));
  expect(text.replaceAll("+", "-").replaceAll("/", "_").replace("=", "")).toBe(asked.get("code_challenge"));
  expect(location.pathname + location.search).toBe("/portal/players/p-1?tab=ledger");
  expect(isBack()).toBe(false);
});

test("a code that was asked for elsewhere is not exchanged", async () => {
  await left("/portal/");
  be("/portal/?code=c0de&state=another");
  const fetched = vi.fn();
  vi.stubGlobal("fetch", fetched);
  await expect(comeBack()).rejects.toMatchObject({ code: "other_sign_in" });
  expect(fetched).not.toHaveBeenCalled();
});

test("what the issuer refuses is said in its words", async () => {
  const asked = await left("/portal/");
  be(`/portal/?error=access_denied&error_description=Not+today&state=${asked.get("state")}`);
  await expect(comeBack()).rejects.toMatchObject({ code: "access_denied", title: "Not today" });
});

test("an address that only looks like one to come back to is a page", () => {
  be("/portal/signals?state=open&code=x");
  expect(isBack()).toBe(false);
});
