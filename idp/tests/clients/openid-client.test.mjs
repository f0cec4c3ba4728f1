// Portico with openid-client 6, as applications for Node.js use it: it looks after nonces, retries and checks
// by itself, and is told to verify signatures as well.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as client from 'openid-client';
import { ALGS, Key } from './keys.mjs';
import { ADA, GOODBYE_URI, LETTERS, Office, REDIRECT_URI, SECRET, SLOTS, WEB_CLIENTS } from './office.mjs';
import { atHash, claimsOf, forged, headerOf } from './reading.mjs';

const MAX_AGE = 300;

let office;
/** One that wants nonces in proofs of possession. */
let pedantic;
before(async () => ([office, pedantic] = await Promise.all([Office.open(), Office.open({ dpopNonce: true })])));
after(() => Promise.all([office?.close(), pedantic?.close()]));

/** The library names Ed25519 keys by RFC 9864; the provider's metadata name them by RFC 8037. */
const named = ({ alg }) => ({ [client.modifyAssertion]: (header) => (header.alg = alg) });

const AUTHENTICATION = {
  none: () => client.None(),
  client_secret_basic: ({ secret }) => client.ClientSecretBasic(secret),
  client_secret_post: ({ secret }) => client.ClientSecretPost(secret),
  client_secret_jwt: ({ secret }) => client.ClientSecretJwt(secret),
  private_key_jwt: ({ key }) => client.PrivateKeyJwt(key.private, named(key)),
};

/** A client of this provider, as strict as the library can be made. */
async function configure(id, method, { at = office, alg = 'ES256', secret = SECRET, key = at.keys.ES256, ...more } = {}) {
  const metadata = {
    id_token_signed_response_alg: alg,
    authorization_signed_response_alg: alg,
    require_auth_time: true,
    [client.clockTolerance]: 0,
    ...more,
  };
  const authentication = AUTHENTICATION[method]({ secret, key });
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  return client.discovery(new URL(at.issuer), id, metadata, authentication, { execute });
}

const web = (id, more) => configure(id, WEB_CLIENTS[id].method, { alg: WEB_CLIENTS[id].alg, ...more });
const calendar = (more) => configure('calendar', 'none', more);

/** What is asked for, and what has to come back. */
async function begin(more = {}) {
  const [pkceCodeVerifier, expectedState, expectedNonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  const parameters = {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile email',
    state: expectedState,
    nonce: expectedNonce,
    max_age: String(MAX_AGE),
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  };
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: MAX_AGE, idTokenExpected: true };
  return { parameters, checks };
}

/** The whole way of a person to tokens. */
async function signIn(config, person, more, options) {
  const { parameters, checks } = await begin(more);
  const received = await person.authorize(client.buildAuthorizationUrl(config, parameters));
  return client.authorizationCodeGrant(config, received, checks, undefined, options);
}

const userinfo = (config, tokens, options) =>
  client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options);

// What went wrong, for assert.rejects.

const refused = (error, status = 400) => (thrown) => {
  assert.ok(thrown instanceof client.ResponseBodyError, thrown);
  assert.deepEqual([thrown.error, thrown.status], [error, status]);
  return true;
};

const challenged = (scheme, error) => (thrown) => {
  assert.ok(thrown instanceof client.WWWAuthenticateChallengeError, thrown);
  assert.equal(thrown.status, 401);
  assert.deepEqual(thrown.cause.map((challenge) => [challenge.scheme, challenge.parameters.error]), [[scheme, error]]);
  return true;
};

const answered = (error) => (thrown) => {
  assert.ok(thrown instanceof client.AuthorizationResponseError, thrown);
  assert.equal(thrown.error, error);
  return true;
};

const found = (code) => (thrown) => {
  assert.ok(thrown instanceof client.ClientError, thrown);
  assert.equal(thrown.code, code);
  return true;
};

