// The npm package oidc-provider, as strict as its defaults, with agents who are logged in without being asked: whom the
// cookie `who` names, or one. Prints its address.
//
// Arguments: the address that the desk takes answers at, and the algorithm that tokens are signed by.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import { Provider } from "oidc-provider";

const [redirectUri, algorithm] = process.argv.slice(2);
const keys = [
  { pair: generateKeyPairSync("ec", { namedCurve: "P-256" }), alg: "ES256", kid: "elliptic" },
  { pair: generateKeyPairSync("rsa", { modulusLength: 2048 }), alg: "RS256", kid: "rsa" },
];
const jwks = {
  keys: keys.map(({ pair, alg, kid }) => ({ ...pair.privateKey.export({ format: "jwk" }), alg, kid, use: "sig" })),
};

// By HTTP Basic the first is encoded (RFC 6749, 2.3.1). A parameter of the deployment has no space.
const clients = [
  { client_id: "sesame desk", client_secret: "sesame development agents key" },
  { client_id: "sesame-desk", client_secret: "sesame-development-agents-key" },
];

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks,
    clients: clients.map((client) => ({
      ...client,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: algorithm,
      userinfo_signed_response_alg: algorithm,
    })),
    acrValues: ["eidas1", "eidas2"],
    enabledJWA: {
      idTokenSigningAlgValues: ["ES256", "RS256"],
      userinfoSigningAlgValues: ["ES256", "RS256"],
    },
    features: { devInteractions: { enabled: false }, jwtUserinfo: { enabled: true } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    // The desk is ours: nobody is asked whether they trust it.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on("request", async (request, response) => {
    if (request.url.startsWith("/interaction/")) {
      const [, who] = /\bwho=([\w-]+)/.exec(request.headers.cookie ?? "") ?? [];
      const login = { accountId: who ?? "f3b8-agent", acr: "eidas2" };
      await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
    } else {
      answer(request, response);
    }
  });
  console.log(`ready ${issuer}`);
});
