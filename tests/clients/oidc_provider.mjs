// A real OpenID provider on this machine: oidc_provider.mjs PORT. Whoever comes is asha, and allows what is asked for.
// It gives JWT access tokens for the resource that a client names (RFC 8707), and registers any client.
import { createServer } from "node:http";
import Provider, { errors } from "oidc-provider";

const [, , port] = process.argv;
const rights = "orders:read orders:write orders:refund inventory:write customers:read notify:write audit:read";

// The server's own pages, on any port of this machine: with a secret, without one, and as a client that nobody allows anything.
const pages = (client_id, rest) => ({
  client_id,
  application_type: "native",
  grant_types: ["authorization_code"],
  redirect_uris: ["http://127.0.0.1/sign-in/callback"],
  response_types: ["code"],
  ...rest,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "program",
      client_secret: "only-for-this-test",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
    },
    pages("pages", { client_secret: "only-for: this/test+", token_endpoint_auth_method: "client_secret_basic" }),
    pages("public-pages", { token_endpoint_auth_method: "none" }),
    pages("refused-pages", { token_endpoint_auth_method: "none" }),
  ],
  cookies: { keys: ["only-for-this-test"] },
  scopes: ["openid", "offline_access", ...rights.split(" ")],
  // A host registers with the scopes that it asks for at first; here it may ask for others later.
  extraClientMetadata: {
    properties: ["any_scope"],
    validator: (_context, _name, _value, client) => {
      client.scope = undefined;
    },
  },
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_, resource) => {
        if (!resource.endsWith("/mcp")) throw new errors.InvalidTarget();
        return { scope: rights, audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 300 };
      },
    },
  },
});

async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (params.client_id === "refused-pages") {
    return provider.interactionFinished(request, response, { error: "access_denied", error_description: "<b>no</b>" });
  }
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "asha" } });
  }
  const known = grantId && (await provider.Grant.find(grantId));
  const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(" "));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

const answer = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return answer(request, response);
  interact(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(Number(port), "127.0.0.1");