describe('discovery', () => {
  test('by OpenID Connect and by OAuth 2.0', async () => {
    const config = await calendar();
    const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };
    const other = await client.discovery(new URL(office.issuer), 'calendar', undefined, undefined, options);
    assert.deepEqual(other.serverMetadata(), config.serverMetadata());
    assert.equal(config.serverMetadata().issuer, office.issuer);
    assert.ok(config.serverMetadata().supportsPKCE());
  });

  test('under another name for the same host it is not taken', async () => {
    const other = new URL(office.issuer.replace('localhost', '127.0.0.1'));
    const discovered = client.discovery(other, 'calendar', undefined, undefined, { execute: [client.allowInsecureRequests] });
    await assert.rejects(discovered, found('OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'));
  });
});

describe('signing in', () => {
  for (const [id, { method, alg }] of Object.entries(WEB_CLIENTS)) {
    test(`with ${method}, and ID tokens in ${alg}`, async () => {
      const config = await web(id);
      const tokens = await signIn(config, office.ada());
      const claims = tokens.claims();
      assert.equal(headerOf(tokens.id_token).alg, alg);
      assert.equal(claims.at_hash, atHash(alg, tokens.access_token));
      assert.deepEqual([claims.aud, claims.acr, claims.amr], [id, 'pwd', ['pwd']]);
      assert.ok(tokens.expiresIn() > 290);
      const known = await userinfo(config, tokens);
      assert.deepEqual([known.email, known.name], [ADA.email, `${ADA.givenName} ${ADA.familyName}`]);
      const wrong = client.fetchUserInfo(config, tokens.access_token, 'somebody-else');
      await assert.rejects(wrong, found('OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'));
    });

    test(`with ${method}, and not with what is not the client's`, async () => {
      const wrong = { secret: 'another secret, just as long as the real one', key: await Key.of('ES256') };
      const impostor = signIn(await web(id, wrong), office.ada());
      const basic = method === 'client_secret_basic';
      await assert.rejects(impostor, basic ? challenged('basic', undefined) : refused('invalid_client', 401));
    });
  }

  test('the answer to another visit is not taken, nor is it redeemed', async () => {
    const [config, ada] = [await web('practice'), office.ada()];
    const [one, other] = [await begin(), await begin()];
    const received = await ada.authorize(client.buildAuthorizationUrl(config, one.parameters));
    const url = new URL(received.url);
    const redeem = (checks) => client.authorizationCodeGrant(config, url, { ...one.checks, ...checks });
    await assert.rejects(redeem({ expectedState: other.checks.expectedState }), found('OAUTH_INVALID_RESPONSE'));
    const elsewhere = new URL(url);
    elsewhere.searchParams.set('iss', 'https://login.example.com');
    await assert.rejects(client.authorizationCodeGrant(config, elsewhere, one.checks), found('OAUTH_INVALID_RESPONSE'));
    await assert.rejects(redeem({ pkceCodeVerifier: other.checks.pkceCodeVerifier }), refused('invalid_grant'));
    await assert.rejects(redeem({}), refused('invalid_grant'), 'the attempt has spent it');
  });

  test('the ID token of another visit is not taken', async () => {
    const config = await web('practice');
    const { parameters, checks } = await begin();
    const received = await office.ada().authorize(client.buildAuthorizationUrl(config, parameters));
    const wrong = client.authorizationCodeGrant(config, received, { ...checks, expectedNonce: client.randomNonce() });
    await assert.rejects(wrong, found('OAUTH_JWT_CLAIM_COMPARISON_FAILED'));
  });

  test('a form is read like a query, and so is an error', async () => {
    const [config, ada] = [await web('pharmacy'), office.ada()];
    assert.equal((await signIn(config, ada, { response_mode: 'form_post' })).claims().aud, 'pharmacy');
    const stranger = office.ada();
    await assert.rejects(signIn(config, stranger, { prompt: 'none' }), answered('login_required'));
    const phone = await configure('phone', 'none');
    stranger.decision = 'deny';
    await assert.rejects(signIn(phone, stranger), answered('access_denied'));
    stranger.decision = 'allow';
    assert.equal((await signIn(phone, stranger)).claims().aud, 'phone');
  });
});

