// Signing in at an identity provider: the authorization code flow with PKCE. What is kept over the way there and back is the
// verifier, of use for this one code alone; the token is in the page's memory.

import { api, send } from "../api/client";
import { read } from "../api/json";
import { Problem } from "../api/problem";
import { BASE } from "../base";

/** An issuer at which staff may sign in. */
export interface Option {
  issuer: string;
  name: string;
  /** `null` while the issuer has not said so. */
  authorizationEndpoint: string | null;
  clientId: string;
  scope: string;
  parameters: Record<string, string>;
  /** Empty where the address of the page does. */
  redirectUris: string[];
}

/** What a code was exchanged for. */
export interface SignedIn {
  token: string;
  until: string | null;
  operators: string[];
}

interface Begun {
  issuer: string;
  state: string;
  codeVerifier: string;
  redirectUri: string;
  /** Where somebody was. */
  address: string;
}

const KEPT = "accolade.sign-in";

/** Where staff may sign in; nothing where the node offers none. */
export async function options(): Promise<Option[]> {
  try {
    const answer = await send("GET", `${BASE}/sign-in/options`);
    if (!answer.headers.get("Content-Type")?.startsWith("application/json")) return [];
    return (read(await answer.text()) as { items: Option[] }).items;
  } catch {
    return [];
  }
}

/** Sends the browser to the issuer. */
export async function leave(option: Option, go: (address: string) => void = (address) => location.assign(address)): Promise<void> {
  const [state, codeVerifier] = [random(), random()];
  const ours = option.redirectUris.find((uri) => new URL(uri).origin === location.origin) ?? option.redirectUris[0];
  const redirectUri = ours ?? `${location.origin}${BASE}/`;
  const begun: Begun = { issuer: option.issuer, state, codeVerifier, redirectUri, address: location.pathname + location.search };
  sessionStorage.setItem(KEPT, JSON.stringify(begun));
  const address = new URL(option.authorizationEndpoint ?? "");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier));
  for (const [name, value] of Object.entries({
    ...option.parameters,
    response_type: "code", client_id: option.clientId, redirect_uri: redirectUri, scope: option.scope, state,
    code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256",
  })) address.searchParams.set(name, value);
  go(address.href);
}

/** Whether the browser comes back from an issuer. */
export function isBack(): boolean {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error")) && kept() !== null;
}

/** Exchanges the code that the browser came back with, and takes the address that somebody had. Throws the problem. */
export async function comeBack(): Promise<SignedIn> {
  const query = new URLSearchParams(location.search);
  const begun = kept();
  sessionStorage.removeItem(KEPT);
  history.replaceState(history.state, "", begun?.address ?? `${BASE}/`);
  const error = query.get("error");
  if (error) throw new Problem(401, { code: error, title: query.get("error_description") ?? error });
  if (!begun || query.get("state") !== begun.state) throw new Problem(401, { code: "other_sign_in" });
  const { issuer, codeVerifier, redirectUri } = begun;
  return await api.post<SignedIn>(`${BASE}/sign-in/token`, { body: { issuer, code: query.get("code"), codeVerifier, redirectUri } });
}

function kept(): Begun | null {
  const text = sessionStorage.getItem(KEPT);
  return text ? JSON.parse(text) as Begun : null;
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
