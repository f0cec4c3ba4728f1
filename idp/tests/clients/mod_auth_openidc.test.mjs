// Portico with Debian's mod_auth_openidc in front of a page of a real Apache.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../browser/processes.mjs';
import { Apache, urlAt } from './apache.mjs';
import { ADA, PLAIN_SECRET } from './office.mjs';
import { Person } from './person.mjs';
import { Provider } from './provider.mjs';
import { claimsOf } from './reading.mjs';

const RETURN = '/inside/return';

/** What every Apache here has in common: the strictest that the module offers. */
const STRICT = {
  OIDCRedirectURI: RETURN,
  OIDCResponseType: 'code',
  OIDCPKCEMethod: 'S256',
  OIDCScope: '"openid profile email"',
  OIDCIDTokenIatSlack: '10',
  OIDCPassIDTokenAs: 'claims serialized',
  OIDCCryptoPassphrase: 'a-passphrase-of-this-test-alone',
  OIDCSessionType: 'server-cache',
  OIDCCacheType: 'shm',
  OIDCStripCookies: 'mod_auth_openidc_state_',
};

/** An Apache, the provider that it trusts, and Ada. */
class Clinic {
  /** @param describeClient (directory, urls) => the client's TOML and the module's directives */
  static async open(describeClient) {
    const [port] = await freePorts(1);
    const clinic = new Clinic();
    let directives;
    clinic.provider = await Provider.open('', async (directory) => {
      const client = await describeClient(directory, urlAt(port));
      ({ directives } = client);
      return client.toml;
    });
    await clinic.provider.makeAccount(ADA);
    const { issuer } = clinic.provider;
    const metadata = { OIDCProviderMetadataURL: `${issuer}/.well-known/openid-configuration` };
    clinic.apache = await Apache.open(port, { ...STRICT, ...metadata, ...directives });
    clinic.ada = new Person(issuer, ADA);
    return clinic;
  }

  async close() {
    await this.apache?.close();
    await this.provider?.close();
  }
}