describe('pushed, signed, and both', () => {
  const finish = async (config, url, checks) =>
    client.authorizationCodeGrant(config, await office.ada().authorize(url), checks);

  test('requests are pushed by clients with and without a secret', async () => {
    for (const config of [await web('clinic'), await calendar()]) {
      const { parameters, checks } = await begin();
      const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
      assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
      const tokens = await finish(config, url, checks);
      assert.equal(tokens.claims().aud, config.clientMetadata().client_id);
    }
    const { parameters } = await begin({ redirect_uri: 'https://evil.example.org/' });
    await assert.rejects(client.buildAuthorizationUrlWithPAR(await calendar(), parameters), refused('invalid_request'));
  });

  for (const alg of ALGS) {
    test(`requests are signed in ${alg}`, async () => {
      const [config, key] = [await configure('notary', 'client_secret_basic'), office.keys[alg]];
      const { parameters, checks } = await begin();
      const url = await client.buildAuthorizationUrlWithJAR(config, parameters, key.private, named(key));
      assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request']);
      assert.equal((await finish(config, url, checks)).claims().aud, 'notary');
    });
  }

  test('a signature of somebody else stops the person, and what is pushed', async () => {
    const config = await configure('notary', 'client_secret_basic');
    const { parameters } = await begin();
    const url = await client.buildAuthorizationUrlWithJAR(config, parameters, (await Key.of('ES256')).private);
    await office.ada().isStoppedAt(url);
    const pushed = client.buildAuthorizationUrlWithPAR(config, url.searchParams);
    await assert.rejects(pushed, refused('invalid_request_object'));
  });

  for (const [id, { alg }] of Object.entries(WEB_CLIENTS)) {
    test(`answers are signed in ${alg}`, async () => {
      const config = await web(id);
      client.useJwtResponseMode(config);
      const ada = office.ada();
      const { parameters, checks } = await begin();
      const received = await ada.authorize(client.buildAuthorizationUrl(config, parameters));
      const url = new URL(received.url);
      const spoilt = new URL(url);
      spoilt.searchParams.set('response', forged(url.searchParams.get('response')));
      await assert.rejects(client.authorizationCodeGrant(config, spoilt, checks), found('OAUTH_INVALID_RESPONSE'));
      assert.equal((await client.authorizationCodeGrant(config, url, checks)).claims().aud, id);
      await assert.rejects(signIn(config, office.ada(), { prompt: 'none' }), answered('login_required'));
    });
  }
});

describe('proof of possession', () => {
  for (const alg of ALGS) {
    test(`with a key for ${alg}, and with nonces`, async () => {
      const [key, thief] = [await Key.of(alg), await Key.of('ES256')];
      const config = await calendar({ at: pedantic });
      const nonces = [];
      config[client.customFetch] = (url, init) => {
        if (init.headers.dpop) nonces.push(claimsOf(init.headers.dpop).nonce);
        return fetch(url, init);
      };
      const DPoP = client.getDPoPHandle(config, key.pair, named(key));
      const other = { DPoP: client.getDPoPHandle(config, thief.pair) };
      const tokens = await signIn(config, pedantic.ada(), {}, { DPoP });
      assert.equal(tokens.token_type, 'dpop');
      assert.deepEqual(claimsOf(tokens.access_token).cnf, { jkt: key.thumbprint });
      assert.equal((await userinfo(config, tokens, { DPoP })).email, ADA.email);
      assert.deepEqual(nonces.map((nonce) => nonce !== undefined), [false, true, true], 'it was asked for one, once');
      const address = new URL(config.serverMetadata().userinfo_endpoint);
      const raw = await client.fetchProtectedResource(
        config, tokens.access_token, address, 'POST', undefined, undefined, { DPoP },
      );
      assert.equal((await raw.json()).sub, tokens.claims().sub);
      assert.equal((await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })).token_type, 'dpop');
      await assert.rejects(userinfo(config, tokens), challenged('bearer', 'invalid_token'));
      await assert.rejects(userinfo(config, tokens, other), challenged('dpop', 'invalid_token'));
      const stolen = client.refreshTokenGrant(config, tokens.refresh_token, undefined, other);
      await assert.rejects(stolen, refused('invalid_grant'));
    });
  }
});

