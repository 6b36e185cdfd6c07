// What an application does that uses openid-client, told step by step to the test that started this program.
//
// Standard input: first one line of JSON with the issuer and the clients, then one answer for each question. Standard output: one JSON
// object a line. `ask` is a question ("visit" an address in a browser, "approve" a device), `did` a step that worked, `failed` one that
// did not. A client's story ends early where the step that failed is one that the others build on.

import { createInterface } from "node:readline";
import { randomUUID } from "node:crypto";
import * as openid from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await lines.next()).value);
const tell = (said) => process.stdout.write(JSON.stringify(said) + "\n");
const ask = async (question, about) => {
  tell({ ask: question, about });
  return nextLine();
};

const { issuer, clients } = await nextLine();

async function proofOf(client) {
  switch (client.method) {
    case "client_secret_basic":
      return openid.ClientSecretBasic(client.secret);
    case "client_secret_post":
      return openid.ClientSecretPost(client.secret);
    case "private_key_jwt": {
      const algorithm = { name: "ECDSA", namedCurve: "P-256" };
      return openid.PrivateKeyJwt(await crypto.subtle.importKey("jwk", client.key, algorithm, false, ["sign"]));
    }
    default:
      return openid.None();
  }
}

async function configured(client) {
  const metadata = { id_token_signed_response_alg: client.algorithm };
  // The server of a test has no certificate; everything else is checked as always.
  const options = { execute: [openid.allowInsecureRequests] };
  return openid.discovery(new URL(issuer), client.id, metadata, await proofOf(client), options);
}

async function story(client, step) {
  // A step on which no other builds.
  const leaf = (name, act) => step(name, act).catch(() => undefined);

  const config = await step("discovery", async () => {
    const found = await configured(client);
    return [found, { issuer: found.serverMetadata().issuer, pkce: found.serverMetadata().supportsPKCE() }];
  });

  const signIn = async (more) => {
    const verifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const expectedNonce = openid.randomNonce();
    const address = openid.buildAuthorizationUrl(config, {
      redirect_uri: client.callback,
      scope: client.scope,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state: expectedState,
      nonce: expectedNonce,
      ...more,
    });
    const arrived = new URL(await ask("visit", address.href));
    const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, idTokenExpected: true };
    return openid.authorizationCodeGrant(config, arrived, checks);
  };

  const tokens = await step("code", async () => {
    const got = await signIn();
    return [got, { claims: got.claims(), type: got.token_type, scope: got.scope, expires: got.expiresIn() }];
  });

  await leaf("silently", async () => {
    const again = await signIn({ prompt: "none" });
    return [again, { sub: again.claims().sub }];
  });

  await leaf("denied", async () => {
    try {
      await signIn({ scope: "openid nonsense" });
    } catch (error) {
      return [undefined, { error: error.error ?? error.cause?.get?.("error") }];
    }
    throw new Error("a scope that does not exist was given");
  });

  await leaf("userinfo", async () => {
    const told = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    return [told, told];
  });

  const newer = await step("refresh", async () => {
    const got = await openid.refreshTokenGrant(config, tokens.refresh_token);
    return [got, { sub: got.claims()?.sub, changed: got.access_token !== tokens.access_token, rotated: got.refresh_token ?? null }];
  });

  if (client.method !== "none") {
    await leaf("introspection", async () => {
      const told = await openid.tokenIntrospection(config, newer.access_token);
      return [told, told];
    });
    await leaf("client credentials", async () => {
      const got = await openid.clientCredentialsGrant(config, { scope: "api" });
      return [got, { type: got.token_type, scope: got.scope, refresh: got.refresh_token ?? null }];
    });
  }

  await leaf("device", async () => {
    const begun = await openid.initiateDeviceAuthorization(config, { scope: client.scope });
    const approved = await ask("approve", begun);
    // It was approved by now, so there is nothing to wait for; the time between two polls is tried elsewhere.
    const at = { ...begun, interval: 0 };
    const got = await openid.pollDeviceAuthorizationGrant(config, at, undefined, { signal: AbortSignal.timeout(20_000) });
    const told = await openid.fetchUserInfo(config, got.access_token, got.claims().sub);
    return [got, { approved, sub: told.sub, scope: got.scope }];
  });

  await leaf("logout", async () => {
    const state = randomUUID();
    const address = openid.buildEndSessionUrl(config, {
      post_logout_redirect_uri: client.afterLogout,
      id_token_hint: newer.id_token ?? tokens.id_token,
      state,
    });
    const arrived = new URL(await ask("visit", address.href));
    return [arrived, { at: arrived.origin + arrived.pathname, state: arrived.searchParams.get("state") === state }];
  });

  await leaf("revocation", async () => {
    await openid.tokenRevocation(config, newer.access_token);
    try {
      await openid.fetchUserInfo(config, newer.access_token, openid.skipSubjectCheck);
    } catch (error) {
      return [undefined, { status: error.status ?? error.response?.status ?? error.cause?.status ?? null }];
    }
    throw new Error("a revoked token still works");
  });
}

for (const client of clients) {
  const step = async (name, act) => {
    try {
      const [value, told] = await act();
      tell({ did: name, client: client.name, told: told ?? null });
      return value;
    } catch (error) {
      const cause = error.cause ? ` (${error.cause.error ?? error.cause.message ?? JSON.stringify(error.cause)})` : "";
      tell({ failed: name, client: client.name, why: `${error.name}: ${error.message}${cause} ${error.code ?? ""} ${error.error_description ?? ""}` });
      throw error;
    }
  };
  try {
    await story(client, step);
  } catch {
    // It was told above; the next client begins anew.
  }
}
process.exit(0);
