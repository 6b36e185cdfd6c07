// What an application does that uses jsforce, told step by step to the test that started this program.
//
// Standard input: first one line of JSON with the address of the server and the clients, then one answer for each question. Standard
// output: one JSON object a line. `ask` is a question ("visit" an address in a browser, "wait" for hours), `did` a step that worked,
// `failed` one that did not. A client's story ends early where the step that failed is one that the others build on.

import { createInterface } from "node:readline";
import { randomUUID, sign } from "node:crypto";
import jsforce from "jsforce";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await lines.next()).value);
const tell = (said) => process.stdout.write(JSON.stringify(said) + "\n");
const ask = async (question, about) => {
  tell({ ask: question, about });
  return nextLine();
};

const { url, clients } = await nextLine();

// What an error of jsforce says to the application that catches it.
const caught = async (act) => {
  try {
    await act();
  } catch (error) {
    return { name: error.name, message: error.message, code: error.errorCode ?? null };
  }
  throw new Error("nothing was refused");
};

const encoded = (what) => Buffer.from(JSON.stringify(what)).toString("base64url");
function assertion(client, claims) {
  const signed = `${encoded({ alg: "RS256" })}.${encoded(claims)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), client.key).toString("base64url")}`;
}

async function signedIn(client, step) {
  const oauth2 = new jsforce.OAuth2({
    loginUrl: url,
    clientId: client.id,
    clientSecret: client.secret || undefined,
    redirectUri: client.callback,
    useVerifier: true,
  });
  const state = randomUUID();
  const visited = async (more) => new URL(await ask("visit", oauth2.getAuthorizationUrl({ state, ...more }))).searchParams;
  const connection = new jsforce.Connection({ oauth2 });

  await step("denied", async () => {
    const arrived = await visited({ scope: "nonsense" });
    return [undefined, { error: arrived.get("error"), state: arrived.get("state") === state }];
  });

  await step("code", async () => {
    const arrived = await visited({});
    const user = await connection.authorize(arrived.get("code"));
    return [undefined, { user, state: arrived.get("state") === state, at: connection.instanceUrl, refreshes: Boolean(connection.refreshToken) }];
  });
  return connection;
}

async function reading(connection, client, step) {
  await step("identity", async () => {
    const told = await connection.identity();
    return [told, { username: told.username, user: told.user_id, org: told.organization_id, type: told.user_type }];
  });

  await step("versions", async () => {
    const listed = await connection.request("/services/data");
    return [listed, { newest: listed.at(-1).version, own: listed.some((each) => each.version === connection.version) }];
  });

  await step("resources", async () => {
    const told = await connection.request(`/services/data/v${connection.version}`);
    return [told, { names: Object.keys(told), identity: told.identity }];
  });

  await step("query", async () => {
    const told = await connection.query("SELECT Id, Username, IsActive, CreatedDate FROM User WHERE Username = '" + client.username + "'");
    return [told, { size: told.totalSize, done: told.done, records: told.records }];
  });

  await step("pages", async () => {
    const options = { headers: { "Sforce-Query-Options": "batchSize=200" } };
    const seen = [];
    let page = await connection.query("SELECT Id FROM User ORDER BY Username", options);
    const first = { size: page.totalSize, done: page.done, length: page.records.length, next: page.nextRecordsUrl };
    for (;;) {
      seen.push(...page.records.map((record) => record.Id));
      if (page.done) break;
      page = await connection.queryMore(page.nextRecordsUrl, options);
    }
    return [seen, { first, seen: seen.length, different: new Set(seen).size }];
  });

  await step("all at once", async () => {
    const records = await connection.query("SELECT Id FROM User", { headers: { "Sforce-Query-Options": "batchSize=200" } }).execute({ autoFetch: true, maxFetch: 1000 });
    return [records, { length: records.length ?? records.records.length }];
  });

  await step("find", async () => {
    const found = await connection.sobject("LoginHistory").find({ Status: "Success", LoginTime: { $gte: jsforce.Date.YESTERDAY } }, ["UserId", "Status", "LoginTime"]).limit(5);
    return [found, { length: found.length, status: [...new Set(found.map((each) => each.Status))] }];
  });

  await step("describe", async () => {
    const told = await connection.describe("User");
    const all = await connection.describeGlobal();
    return [told, { name: told.name, fields: told.fields.map((field) => field.name), objects: all.sobjects.map((each) => each.name) }];
  });

  await step("retrieve", async () => {
    const record = await connection.sobject("User").retrieve(connection.userInfo.id);
    return [record, { type: record.attributes.type, username: record.Username }];
  });

  await step("refused queries", async () => {
    const said = {};
    for (const [name, text] of Object.entries({
      malformed: "SELECT FROM User",
      field: "SELECT Shoe FROM User",
      object: "SELECT Id FROM Account",
      locator: undefined,
    })) {
      said[name] = await caught(() => (text ? connection.query(text) : connection.queryMore("01g000000000001-2000")));
    }
    return [said, said];
  });

  await step("written", async () => {
    const said = {
      create: await caught(() => connection.sobject("User").create({ Username: "somebody@acme.example" })),
      update: await caught(() => connection.sobject("User").update({ Id: connection.userInfo.id, LastName: "Else" })),
      destroy: await caught(() => connection.sobject("User").destroy(connection.userInfo.id)),
    };
    return [said, said];
  });
}