describe('afterwards', () => {
  test('a confidential client keeps its refresh token, a public one gets another', async () => {
    for (const [config, kept] of [[await web('ward'), true], [await calendar(), false]]) {
      const tokens = await signIn(config, office.ada());
      const next = await client.refreshTokenGrant(config, tokens.refresh_token);
      assert.equal(next.refresh_token === tokens.refresh_token, kept);
      for (const name of ['sub', 'auth_time', 'sid']) assert.equal(next.claims()[name], tokens.claims()[name], name);
      await client.tokenRevocation(config, next.refresh_token);
      await assert.rejects(client.refreshTokenGrant(config, next.refresh_token), refused('invalid_grant'));
      await assert.rejects(userinfo(config, next), challenged('bearer', 'invalid_token'));
    }
  });

  test('an access token is revoked alone, and by its client alone', async () => {
    const [config, other] = [await web('practice'), await web('pharmacy')];
    const tokens = await signIn(config, office.ada());
    await assert.rejects(client.tokenRevocation(other, tokens.access_token), refused('invalid_grant'));
    await userinfo(config, tokens);
    await client.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
    await assert.rejects(userinfo(config, tokens), challenged('bearer', 'invalid_token'));
    await userinfo(config, await client.refreshTokenGrant(config, tokens.refresh_token));
  });

  test('a program acts for itself at an API', async () => {
    const config = await configure('slots', 'client_secret_basic');
    const tokens = await client.clientCredentialsGrant(config, { resource: LETTERS, scope: 'letters:send' });
    const claims = claimsOf(tokens.access_token);
    assert.deepEqual([claims.aud, claims.sub, claims.scope], [LETTERS, 'slots', 'letters:send']);
    assert.equal(tokens.refresh_token, undefined);
    await assert.rejects(client.clientCredentialsGrant(config, { resource: SLOTS }), refused('invalid_target'));
    await assert.rejects(client.clientCredentialsGrant(await calendar()), refused('unauthorized_client'));
  });

  test('an API asks about tokens, and gets signed answers if it wants', async () => {
    const config = await web('clinic');
    const tokens = await signIn(config, office.ada(), { scope: 'openid slots:read', resource: SLOTS });
    for (const signed of [{}, { introspection_signed_response_alg: 'ES256' }]) {
      const api = await configure('slots', 'client_secret_basic', signed);
      const known = await client.tokenIntrospection(api, tokens.access_token);
      assert.deepEqual([known.active, known.client_id, known.scope], [true, 'clinic', 'openid slots:read']);
      assert.equal(known.sub, tokens.claims().sub);
      assert.deepEqual(await client.tokenIntrospection(api, forged(tokens.access_token)), { active: false });
    }
    const own = await client.tokenIntrospection(config, tokens.refresh_token);
    assert.deepEqual([own.active, own.client_id], [true, 'clinic']);
    await assert.rejects(client.tokenIntrospection(await calendar(), tokens.access_token), refused('unauthorized_client'));
  });

  test('a person logs out and comes back', async () => {
    const [config, ada] = [await web('practice'), office.ada()];
    const tokens = await signIn(config, ada);
    const hint = { id_token_hint: tokens.id_token, post_logout_redirect_uri: GOODBYE_URI };
    const foreign = client.buildEndSessionUrl(await web('pharmacy'), hint);
    await ada.isStoppedAt(foreign);
    await userinfo(config, tokens);
    const back = await ada.logOut(client.buildEndSessionUrl(config, { ...hint, state: 'a state' }));
    assert.equal(back.href, `${GOODBYE_URI}?state=a+state`);
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refused('invalid_grant'));
    await assert.rejects(signIn(config, ada, { prompt: 'none' }), answered('login_required'));
  });
});

describe('devices', () => {
  // The library waits for the interval first; so they wait together.
  test('wait until a person has decided', async () => {
    const config = await configure('screen', 'none');
    const begun = async (decision) => {
      const device = await client.initiateDeviceAuthorization(config, { scope: 'openid profile' });
      await office.ada().decideAbout(device, decision);
      return client.pollDeviceAuthorizationGrant(config, device);
    };
    const denied = assert.rejects(begun('deny'), refused('access_denied', 400));
    const tokens = await begun('allow');
    await denied;
    assert.deepEqual([tokens.claims().aud, tokens.scope], ['screen', 'openid profile']);
    assert.equal((await userinfo(config, tokens)).given_name, ADA.givenName);
    await assert.rejects(client.initiateDeviceAuthorization(await calendar(), { scope: 'openid' }), refused('unauthorized_client'));
  });
});

