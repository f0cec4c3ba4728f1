// Portico with oauth4webapi 3, which leaves nothing to itself: every step is the application's own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { ALGS, Key } from './keys.mjs';
import {
  Application, HTTP, answered, challenged, discover, found, named, refused, seenBy,
} from './oauth4webapi.mjs';
import { ADA, GOODBYE_URI, LETTERS, Office, REDIRECT_URI, SLOTS, WEB_CLIENTS } from './office.mjs';
import { claimsOf, forged, headerOf } from './reading.mjs';

let office;
/** One that wants nonces in proofs of possession. */
let pedantic;
before(async () => ([office, pedantic] = await Promise.all([Office.open(), Office.open({ dpopNonce: true })])));
after(() => Promise.all([office?.close(), pedantic?.close()]));

describe('discovery', () => {
  test('both documents are read, are the same, and are of this issuer', async () => {
    const [oidc, oauth2] = await Promise.all([discover(office), discover(office, 'oauth2')]);
    assert.deepEqual(oidc, oauth2);
    assert.equal(oidc.issuer, office.issuer);
    assert.equal(oidc.authorization_response_iss_parameter_supported, true);
    for (const alg of ALGS) assert.ok(oidc.id_token_signing_alg_values_supported.includes(alg), alg);
  });

  test('under another name for the same host it is not taken', async () => {
    const other = new URL(office.issuer.replace('localhost', '127.0.0.1'));
    const response = await oauth.discoveryRequest(other, HTTP);
    await assert.rejects(oauth.processDiscoveryResponse(other, response), found(oauth.JSON_ATTRIBUTE_COMPARISON, /issuer/));
  });
});

describe('signing in', () => {
  for (const [id, { method, alg }] of Object.entries(WEB_CLIENTS)) {
    test(`with ${method}, and ID tokens in ${alg}`, async () => {
      const app = await Application.web(office, id);
      const tokens = await app.signIn(office.ada());
      assert.equal(headerOf(tokens.id_token).alg, alg);
      assert.deepEqual([tokens.claims.aud, tokens.claims.acr, tokens.claims.amr], [id, 'pwd', ['pwd']]);
      assert.deepEqual([tokens.token_type, tokens.expires_in], ['bearer', 300]);
      const known = await app.userinfo(tokens);
      assert.deepEqual([known.email, known.given_name, known.family_name], [ADA.email, ADA.givenName, ADA.familyName]);
      assert.equal((await seenBy(office.issuer, app.as, tokens)).sub, tokens.claims.sub);
    });
  }

  test('the same person is the same for every client', async () => {
    const ada = office.ada();
    const [one, other] = [await Application.web(office, 'practice'), await Application.web(office, 'ward')];
    const [first, second] = [await one.signIn(ada), await other.signIn(ada)];
    assert.equal(first.claims.sub, second.claims.sub);
    assert.equal(first.claims.auth_time, second.claims.auth_time);
    assert.equal(ada.signIns, 1);
    await assert.rejects(
      one.userinfo({ ...first, claims: { sub: 'somebody-else' } }), found(oauth.JSON_ATTRIBUTE_COMPARISON, /sub/),
    );
  });

  test('a sign-in that is older than max_age is repeated', async () => {
    const [app, ada] = [await Application.web(office, 'pharmacy'), office.ada()];
    const before = await app.signIn(ada);
    await pause(2100);
    const after = await app.signIn(ada, { max_age: '1' });
    assert.equal(ada.signIns, 2);
    assert.ok(after.claims.auth_time >= before.claims.auth_time + 2, `${after.claims.auth_time}`);
  });

  test('nothing but the verifier of this very visit redeems a code', async () => {
    const app = await Application.web(office, 'practice');
    const visit = await app.begin();
    const answer = await app.read(await office.ada().authorize(app.url(visit.parameters)), visit);
    const verifier = oauth.generateRandomCodeVerifier();
    await assert.rejects(app.redeem(answer, { ...visit, verifier }), refused('invalid_grant'));
    await assert.rejects(app.redeem(answer, visit), refused('invalid_grant'), 'it was spent by the attempt');
  });

  test('a code that comes again ends what it gave', async () => {
    const app = await Application.web(office, 'practice');
    const visit = await app.begin();
    const answer = await app.read(await office.ada().authorize(app.url(visit.parameters)), visit);
    const tokens = await app.redeem(answer, visit);
    await app.userinfo(tokens);
    await assert.rejects(app.redeem(answer, visit), refused('invalid_grant'));
    await assert.rejects(app.userinfo(tokens), challenged('bearer', 'invalid_token'));
    await assert.rejects(app.refresh(tokens), refused('invalid_grant'));
  });

  test('a code belongs to the client that asked for it', async () => {
    const [app, thief] = [await Application.web(office, 'practice'), await Application.web(office, 'pharmacy')];
    const visit = await app.begin();
    const answer = await app.read(await office.ada().authorize(app.url(visit.parameters)), visit);
    await assert.rejects(thief.redeem(answer, visit), refused('invalid_grant'));
  });

  test('errors come back with state and iss', async () => {
    const app = await Application.of(office, 'phone', 'none');
    const stranger = await app.begin({ prompt: 'none' });
    const silent = await office.ada().authorize(app.url(stranger.parameters));
    await assert.rejects(app.read(silent, stranger), answered('login_required'));
    const [ada, visit] = [office.ada(), await app.begin()];
    ada.decision = 'deny';
    const denied = await ada.authorize(app.url(visit.parameters));
    await assert.rejects(app.read(denied, visit), answered('access_denied'));
    await assert.rejects(app.read(denied, stranger), found(oauth.INVALID_RESPONSE, /state/));
  });

  test('the answer may come as a form', async () => {
    const app = await Application.web(office, 'pharmacy');
    const visit = await app.begin({ response_mode: 'form_post' });
    const received = await office.ada().authorize(app.url(visit.parameters));
    assert.equal(received.method, 'POST');
    assert.equal((await app.redeem(await app.read(received, visit), visit)).claims.aud, 'pharmacy');
  });
});

