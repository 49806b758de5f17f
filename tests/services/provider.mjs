// A real OpenID provider on a loopback port: client credentials, device flow, code flow, DPoP, JWT access tokens.
// Usage: provider.mjs MODULES AUDIENCE [apart|nonces]. apart: its tokens come from another port, which the second line
// says; nonces: each DPoP proof needs a nonce of it.
// Its owner is played by POST /owner?code=...&tenant=...&sub=...: confirms a user code as a signed-in owner would.
import { createServer } from "node:http";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.argv[2] + "/");
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
const audience = process.argv[3];
const nonces = process.argv[4] === "nonces";
const key = () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" };
};
const tenants = new Map();
const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const beside = createServer();
await new Promise((ready) => beside.listen(0, "127.0.0.1", ready));
const elsewhere = `http://127.0.0.1:${beside.address().port}`;
const scopes = "payload:validate sparql:query read_all write_events audit:read identity:read device:enrol self:read self:write self:erase";

const provider = new Provider(issuer, {
  clients: [
    { client_id: "aggregator", client_secret: "secret-of-a-test", redirect_uris: [], response_types: [],
      grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_post",
      id_token_signed_response_alg: "ES256" },
    { client_id: "device", redirect_uris: [], response_types: [], application_type: "native",
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code"], token_endpoint_auth_method: "none",
      id_token_signed_response_alg: "ES256" },
    { client_id: "page", redirect_uris: ["http://127.0.0.1/", "http://127.0.0.1/me"], response_types: ["code"],
      application_type: "native",
      grant_types: ["authorization_code"], token_endpoint_auth_method: "none", id_token_signed_response_alg: "ES256" },
  ],
  clientBasedCORS: () => true,
  jwks: { keys: [key()] },
  scopes: ["openid", ...scopes.split(" ")],
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true, ...(nonces && { nonceSecret: randomBytes(32), requireNonce: () => true }) },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: scopes, audience, accessTokenFormat: "jwt", accessTokenTTL: 300,
        jwt: { sign: { alg: "ES256" } } }),
    },
  },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: (_ctx, token) => ({ tenant: tenants.get(token.accountId) ?? "default" }),
});

async function confirm(query) {
  const code = await provider.DeviceCode.findByUserCode(query.get("code").replaceAll("-", ""));
  if (!code || code.isExpired) return 404;
  const sub = query.get("sub");
  tenants.set(sub, query.get("tenant"));
  if (query.get("deny")) {
    Object.assign(code, { error: "access_denied", errorDescription: "the owner said no" });
  } else {
    const grant = new provider.Grant({ accountId: sub, clientId: code.clientId });
    grant.addOIDCScope("openid");
    grant.addResourceScope(audience, code.params.scope);
    Object.assign(code, { accountId: sub, grantId: await grant.save(), scope: code.params.scope,
      resource: audience, authTime: Math.floor(Date.now() / 1000) });
  }
  await code.save();
  return 200;
}

if (process.argv[4] === "apart") {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === "/.well-known/openid-configuration" && ctx.body) ctx.body.token_endpoint = `${elsewhere}/token`;
  });
}
const answer = provider.callback();
beside.on("request", (request, response) => {
  if (new URL(request.url, issuer).pathname === "/token") return answer(request, response);
  response.statusCode = 404;
  return response.end();
});
server.on("request", async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (pathname !== "/owner") return answer(request, response);
  response.statusCode = await confirm(searchParams).catch((error) => { console.error(error); return 500; });
  response.end();
});
console.log(issuer);
console.log(elsewhere);