describe('a client of whom everything is required', () => {
  const bank = async (alg) => {
    const [key, own] = [pedantic.keys[alg], await Key.of(alg)];
    const config = await configure('bank', 'private_key_jwt', { at: pedantic, key, alg: 'PS256' });
    client.useJwtResponseMode(config);
    return { config, key, DPoP: client.getDPoPHandle(config, own.pair, named(own)), jkt: own.thumbprint };
  };

  for (const alg of ALGS) {
    test(`signs in with all of it at once, in ${alg}`, async () => {
      const { config, key, DPoP, jkt } = await bank(alg);
      const { parameters, checks } = await begin({ prompt: 'login' });
      const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, key.private, named(key));
      const url = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
      const received = await pedantic.ada().authorize(url);
      const tokens = await client.authorizationCodeGrant(config, received, checks, undefined, { DPoP });
      assert.deepEqual(claimsOf(tokens.access_token).cnf, { jkt });
      assert.equal((await userinfo(config, tokens, { DPoP })).email, ADA.email);
      const next = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
      assert.deepEqual((await client.tokenIntrospection(config, next.access_token)).cnf, { jkt });
      await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refused('invalid_dpop_proof'));
    });
  }

  test('a step that is left out is missed', async () => {
    const { config, key, DPoP } = await bank('ES256');
    const { parameters, checks } = await begin();
    await assert.rejects(client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }), refused('invalid_request_object'));
    const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, key.private, named(key));
    await pedantic.ada().isStoppedAt(signed);
    const url = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
    const received = await pedantic.ada().authorize(url);
    await assert.rejects(client.authorizationCodeGrant(config, received, checks), refused('invalid_dpop_proof'));
  });
});

describe('an application that registers itself', () => {
  const METADATA = {
    redirect_uris: [REDIRECT_URI],
    client_name: 'The newcomer',
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256',
    userinfo_signed_response_alg: 'ES256',
    subject_type: 'pairwise',
  };
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  const register = async (metadata, initialAccessToken) =>
    client.dynamicClientRegistration(new URL(office.issuer), { ...METADATA, ...metadata }, undefined, { initialAccessToken, execute });

  test('signs somebody in who allows it, and refreshes', async () => {
    // What the library does with a secret unless it is told otherwise.
    const metadata = { token_endpoint_auth_method: 'client_secret_post' };
    const config = await register(metadata, await office.provider.registrationToken());
    const { client_id: id, registration_client_uri: uri } = config.clientMetadata();
    assert.equal(uri, `${office.issuer}/oidc/register/${id}`);
    const ada = office.ada();
    const tokens = await signIn(config, ada);
    assert.match(tokens.claims().sub, /^[\w-]{43}$/);
    assert.equal((await userinfo(config, tokens)).email, ADA.email);
    const again = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(again.claims().sub, tokens.claims().sub);
  });

  test('proves itself with a key', async () => {
    const key = await Key.of('ES256', 'mine');
    const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.public] } };
    const registered = await register(metadata, await office.provider.registrationToken());
    const config = await configure(registered.clientMetadata().client_id, 'private_key_jwt', { key });
    config.clientMetadata().userinfo_signed_response_alg = 'ES256';
    assert.equal((await signIn(config, office.ada())).claims().aud, registered.clientMetadata().client_id);
  });

  test('needs a token for that, which is good once', async () => {
    const token = await office.provider.registrationToken();
    await register({}, token);
    const challenged = (thrown) => (assert.ok(thrown instanceof client.WWWAuthenticateChallengeError, thrown), true);
    await assert.rejects(register({}, token), challenged);
    await assert.rejects(register({}, undefined), challenged);
    await assert.rejects(
      register({ redirect_uris: ['https://*.example.org/callback'] }, await office.provider.registrationToken()),
      refused('invalid_redirect_uri'),
    );
  });
});
