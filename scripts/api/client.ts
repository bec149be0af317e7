// client.js NODE KEY FILE: a client by the types that openapi-typescript makes of the description (in FILE) asks a live
// node, as an integrator would. What it reads are fields that the types have, so a description that lacks one does not
// compile; and every answer is held against its schema, so one that the description does not allow ends it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./description.js";

const [node, key, file] = process.argv.slice(2);
assert(node && key && file, "client.js NODE KEY FILE");
const description = JSON.parse(await readFile(file, "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(description, "description");
const validators = new Map<string, ValidateFunction>();
let checked = 0;

const pointer = (...parts: string[]) =>
    parts.map((part) => "/" + part.replaceAll("~", "~0").replaceAll("/", "~1")).join("");

/** Holds an answer against what the description says of its route, status and content type. */
const check: Middleware = {
    async onResponse({ request, response, schemaPath }) {
        const { status, headers } = response;
        const about = `${request.method} ${schemaPath}: ${status}`;
        const method = request.method.toLowerCase();
        const described = description.paths[schemaPath][method].responses[status];
        assert(described, `${about} is not described`);
        for (const [name, { required }] of Object.entries<{ required?: boolean }>(described.headers)) {
            assert(headers.has(name) || required === false, `${about} lacks ${name}`);
        }
        const type = headers.get("content-type")?.split(";")[0] ?? "";
        assert(described.content[type], `${about} as ${type} is not described`);
        if (type.endsWith("json")) {
            const at = pointer("paths", schemaPath, method, "responses", `${status}`, "content", type, "schema");
            const validate = validators.get(at) ?? ajv.compile({ $ref: `description#${encodeURI(at)}` });
            validators.set(at, validate);
            const body = await response.clone().json();
            assert(validate(body), `${about} is not as described: ${ajv.errorsText(validate.errors)}`);
        }
        checked += 1;
    },
};

function clientOf(credential?: string): Client<paths> {
    const headers: Record<string, string> = credential ? { authorization: `Bearer ${credential}` } : {};
    const client = createClient<paths>({ baseUrl: node!, headers });
    client.use(check);
    return client;
}

/** What an answer holds that had to succeed. */
function of<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
    assert(data !== undefined, `${response.url}: ${response.status} ${JSON.stringify(error)}`);
    return data;
}

/** The problem of an answer that had to fail. */
function problem<P extends { code: string; detail: string }>(
    { error, response }: { error?: P; response: Response },
    status: number,
    code: P["code"],
): P {
    assert(error !== undefined, `${response.url}: ${response.status} is no problem`);
    assert.deepEqual([response.status, error.code], [status, code], error.detail);
    return error;
}

type Wager = components["schemas"]["Wager"];
const operatorId = "operator-789";
const playerId = "player 456/ü";
const wager = (wagerId: string, wagerAmount: number): Wager => ({
    wagerId,
    playerId,
    operatorId,
    gameId: "slots-ultimate",
    gameCategory: "slots",
    wagerAmount,
    currency: "EUR",
    jurisdiction: "Malta",
    timestamp: new Date().toISOString(),
});
const admin = clientOf(key);
const player = { path: { playerId } };

// The program.
const program = { currency: "EUR", earning: { multipliers: { slots: 0.1 } } };
const publication = { why: "the first one", program };
const versions = "/api/v1/program/versions";
const dry = of(await admin.POST(versions, { params: { query: { dryRun: true } }, body: publication }));
assert("valid" in dry && dry.valid && dry.changes.length > 0 && dry.dryRun, "a dry run says what would be");
const once = { header: { "Idempotency-Key": "publish-1" } };
const published = of(await admin.POST(versions, { params: once, body: publication }));
assert.deepEqual([published.version, published.why], [1, "the first one"]);
const again = of(await admin.POST(versions, { params: once, body: publication }));
assert.equal(again.version, 1, "the same key publishes nothing again");
problem(await admin.POST(versions, { params: once, body: { ...publication, why: "another" } }), 422,
    "idempotency_key_reused");
problem(await admin.POST(versions, { body: publication }), 412, "stale");
const bad = { why: "a slip", program: { currency: "EUR", earning: { multipliers: { slots: "much" } } } };
const errors = problem(await admin.POST(versions, {
    params: { header: { "If-Match": '"1"' } }, body: bad
}), 422, "invalid").errors;
assert.match(errors?.[0]?.pointer ?? "", /multipliers/);
const schema = of(await clientOf().GET("/api/v1/program/schema"));
assert("properties" in schema);

// Wagers: one, many, and lines.
const wagers = "/api/v1/wagers";
const applied = { params: { query: { wait: "applied" } } } as const;
const one = of(await admin.POST(wagers, { ...applied, body: wager("w-1", 100) }));
assert("outcome" in one && one.outcome === "counted", JSON.stringify(one));
assert.deepEqual([one.event_id, one.points, one.pointsBalance], ["w-1", 10, 10]);
const void_ = { type: "wager.voided", wagerId: "w-2", playerId, operatorId, reason: "a fault" } as const;
const many = of(await admin.POST(wagers, {
    ...applied,
    body: [
        wager("w-2", 50), wager("w-3", 25.5), { ...void_, timestamp: new Date().toISOString() },
        { ...wager("w-4", 1), wagerAmount: "much" as unknown as number },
    ],
}));
assert("results" in many && many.accepted === 3);
assert.equal(many.rejected[0]?.problem.errors?.[0]?.pointer, "/wagerAmount");
assert.deepEqual(many.results?.map(({ outcome }) => outcome), ["counted", "counted", "voided"]);
const lines = of(await admin.POST(wagers, {
    headers: { "content-type": "application/x-ndjson" },
    bodySerializer: (body: unknown) => body as string,
    body: [wager("w-1", 100), wager("w-5", 7)].map((each) => JSON.stringify(each)).join("\n"),
}));
assert("accepted" in lines && lines.accepted === 2, "a repeat is accepted as well");
const event = {
    event_id: "e-1", event_type: "player_score", player_id: playerId, game_id: "game-001",
    timestamp: new Date().toISOString(), data: { score: 1500 },
};
const scored = of(await admin.POST("/api/v1/events", { ...applied, body: event }));
assert("outcome" in scored && scored.outcome === "counted");

// What became of them.
const balance = of(await admin.GET("/api/v1/players/{playerId}/balance", { params: player }));
assert.deepEqual([balance.pointsBalance, balance.playerId, balance.operatorId], [13.25, playerId, operatorId]);
const explanation = of(await admin.GET("/api/v1/wagers/{wagerId}/explanation", {
    params: { path: { wagerId: "w-3" } },
}));
assert.deepEqual([explanation.points, explanation.playerId, explanation.programVersion], [2.55, playerId, 1]);
assert(explanation.stages.some(({ stage }) => stage === "multiplier"));
const recorded = of(await admin.GET("/api/v1/events/{eventId}", { params: { path: { eventId: "e-1" } } }));
assert.equal(recorded.kind, "game_event");
assert.deepEqual(recorded.event?.data, event.data);
const counted = of(await admin.GET("/api/v1/players/{playerId}/stats", { params: player }));
assert.deepEqual([counted.totalEvents, counted.eventBreakdown, counted.lastEvent?.eventId], [1, { player_score: 1 }, "e-1"]);
const ids: string[] = [];
let cursor: string | null | undefined;
do {
    const query = { limit: 2, order: "asc" as const, ...(cursor ? { cursor } : {}) };
    const page = of(await admin.GET("/api/v1/players/{playerId}/ledger", { params: { ...player, query } }));
    assert(page.items.length <= 2);
    ids.push(...page.items.map(({ kind, cause, points }) => `${kind} ${cause.id} ${points}`));
    cursor = page.nextCursor;
} while (cursor !== null);
assert.deepEqual(ids, [
    "earned w-1 10", "earned w-2 5", "earned w-3 2.55", "voided w-2 -5", "earned w-5 0.7",
]);
const consented = of(await admin.PUT("/api/v1/players/{playerId}/consent", {
    params: player, body: { consent: "out" },
}));
assert.deepEqual([consented.consent, consented.outcome], ["out", "done"]);

// A dead letter.
const late = { ...wager("late", 1), timestamp: new Date(Date.now() - 10 * 86_400_000).toISOString() };
const died = of(await admin.POST(wagers, { ...applied, body: late }));
assert("outcome" in died && died.outcome === "dead_letter" && died.reason === "too_late");
const letters = of(await admin.GET("/api/v1/dead-letters", { params: { query: { state: "open" } } }));
const id = letters.items[0]?.id ?? "";
const discarded = of(await admin.POST("/api/v1/dead-letters/{id}/discard", {
    params: { path: { id } }, body: { why: "far too late" },
}));
assert.equal(discarded.state, "discarded");
problem(await admin.POST("/api/v1/dead-letters/{id}/retry", { params: { path: { id } } }), 409,
    "dead_letter_closed");

// Keys, and who may not.
const made = of(await admin.POST("/api/v1/keys", { body: { name: "the desk", roles: ["support"] } }));
assert(made.secret?.startsWith("acc_"), "the secret is shown once");
const desk = clientOf(made.secret as string);
of(await desk.GET("/api/v1/players/{playerId}/balance", { params: player }));
const who = of(await desk.GET("/api/v1/whoami"));
assert.deepEqual([who.operatorId, who.keyId, who.roles, who.until], [operatorId, made.id, ["support"], null]);
const forbidden = await desk.POST(versions, { body: publication });
assert.match(problem(forbidden, 403, "forbidden").detail, /program:write/);
const path = { keyId: made.id };
const rotated = of(await admin.POST("/api/v1/keys/{keyId}/rotate", { params: { path }, body: {} }));
assert(rotated.secret && rotated.secret !== made.secret);
const revoked = of(await admin.DELETE("/api/v1/keys/{keyId}", { params: { path } }));
assert(revoked.revokedAt);
assert.equal(of(await admin.GET("/api/v1/keys")).items.length, 2);
problem(await desk.GET("/api/v1/program"), 401, "unauthorized");
problem(await clientOf().GET("/api/v1/program"), 401, "unauthorized");
const signed = of(await admin.POST("/api/v1/player-tokens", { body: { playerId, validForSeconds: 60 } }));
const app = clientOf(signed.token);
of(await app.GET("/api/v1/players/{playerId}/balance", { params: player }));
problem(await app.GET("/api/v1/players/{playerId}/balance", { params: { path: { playerId: "other" } } }), 404,
    "not_found");

// Wrong input.
problem(await admin.GET("/api/v1/players/{playerId}/ledger", { params: { ...player, query: { limit: 501 } } }),
    400, "bad_query");
const { currency: _, ...incomplete } = wager("w-6", 1);
const malformed = await admin.POST(wagers, { body: incomplete as Wager });
assert.equal(problem(malformed, 400, "malformed").errors?.[0]?.pointer, "/currency");

// The node, and its trail.
assert.equal(of(await clientOf().GET("/readyz")).ready, true);
assert.deepEqual(of(await clientOf().GET("/portal/sign-in/options")).items, []);
const guess = { issuer: "https://login.example", code: "1", codeVerifier: "a".repeat(43), redirectUri: `${node}/portal/` };
problem(await clientOf().POST("/portal/sign-in/token", { body: guess }), 400, "malformed");
assert.equal(of(await clientOf().GET("/healthz", { parseAs: "text" })), "ok\n");
assert.match(of(await clientOf().GET("/metrics", { parseAs: "text" })), /^accolade_players 1$/m);
const trail = of(await admin.GET("/api/v1/audit", { params: { query: { kind: "change", limit: 1 } } }));
assert(trail.items[0]?.subject && trail.nextCursor);
console.log(`${checked} answers are as described`);