/** With a key of its own, the answer in a form, and notices from server to server. */
async function byKey(directory, url) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [jwks, pem, spki] = ['apache.json', 'apache.pem', 'apache.pub'].map((name) => join(directory, name));
  await writeFile(jwks, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a1' }] }));
  await writeFile(spki, publicKey.export({ format: 'pem', type: 'spki' }));
  await writeFile(pem, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return {
    toml: `
      [[clients]]
      id = "apache"
      name = "Apache"
      type = "web"
      auth_method = "private_key_jwt"
      assertion_alg = "RS256"
      jwks_file = "${jwks}"
      id_token_alg = "PS256"
      redirect_uris = ["${url}${RETURN}"]
      post_logout_redirect_uris = ["${url}/outside/"]
      backchannel_logout_uri = "${url}${RETURN}?logout=backchannel"
    `,
    directives: {
      OIDCClientID: 'apache',
      // The module knows of this way only once it has both halves of a key.
      OIDCPublicKeyFiles: `a1#${spki}`,
      OIDCPrivateKeyFiles: `a1#${pem}`,
      OIDCProviderTokenEndpointAuth: 'private_key_jwt',
      OIDCResponseMode: 'form_post',
      OIDCIDTokenSignedResponseAlg: 'PS256',
    },
  };
}

describe('an Apache with a key of its own', () => {
  let clinic;
  before(async () => (clinic = await Clinic.open(byKey)));
  after(() => clinic?.close());

  test('lets somebody in by a code in a form, with PKCE, and knows who it is', async () => {
    const { apache, ada } = clinic;
    const asked = await apache.sentFrom('/inside/');
    const parameters = Object.fromEntries(asked.searchParams);
    assert.deepEqual(
      [parameters.response_mode, parameters.code_challenge_method, parameters.client_id],
      ['form_post', 'S256', 'apache'],
    );
    const known = await apache.letIn(ada);
    assert.equal(known.email, ADA.email);
    assert.equal(claimsOf(known.id_token).aud, 'apache');
    assert.equal((await apache.known()).sub, known.sub);
  });

  test('lets nobody in with an answer that was not for this visitor', async () => {
    const { apache, ada } = clinic;
    apache.nextVisitor();
    const received = await ada.authorize(await apache.sentFrom('/inside/other'));
    const stranger = await fetch(received.url, { method: 'POST', body: new URLSearchParams(await received.text()), redirect: 'manual' });
    assert.ok(stranger.status >= 400 || !new URL(stranger.headers.get('location'), apache.url).pathname.startsWith('/inside/other'));
  });

  test('is told by the provider when somebody logs out there', async () => {
    const { apache, ada, provider } = clinic;
    const { id_token: hint } = await apache.letIn(ada);
    await ada.logOut(`${provider.issuer}/oidc/logout?${new URLSearchParams({ id_token_hint: hint })}`);
    const deadline = Date.now() + 15_000;
    while ((await apache.visit('/inside/')).status === 200 && Date.now() < deadline) await pause(200);
    assert.equal((await apache.sentFrom('/inside/')).origin, provider.issuer);
    assert.match(provider.log, /an application was told of a log-out/);
  });

  test('logs somebody out here and there, and leads back', async () => {
    const { apache, ada, provider } = clinic;
    await apache.letIn(ada);
    const out = await apache.sentFrom(`${RETURN}?logout=${encodeURIComponent(`${apache.url}/outside/`)}`);
    assert.equal(out.pathname, '/oidc/logout');
    assert.equal(`${await ada.logOut(out)}`.split('?')[0], `${apache.url}/outside/`);
    assert.equal((await apache.sentFrom('/inside/')).origin, provider.issuer);
    const signIns = ada.signIns;
    await apache.letIn(ada);
    assert.equal(ada.signIns, signIns + 1);
  });
});

/** With a secret, the answer in the address, and a page that the browser loads at a log-out. */
const bySecret = async (directory, url) => ({
  toml: `
    [[clients]]
    id = "apache"
    name = "Apache"
    type = "web"
    secret = "${PLAIN_SECRET}"
    subject_type = "pairwise"
    userinfo_alg = "ES256"
    id_token_alg = "ES256"
    redirect_uris = ["${url}${RETURN}"]
    frontchannel_logout_uri = "${url}${RETURN}?logout=get"
  `,
  directives: {
    OIDCClientID: 'apache',
    OIDCClientSecret: PLAIN_SECRET,
    OIDCProviderTokenEndpointAuth: 'client_secret_basic',
    OIDCIDTokenSignedResponseAlg: 'ES256',
    OIDCUserInfoSignedResponseAlg: 'ES256',
  },
});

describe('an Apache with a secret', () => {
  let clinic;
  before(async () => (clinic = await Clinic.open(bySecret)));
  after(() => clinic?.close());

  test('knows people by a name of its own, from signed userinfo', async () => {
    const { apache, ada } = clinic;
    const known = await apache.letIn(ada);
    assert.equal(known.email, ADA.email);
    assert.match(known.sub, /^[\w-]{43}$/);
    assert.equal(claimsOf(known.id_token).sub, known.sub);
  });

  test('forgets somebody whose browser tells it of the log-out', async () => {
    const { apache, ada, provider } = clinic;
    const { id_token: hint, sid } = await apache.letIn(ada);
    const frames = await ada.isToldGoodbye(`${provider.issuer}/oidc/logout?${new URLSearchParams({ id_token_hint: hint })}`);
    assert.equal(frames.length, 1);
    const frame = new URL(frames[0]);
    assert.deepEqual(Object.fromEntries(frame.searchParams), { logout: 'get', iss: provider.issuer, sid });
    assert.equal((await apache.visit(frame.href)).status, 200);
    assert.equal((await apache.sentFrom('/inside/')).origin, provider.issuer);
  });
});