describe('client authentication', () => {
  /** Something that every client may do once it is known to be itself. */
  const introduce = async (app) => app.push((await app.begin()).parameters);

  for (const [id, { method }] of Object.entries(WEB_CLIENTS)) {
    test(`${method} with what is not the client's is refused`, async () => {
      await introduce(await Application.web(office, id));
      const wrong = { secret: 'another secret, just as long as the real one', key: await Key.of('ES256') };
      const impostor = await Application.web(office, id, wrong);
      const basic = method === 'client_secret_basic';
      await assert.rejects(introduce(impostor), basic ? challenged('basic', undefined) : refused('invalid_client', 401));
    });
  }

  test('a client can not choose another method than the registered one', async () => {
    const methods = ['none', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'];
    for (const method of methods) {
      const app = await Application.of(office, 'practice', method);
      await assert.rejects(introduce(app), refused('invalid_client', 401), method);
    }
    const app = await Application.of(office, 'pharmacy', 'client_secret_basic');
    await assert.rejects(introduce(app), challenged('basic', undefined));
  });

  for (const alg of ALGS) {
    test(`private_key_jwt in ${alg}`, async () => {
      const app = await Application.of(office, 'courier', 'private_key_jwt', { key: office.keys[alg] });
      assert.equal(claimsOf((await app.ownTokens({})).access_token).client_id, 'courier');
    });
  }

  const SPOILT = {
    'for somebody else': (claims) => (claims.aud = 'https://login.example.com'),
    'for somebody else as well': (claims) => (claims.aud = [claims.aud, 'https://login.example.com']),
    'of a time gone by': (claims) => (claims.exp = claims.iat - 1),
    'for ever': (claims) => (claims.exp = claims.iat + 86_400),
    'about another client': (claims) => (claims.sub = 'ward'),
    'without a name': (claims) => delete claims.jti,
  };
  for (const [name, spoil] of Object.entries(SPOILT)) {
    test(`an assertion ${name} is refused`, async () => {
      const options = { [oauth.modifyAssertion]: (_, claims) => spoil(claims) };
      const authentication = oauth.PrivateKeyJwt(office.keys.ES256.private, options);
      const app = new Application(await discover(office), { client_id: 'courier' }, authentication);
      await assert.rejects(app.ownTokens({}), refused('invalid_client', 401));
    });
  }

  test('an assertion works once', async () => {
    const options = { [oauth.modifyAssertion]: (_, claims) => (claims.jti = 'always the same') };
    const authentication = oauth.PrivateKeyJwt(office.keys.PS256.private, options);
    const app = new Application(await discover(office), { client_id: 'courier' }, authentication);
    assert.ok((await app.ownTokens({})).access_token);
    await assert.rejects(app.ownTokens({}), refused('invalid_client', 401));
  });
});

describe('pushed requests', () => {
  for (const [id, method] of [['practice', 'client_secret_basic'], ['calendar', 'none']]) {
    test(`${id} pushes a request, and the person brings its name`, async () => {
      const app = await Application.of(office, id, method, { alg: WEB_CLIENTS[id]?.alg });
      const [visit, ada] = [await app.begin(), office.ada()];
      const pushed = app.url(await app.push(visit.parameters));
      const answer = await app.read(await ada.authorize(pushed), visit);
      assert.equal((await app.redeem(answer, visit)).claims.aud, id);
      assert.match(await ada.isStoppedAt(pushed), /expired|again/i, 'it is spent');
    });
  }

  test('a name is worth nothing to another client, nor is a made-up one', async () => {
    const [app, other] = [await Application.web(office, 'practice'), await Application.web(office, 'pharmacy')];
    const pushed = await app.push((await app.begin()).parameters);
    for (const change of [{ client_id: other.client.client_id }, { request_uri: `${pushed.request_uri}x` }]) {
      await office.ada().isStoppedAt(app.url({ ...pushed, ...change }));
    }
  });

  test('what is wrong with a request is said at once', async () => {
    const app = await Application.web(office, 'practice');
    const push = async (more) => app.push((await app.begin(more)).parameters);
    await assert.rejects(push({ redirect_uri: 'https://evil.example.org/' }), refused('invalid_request'));
    await assert.rejects(push({ code_challenge_method: 'plain' }), refused('invalid_request'));
    await assert.rejects(push({ resource: 'https://unknown.example.org' }), refused('invalid_target'));
    await assert.rejects(push({ request_uri: 'urn:x' }), refused('invalid_request'));
  });
});

describe('signed requests', () => {
  const notary = () => Application.of(office, 'notary', 'client_secret_basic');

  for (const alg of ALGS) {
    test(`signed in ${alg}, and nothing beside it counts`, async () => {
      const app = await notary();
      const visit = await app.begin({ scope: 'openid' });
      const request = await app.sign(visit.parameters, office.keys[alg]);
      const beside = { ...Object.fromEntries((await app.begin()).parameters), request };
      const tokens = await app.redeem(await app.read(await office.ada().authorize(app.url(beside)), visit), visit);
      assert.equal(tokens.scope, 'openid');
    });
  }

  test('signed by somebody else, for somebody else or too long ago it is refused', async () => {
    const app = await notary();
    const visit = await app.begin();
    const sign = (change) =>
      oauth.issueRequestObject(app.as, app.client, visit.parameters, office.keys.ES256.private, {
        [oauth.modifyAssertion]: (_, claims) => change(claims),
      });
    for (const request of [
      await app.sign(visit.parameters, await Key.of('ES256')),
      forged(await app.sign(visit.parameters, office.keys.ES256)),
      await sign((claims) => (claims.aud = 'https://login.example.com')),
      await sign((claims) => (claims.exp = claims.iat - 1)),
      await sign((claims) => (claims.iss = 'ward')),
    ]) {
      const received = await office.ada().authorize(app.url({ ...Object.fromEntries(visit.parameters), request }));
      await assert.rejects(app.read(received, visit), answered('invalid_request_object'));
      await assert.rejects(app.push({ request }), refused('invalid_request_object'));
    }
  });
});

describe('signed answers', () => {
  for (const [id, { alg }] of Object.entries(WEB_CLIENTS)) {
    test(`in ${alg}`, async () => {
      const app = await Application.web(office, id);
      const visit = await app.begin({ response_mode: 'jwt' });
      const received = await office.ada().authorize(app.url(visit.parameters));
      assert.deepEqual([...new URL(received.url).searchParams.keys()], ['response']);
      assert.equal((await app.redeem(await app.read(received, visit), visit)).claims.aud, id);
    });
  }

  test('as a form, and errors as well', async () => {
    const app = await Application.web(office, 'pharmacy');
    const visit = await app.begin({ response_mode: 'form_post.jwt', prompt: 'none' });
    const received = await office.ada().authorize(app.url(visit.parameters));
    assert.equal(received.method, 'POST');
    await assert.rejects(app.read(received, visit), answered('login_required'));
  });

  test('for another client, or forged, the library refuses it', async () => {
    const [app, other] = [await Application.web(office, 'pharmacy'), await Application.of(office, 'calendar', 'none')];
    const visit = await app.begin({ response_mode: 'query.jwt' });
    const url = new URL((await office.ada().authorize(app.url(visit.parameters))).url);
    await assert.rejects(other.read({ url: url.href }, visit), found(oauth.JWT_CLAIM_COMPARISON, /aud/));
    url.searchParams.set('response', forged(url.searchParams.get('response')));
    await assert.rejects(app.read({ url: url.href }, visit), found(oauth.INVALID_RESPONSE, /signature/));
  });
});

describe('proof of possession', () => {
  const handle = (app, key) => oauth.DPoP(app.client, key.pair, named(key));

  for (const alg of ALGS) {
    test(`tokens are bound to a key for ${alg}`, async () => {
      const app = await Application.of(office, 'calendar', 'none');
      const [key, thief] = [await Key.of(alg), await Key.of('ES256')];
      const [DPoP, other] = [handle(app, key), handle(app, thief)];
      const tokens = await app.signIn(office.ada(), {}, { DPoP });
      assert.equal(tokens.token_type, 'dpop');
      assert.deepEqual(claimsOf(tokens.access_token).cnf, { jkt: key.thumbprint });
      assert.equal((await app.userinfo(tokens, { DPoP })).email, ADA.email);
      await assert.rejects(app.userinfo(tokens), challenged('bearer', 'invalid_token'));
      await assert.rejects(app.userinfo(tokens, { DPoP: other }), challenged('dpop', 'invalid_token'));
      assert.equal((await app.refresh(tokens, { DPoP })).refresh_token, tokens.refresh_token, 'it stays');
      await assert.rejects(app.refresh(tokens, { DPoP: other }), refused('invalid_grant'));
      await assert.rejects(app.refresh(tokens), refused('invalid_grant'));
    });
  }

  test('an API verifies the proof together with the token', async () => {
    const app = await Application.web(office, 'practice');
    const [DPoP, other] = [handle(app, await Key.of('ES256')), handle(app, await Key.of('ES256'))];
    const tokens = await app.signIn(office.ada(), { resource: SLOTS }, { DPoP });
    assert.equal((await seenBy(SLOTS, app.as, tokens, { DPoP })).sub, tokens.claims.sub);
    await assert.rejects(seenBy(SLOTS, app.as, tokens, { DPoP: other }), found(oauth.JWT_CLAIM_COMPARISON, /confirmation/));
    const known = await (await Application.of(office, 'slots', 'client_secret_basic')).introspect(tokens.access_token);
    assert.deepEqual([known.token_type, known.cnf], ['DPoP', { jkt: await DPoP.calculateThumbprint() }]);
  });

  test('a code that is bound to a key is worth nothing with another', async () => {
    const app = await Application.of(office, 'calendar', 'none');
    const [DPoP, other] = [handle(app, await Key.of('ES256')), handle(app, await Key.of('ES256'))];
    const ask = async () => {
      const visit = await app.begin({ dpop_jkt: await DPoP.calculateThumbprint() });
      return [await app.read(await office.ada().authorize(app.url(visit.parameters)), visit), visit];
    };
    assert.equal((await app.redeem(...(await ask()), { DPoP })).token_type, 'dpop');
    await assert.rejects(app.redeem(...(await ask()), { DPoP: other }), refused('invalid_grant'));
    await assert.rejects(app.redeem(...(await ask())), refused('invalid_grant'));
  });

  const SPOILT = {
    'for another address': (claims) => (claims.htu += '/x'),
    'for another method': (claims) => (claims.htm = 'GET'),
    'of a time gone by': (claims) => (claims.iat -= 120),
    'of a time to come': (claims) => (claims.iat += 120),
    'without a name': (claims) => delete claims.jti,
  };
  for (const [name, spoil] of Object.entries(SPOILT)) {
    test(`a proof ${name} is refused`, async () => {
      const app = await Application.of(office, 'courier', 'private_key_jwt');
      const options = { [oauth.modifyAssertion]: (_, claims) => spoil(claims) };
      const DPoP = oauth.DPoP(app.client, (await Key.of('ES256')).pair, options);
      await assert.rejects(app.ownTokens({}, { DPoP }), refused('invalid_dpop_proof'));
    });
  }

  test('a proof works once', async () => {
    const app = await Application.of(office, 'courier', 'private_key_jwt');
    const options = { [oauth.modifyAssertion]: (_, claims) => (claims.jti = 'always the same') };
    const DPoP = oauth.DPoP(app.client, (await Key.of('ES256')).pair, options);
    assert.equal((await app.ownTokens({}, { DPoP })).token_type, 'dpop');
    await assert.rejects(app.ownTokens({}, { DPoP }), refused('invalid_dpop_proof'));
  });

  test('where nonces are wanted, every endpoint names one', async () => {
    const app = await Application.of(pedantic, 'calendar', 'none');
    const key = await Key.of('ES256');
    const [visit, ada] = [await app.begin(), pedantic.ada()];
    const first = handle(app, key);
    await assert.rejects(app.push(visit.parameters, { DPoP: first }), (error) => oauth.isDPoPNonceError(error));
    const pushed = await app.push(visit.parameters, { DPoP: first });
    const answer = await app.read(await ada.authorize(app.url(pushed)), visit);
    const second = handle(app, key);
    await assert.rejects(app.redeem(answer, visit, { DPoP: second }), (error) => oauth.isDPoPNonceError(error));
    const tokens = await app.redeem(answer, visit, { DPoP: second });
    const third = handle(app, key);
    await assert.rejects(app.userinfo(tokens, { DPoP: third }), challenged('dpop', 'use_dpop_nonce'));
    assert.equal((await app.userinfo(tokens, { DPoP: third })).sub, tokens.claims.sub);
    assert.equal((await app.refresh(tokens, { DPoP: third })).claims.sub, tokens.claims.sub);
  });

  test('a nonce of somebody else is none', async () => {
    const app = await Application.of(pedantic, 'courier', 'private_key_jwt', { key: pedantic.keys.ES256 });
    const options = { [oauth.modifyAssertion]: (_, claims) => (claims.nonce = 'made up') };
    const DPoP = oauth.DPoP(app.client, (await Key.of('ES256')).pair, options);
    for (const _ of [1, 2]) await assert.rejects(app.ownTokens({}, { DPoP }), refused('use_dpop_nonce'));
  });
});

describe('refreshing', () => {
  test('a confidential client keeps its refresh token', async () => {
    const app = await Application.web(office, 'clinic');
    const tokens = await app.signIn(office.ada());
    const next = await app.refresh(tokens);
    assert.equal(next.refresh_token, tokens.refresh_token);
    assert.notEqual(next.access_token, tokens.access_token);
    const same = ['sub', 'aud', 'auth_time', 'acr', 'sid'];
    for (const name of same) assert.deepEqual(next.claims[name], tokens.claims[name], name);
    assert.equal(next.claims.nonce, undefined);
    const fewer = await app.refresh(tokens, { additionalParameters: { scope: 'openid' } });
    assert.equal((await app.userinfo(fewer)).email, undefined);
    const more = { additionalParameters: { scope: 'openid slots:read' } };
    await assert.rejects(app.refresh(tokens, more), refused('invalid_scope'));
  });

  test('that of a public client is replaced, and the old one still answers for a moment', async () => {
    const app = await Application.of(office, 'calendar', 'none');
    const tokens = await app.signIn(office.ada());
    const next = await app.refresh(tokens);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.equal((await app.refresh(tokens)).refresh_token, next.refresh_token);
    assert.equal((await app.refresh(next)).claims.sub, tokens.claims.sub);
  });

  test('it is worth nothing to another client', async () => {
    const [app, thief] = [await Application.web(office, 'practice'), await Application.web(office, 'pharmacy')];
    await assert.rejects(thief.refresh(await app.signIn(office.ada())), refused('invalid_grant'));
  });

  test('one token for each API', async () => {
    const app = await Application.web(office, 'practice');
    const visit = await app.begin({ scope: 'openid slots:read' });
    visit.parameters.append('resource', SLOTS);
    visit.parameters.append('resource', LETTERS);
    const tokens = await app.redeem(await app.read(await office.ada().authorize(app.url(visit.parameters)), visit), visit);
    assert.deepEqual(claimsOf(tokens.access_token).aud, [office.issuer, SLOTS, LETTERS]);
    const narrow = await app.refresh(tokens, { additionalParameters: { resource: LETTERS } });
    assert.equal((await seenBy(LETTERS, app.as, narrow)).scope, 'openid slots:read');
    await assert.rejects(seenBy(SLOTS, app.as, narrow), found(oauth.JWT_CLAIM_COMPARISON, /aud/));
    await assert.rejects(app.userinfo(narrow), challenged('bearer', 'invalid_token'));
    const unknown = { additionalParameters: { resource: 'https://unknown.example.org' } };
    await assert.rejects(app.refresh(tokens, unknown), refused('invalid_target'));
  });
});

describe('programs', () => {
  test('act for themselves, at the APIs they are registered for', async () => {
    const app = await Application.of(office, 'slots', 'client_secret_basic');
    const tokens = await app.ownTokens({ resource: LETTERS, scope: 'letters:send' });
    assert.deepEqual([tokens.id_token, tokens.refresh_token, tokens.scope], [undefined, undefined, 'letters:send']);
    const seen = await seenBy(LETTERS, app.as, tokens);
    assert.deepEqual([seen.sub, seen.client_id, seen.scope], ['slots', 'slots', 'letters:send']);
    assert.equal(seen.auth_time, undefined);
    await assert.rejects(app.ownTokens({ resource: SLOTS }), refused('invalid_target'));
    await assert.rejects(app.ownTokens({ scope: 'letters:burn' }), refused('invalid_scope'));
    await assert.rejects((await Application.web(office, 'practice')).ownTokens({}), refused('unauthorized_client'));
  });
});

describe('introspection', () => {
  test('an API learns what a token for it is worth, signed if it wants', async () => {
    const [app, api] = [await Application.web(office, 'practice'), await Application.of(office, 'slots', 'client_secret_basic')];
    const ada = office.ada();
    const tokens = await app.signIn(ada, { scope: 'openid slots:read', resource: SLOTS });
    for (const signed of [false, true]) {
      const known = await api.introspect(tokens.access_token, { signed });
      assert.deepEqual([known.active, known.sub, known.client_id], [true, tokens.claims.sub, 'practice']);
      assert.deepEqual([known.scope, known.token_type, known.iss], ['openid slots:read', 'Bearer', office.issuer]);
      const forgery = await api.introspect(forged(tokens.access_token), { signed });
      assert.deepEqual(forgery, { active: false });
    }
    const other = await app.signIn(ada, { resource: LETTERS });
    assert.deepEqual(await api.introspect(other.access_token, { signed: true }), { active: false }, 'of others');
    assert.equal((await app.introspect(tokens.refresh_token)).active, true);
  });

  test('a public client learns nothing', async () => {
    const app = await Application.of(office, 'calendar', 'none');
    const { access_token } = await app.signIn(office.ada());
    await assert.rejects(app.introspect(access_token), refused('unauthorized_client'));
  });
});

describe('revocation', () => {
  test('an access token ends alone', async () => {
    const app = await Application.web(office, 'ward', { key: office.keys.EdDSA });
    const tokens = await app.signIn(office.ada());
    await app.userinfo(tokens);
    await app.revoke(tokens.access_token);
    await assert.rejects(app.userinfo(tokens), challenged('bearer', 'invalid_token'));
    assert.equal((await app.introspect(tokens.access_token)).active, false);
    await app.userinfo(await app.refresh(tokens));
    await app.revoke('what is none');
  });

  test('a refresh token ends with everything of its grant', async () => {
    const app = await Application.of(office, 'calendar', 'none');
    const tokens = await app.signIn(office.ada());
    await app.revoke(tokens.refresh_token);
    await assert.rejects(app.refresh(tokens), refused('invalid_grant'));
    await assert.rejects(app.userinfo(tokens), challenged('bearer', 'invalid_token'));
  });

  test('nobody ends the tokens of others', async () => {
    const [app, other] = [await Application.web(office, 'practice'), await Application.of(office, 'calendar', 'none')];
    const tokens = await app.signIn(office.ada());
    await assert.rejects(other.revoke(tokens.access_token), refused('invalid_grant'));
    await app.userinfo(tokens);
  });
});

describe('devices', () => {
  const screen = () => Application.of(office, 'screen', 'none');

  test('a person allows one', async () => {
    const app = await screen();
    const begun = await app.beginDevice({ scope: 'openid profile' });
    assert.deepEqual([begun.interval, begun.expires_in], [5, 600]);
    assert.equal(begun.verification_uri_complete, `${begun.verification_uri}?user_code=${begun.user_code}`);
    assert.match(await office.ada().decideAbout(begun, 'allow'), /The device is connected/);
    const tokens = await app.pollDevice(begun);
    assert.deepEqual([tokens.claims.aud, tokens.scope], ['screen', 'openid profile']);
    assert.equal((await app.userinfo(tokens)).given_name, ADA.givenName);
    assert.equal((await app.refresh(tokens)).claims.sub, tokens.claims.sub);
  });

  test('until then it waits, and may not ask too often', async () => {
    const app = await screen();
    const begun = await app.beginDevice({ scope: 'openid' });
    await assert.rejects(app.pollDevice(begun), refused('authorization_pending'));
    await assert.rejects(app.pollDevice(begun), refused('slow_down'));
  });

  test('a person denies one', async () => {
    const app = await screen();
    const begun = await app.beginDevice({ scope: 'openid' });
    assert.match(await office.ada().decideAbout(begun, 'deny'), /denied/);
    await assert.rejects(app.pollDevice(begun), refused('access_denied', 400));
    await assert.rejects(app.pollDevice({ device_code: 'made up' }), refused('invalid_grant'));
  });

  test('other clients get no codes', async () => {
    const app = await Application.of(office, 'calendar', 'none');
    await assert.rejects(app.beginDevice({ scope: 'openid' }), refused('unauthorized_client'));
  });
});

describe('logging out', () => {
  test('an application logs its person out, and gets them back', async () => {
    const [app, ada] = [await Application.web(office, 'practice'), office.ada()];
    const tokens = await app.signIn(ada);
    const query = { id_token_hint: tokens.id_token, post_logout_redirect_uri: GOODBYE_URI, state: 'a b&c' };
    const back = await ada.logOut(`${app.as.end_session_endpoint}?${new URLSearchParams(query)}`);
    assert.deepEqual([`${back.origin}${back.pathname}`, back.searchParams.get('state')], [GOODBYE_URI, 'a b&c']);
    await assert.rejects(app.refresh(tokens), refused('invalid_grant'));
    await assert.rejects(app.userinfo(tokens), challenged('bearer', 'invalid_token'));
    await app.signIn(ada);
    assert.equal(ada.signIns, 2);
  });

  test('to an address that is not registered nobody is sent', async () => {
    const [app, ada] = [await Application.web(office, 'practice'), office.ada()];
    const { id_token } = await app.signIn(ada);
    const query = { id_token_hint: id_token, post_logout_redirect_uri: 'https://evil.example.org/' };
    await ada.isStoppedAt(`${app.as.end_session_endpoint}?${new URLSearchParams(query)}`);
    await app.signIn(ada);
    assert.equal(ada.signIns, 1, 'and nothing has happened');
  });
});

describe('a client of whom everything is required', () => {
  /** Pushes what it signs, proves its key with a nonce, and wants the answer signed. */
  const bank = async (alg) => {
    const app = await Application.of(pedantic, 'bank', 'private_key_jwt', { key: pedantic.keys[alg], alg: 'PS256' });
    return { app, DPoP: oauth.DPoP(app.client, (await Key.of(alg)).pair, named({ alg })) };
  };
  const twice = (attempt) => attempt().catch((error) => (oauth.isDPoPNonceError(error) ? attempt() : Promise.reject(error)));

  for (const alg of ALGS) {
    test(`signs in with all of it at once, in ${alg}`, async () => {
      const [{ app, DPoP }, ada] = [await bank(alg), pedantic.ada()];
      const visit = await app.begin({ response_mode: 'jwt', prompt: 'login' });
      const request = await app.sign(visit.parameters, pedantic.keys[alg]);
      const pushed = await twice(() => app.push({ request }, { DPoP }));
      const answer = await app.read(await ada.authorize(app.url(pushed)), visit);
      const tokens = await twice(() => app.redeem(answer, visit, { DPoP }));
      assert.deepEqual(claimsOf(tokens.access_token).cnf, { jkt: await DPoP.calculateThumbprint() });
      assert.equal((await twice(() => app.userinfo(tokens, { DPoP }))).email, ADA.email);
      const next = await twice(() => app.refresh(tokens, { DPoP }));
      assert.equal((await seenBy(pedantic.issuer, app.as, next, { DPoP })).sub, tokens.claims.sub);
      assert.deepEqual((await app.introspect(next.access_token, { signed: true })).cnf.jkt, await DPoP.calculateThumbprint());
      await app.revoke(next.refresh_token);
      await assert.rejects(app.refresh(next, { DPoP }), refused('invalid_grant'));
    });
  }

  test('a step that is left out is missed', async () => {
    const [{ app, DPoP }, ada] = [await bank('ES256'), pedantic.ada()];
    const visit = await app.begin();
    await assert.rejects(app.push(visit.parameters), refused('invalid_request_object'));
    const request = await app.sign(visit.parameters, pedantic.keys.ES256);
    const unpushed = await ada.authorize(app.url({ ...Object.fromEntries(visit.parameters), request }));
    await assert.rejects(app.read(unpushed, visit), answered('invalid_request'));
    const pushed = await twice(() => app.push({ request }, { DPoP }));
    const answer = await app.read(await ada.authorize(app.url(pushed)), visit);
    await assert.rejects(app.redeem(answer, visit), refused('invalid_dpop_proof'));
    assert.equal((await twice(() => app.redeem(answer, visit, { DPoP }))).token_type, 'dpop', 'the code was not spent');
  });
});

describe('an application that registers itself', () => {
  const metadata = { redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'private_key_jwt' };

  const register = async (said, initialAccessToken) => {
    const as = await discover(office);
    const response = await oauth.dynamicClientRegistrationRequest(as, said, { ...HTTP, initialAccessToken });
    return oauth.processDynamicClientRegistrationResponse(response);
  };

  test('with a token of the operator\'s, and signs somebody in by its own key', async () => {
    const key = office.keys.ES256;
    const jwks = { keys: [key.public] };
    const token = await office.provider.registrationToken();
    const registered = await register({ ...metadata, jwks, client_name: 'A registered one' }, token);
    assert.equal(registered.client_name, 'A registered one');
    assert.equal(registered.client_secret, undefined);
    const app = await Application.of(office, registered.client_id, 'private_key_jwt', { key, alg: registered.id_token_signed_response_alg });
    const tokens = await app.signIn(office.ada());
    assert.equal(tokens.claims.aud, registered.client_id);
    await assert.rejects(register({ ...metadata, jwks }, token), (error) => error.status === 401, 'the token is used up');
  });

  test('not without one, and not with what can not be', async () => {
    await assert.rejects(register(metadata), (error) => error.status === 401);
    const token = await office.provider.registrationToken();
    await assert.rejects(
      register({ ...metadata, redirect_uris: ['https://a.example/cb#x'] }, token),
      (error) => error.error === 'invalid_redirect_uri',
    );
  });
});
