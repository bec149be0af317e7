// An OpenID Connect provider for tests: `oidc-provider` of npm over TLS, told by lines of JSON what to do.
//
//   node provider.mjs FOLDER CERTIFICATE KEY
//
// FOLDER has `node_modules`. It ends with its standard input. Each line is answered by one:
//
//   {"keys": [{"kid": "one", "alg": "RS256"}]}     signs by new keys of these names from here on; the URL
//   {"away": true}                                 drops every connection, or takes them again; the URL
//   {"client": "desk", "secret": "…", "resource": "https://…"}   asks itself for a token, as clients do; the
//                                                  status and what the token endpoint has answered
import { createRequire } from 'node:module';
import { createServer, request } from 'node:https';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [folder, certificate, key] = process.argv.slice(2);
const { resolve } = createRequire(`${folder}/`);
const load = (name) => import(pathToFileURL(resolve(name)));
const [{ default: Provider }, jose] = await Promise.all([load('oidc-provider'), load('jose')]);

// By the name of a client: how its tokens are signed, and what they say.
const CLIENTS = {
  'heads-rs256': ['RS256', { groups: ['the admins'] }],
  'heads-es256': ['ES256', { groups: ['the admins'] }],
  desk: ['ES256', { groups: ['the supports'] }],
  guests: ['ES256', { groups: ['others'] }],
  app: ['RS256', { groups: ['the players'], player_id: 'p1' }],
};

async function provider(issuer, names) {
  const pairs = names.map(async ({ kid, alg }) => {
    const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    return { ...(await jose.exportJWK(privateKey)), kid, alg, use: 'sig' };
  });
  return new Provider(issuer, {
    jwks: { keys: await Promise.all(pairs) },
    cookies: { keys: ['for tests only'] },
    clients: Object.keys(CLIENTS).map((client_id) => ({
      client_id,
      client_secret: `${client_id}-secret`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource, client) => ({
          scope: '',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: CLIENTS[client.clientId][0] } },
        }),
      },
    },
    extraTokenClaims: (_, token) => CLIENTS[token.clientId][1],
  });
}

let handle = (_, response) => response.writeHead(503).end();
let isAway = false;
const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (...asked) => handle(...asked),
);
server.on('connection', (socket) => isAway && socket.destroy());
await new Promise((listens) => server.listen(0, '127.0.0.1', listens));
const url = `https://127.0.0.1:${server.address().port}`;

// As a client would; the certificate is the test's own, and the node that is tested checks it.
function token({ client, secret, resource }) {
  const form = new URLSearchParams({
    grant_type: 'client_credentials', client_id: client, client_secret: secret, resource,
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded', connection: 'close' };
  return new Promise((answered, failed) => {
    const asking = request(`${url}/token`, { method: 'POST', headers, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => answered({ status: response.statusCode, ...JSON.parse(text) }));
    });
    asking.on('error', failed);
    asking.end(form);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  let answer = { url };
  if (told.keys) handle = (await provider(url, told.keys)).callback();
  else if (told.away !== undefined) isAway = told.away;
  else answer = await token(told);
  console.log(JSON.stringify(answer));
}
process.exit(0);