async function refreshing(connection, step) {
  const refreshes = [];
  // An app without a secret gets a new refresh token each time, which jsforce hands out and does not keep by itself.
  connection.on("refresh", (token, told) => {
    refreshes.push(token);
    if (told.refresh_token) connection.refreshToken = told.refresh_token;
  });
  const once = () => connection.query("SELECT Id FROM Organization");

  await step("refresh", async () => {
    const before = connection.accessToken;
    await ask("wait", { hours: 3 });
    const answers = await Promise.all([once(), once(), once(), once(), once()]);
    return [undefined, { answers: answers.length, refreshes: refreshes.length, changed: connection.accessToken !== before }];
  });

  await step("refresh again", async () => {
    await ask("wait", { hours: 3 });
    const told = await once();
    return [undefined, { size: told.totalSize, refreshes: refreshes.length }];
  });
}

async function leaving(connection, step) {
  await step("revoke", async () => {
    const refresh = connection.refreshToken;
    const access = connection.accessToken;
    const { oauth2 } = connection;
    await connection.logout(true);
    const later = new jsforce.Connection({ instanceUrl: url, accessToken: access, refreshToken: refresh, oauth2 });
    const alone = new jsforce.Connection({ instanceUrl: url, accessToken: access });
    return [undefined, {
      refreshed: await caught(() => later.query("SELECT Id FROM Organization")),
      used: await caught(() => alone.query("SELECT Id FROM Organization")),
      identified: await caught(() => alone.request(connection.userInfo?.url ?? `${url}/services/oauth2/userinfo`)),
    }];
  });
}

async function signedInAs(client) {
  const about = { loginUrl: url, clientId: client.id, clientSecret: client.secret, redirectUri: client.callback, useVerifier: true };
  const connection = new jsforce.Connection({ oauth2: new jsforce.OAuth2(about) });
  const arrived = new URL(await ask("visit", connection.oauth2.getAuthorizationUrl({})));
  await connection.authorize(arrived.searchParams.get("code"));
  return connection;
}

// A query that no refresh mends. jsforce would go on refreshing for ever; here it is given a moment.
async function refusedWithoutAnEnd(connection) {
  let refreshes = 0;
  connection.on("refresh", () => (refreshes += 1));
  const moment = new Promise((_, reject) => setTimeout(() => reject(new Error("it does not end")), 2_000).unref());
  const said = await caught(() => Promise.race([connection.query("SELECT Id FROM Organization"), moment]));
  return [said, { ...said, refreshes }];
}

const STORIES = {
  async person(client, step) {
    const connection = await signedIn(client, step);
    await reading(connection, client, step);
    await refreshing(connection, step);
    await leaving(connection, step);
  },

  async public(client, step) {
    const connection = await signedIn(client, step);
    await refreshing(connection, step);
    await leaving(connection, step);
  },

  async forgetful(client, step) {
    const connection = await signedInAs(client);
    const once = () => connection.query("SELECT Id FROM Organization");
    await step("an old refresh token", async () => {
      await ask("wait", { hours: 3 });
      const first = await once();
      await ask("wait", { hours: 3 });
      return [first, { first: first.totalSize, second: await caught(once) }];
    });
  },

  async service(client, step) {
    const oauth2 = new jsforce.OAuth2({ loginUrl: url });
    const claims = { iss: client.id, sub: client.username, aud: url, exp: Math.floor(client.now) + 120 };
    const asked = (changed) =>
      oauth2.requestToken({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(client, { ...claims, ...changed }) });

    const told = await step("assertion", async () => {
      const got = await asked({});
      return [got, { names: Object.keys(got), scope: got.scope }];
    });
    await step("acting", async () => {
      const connection = new jsforce.Connection({ instanceUrl: told.instance_url, accessToken: told.access_token });
      const identity = await connection.identity();
      const found = await connection.query("SELECT Username FROM User");
      return [found, { username: identity.username, found: found.records.map((each) => each.Username) }];
    });
    await step("refused assertions", async () => {
      const said = {
        audience: await caught(() => asked({ aud: "https://login.salesforce.com" })),
        nobody: await caught(() => asked({ sub: "nobody@acme.example" })),
        stranger: await caught(() => asked({ iss: "3MVG9unknown" })),
        late: await caught(() => asked({ exp: Math.floor(client.now) - 600 })),
        unpermitted: await caught(() => asked({ sub: client.another })),
      };
      return [said, said];
    });
  },

  async mistaken(client, step) {
    const oauth2 = new jsforce.OAuth2({ loginUrl: url, clientId: client.id, clientSecret: "not it", redirectUri: client.callback });
    await step("refused", async () => {
      const said = {
        secret: await caught(() => oauth2.requestToken("nonsense")),
        code: await caught(() => new jsforce.OAuth2({ loginUrl: url, clientId: client.id, clientSecret: client.secret, redirectUri: client.callback }).requestToken("nonsense")),
        key: await caught(() => new jsforce.OAuth2({ loginUrl: url, clientId: "nobody", redirectUri: client.callback }).requestToken("nonsense")),
        password: await caught(() => new jsforce.OAuth2({ loginUrl: url, clientId: client.id, clientSecret: client.secret }).authenticate("ada", "secret")),
        soap: await caught(() => new jsforce.Connection({ loginUrl: url }).login("ada@acme.example", "secret")),
      };
      return [said, said];
    });
  },

  async narrow(client, step) {
    const connection = await signedInAs(client);
    await step("without the scope", () => refusedWithoutAnEnd(connection));
  },

  async fenced(client, step) {
    const connection = await signedInAs(client);
    await ask("fence", {});
    await step("from outside", () => refusedWithoutAnEnd(connection));
  },
};

for (const client of clients) {
  const step = async (name, act) => {
    try {
      const [value, told] = await act();
      tell({ did: name, client: client.name, told: told ?? null });
      return value;
    } catch (error) {
      tell({ failed: name, client: client.name, why: `${error.name}: ${error.message}` });
      if (name === "code" || name === "assertion") throw error;
      return undefined;
    }
  };
  try {
    await STORIES[client.story](client, step);
  } catch {
    // It was told above; the next client begins anew.
  }
}
process.exit(0);
