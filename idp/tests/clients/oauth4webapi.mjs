// An application whose whole protocol is oauth4webapi, as strict as that library can be made.

import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { ALGS } from './keys.mjs';
import { REDIRECT_URI, SECRET, WEB_CLIENTS } from './office.mjs';
import { atHash, headerOf } from './reading.mjs';

/** The provider of the tests has no TLS. */
export const HTTP = { [oauth.allowInsecureRequests]: true };
export const MAX_AGE = 300;

export async function discover({ issuer }, algorithm = 'oidc') {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { ...HTTP, algorithm }));
}

/** The library names Ed25519 keys by RFC 9864; the provider's metadata name them by RFC 8037. */
export const named = ({ alg }) => ({ [oauth.modifyAssertion]: (header) => (header.alg = alg) });

/** How a client proves who it is, by method. */
export const AUTHENTICATION = {
  none: () => oauth.None(),
  client_secret_basic: ({ secret }) => oauth.ClientSecretBasic(secret),
  client_secret_post: ({ secret }) => oauth.ClientSecretPost(secret),
  client_secret_jwt: ({ secret }) => oauth.ClientSecretJwt(secret),
  private_key_jwt: ({ key }) => oauth.PrivateKeyJwt(key.private, named(key)),
};

export class Application {
  static async of(office, id, method, { secret = SECRET, key = office.keys.ES256, ...metadata } = {}) {
    const authentication = AUTHENTICATION[method]({ secret, key });
    return new Application(await discover(office), { client_id: id, ...metadata }, authentication);
  }

  /** One of the clients that has people and a server. */
  static async web(office, id, options) {
    const { method, alg } = WEB_CLIENTS[id];
    return Application.of(office, id, method, { alg, ...options });
  }

  constructor(as, { alg = 'ES256', ...metadata }, authentication) {
    this.as = as;
    this.authentication = authentication;
    this.client = {
      id_token_signed_response_alg: alg,
      authorization_signed_response_alg: alg,
      require_auth_time: true,
      [oauth.clockTolerance]: 0,
      ...metadata,
    };
  }

  get #who() {
    return [this.as, this.client, this.authentication];
  }

  /** A visit of somebody who is to sign in: what is asked for, and what has to come back. */
  async begin(more = {}) {
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
    const parameters = new URLSearchParams({
      client_id: this.client.client_id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid profile email',
      state,
      nonce,
      max_age: String(MAX_AGE),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    });
    return { verifier, state, nonce, parameters };
  }

  url(parameters) {
    return new URL(`${this.as.authorization_endpoint}?${new URLSearchParams(parameters)}`);
  }

  sign(parameters, key) {
    return oauth.issueRequestObject(this.as, this.client, parameters, key.private, named(key));
  }

  /** RFC 9126. @returns what to send the person with */
  async push(parameters, options) {
    const response = await oauth.pushedAuthorizationRequest(...this.#who, parameters, { ...HTTP, ...options });
    const { request_uri } = await oauth.processPushedAuthorizationResponse(this.as, this.client, response);
    return { client_id: this.client.client_id, request_uri };
  }

  /** The answer to an authorization request, judged. */
  async read(received, { state }) {
    const form = received.method === 'POST' ? await oauth.formPostResponse(received) : new URL(received.url).search;
    const parameters = new URLSearchParams(form);
    return parameters.has('response')
      ? oauth.validateJwtAuthResponse(this.as, this.client, parameters, state, HTTP)
      : oauth.validateAuthResponse(this.as, this.client, parameters, state);
  }

  /** The tokens for a code, with everything checked that OIDC Core §3.1.3.7 names. */
  async redeem(answer, { verifier, nonce }, options) {
    const response = await oauth.authorizationCodeGrantRequest(...this.#who, answer, REDIRECT_URI, verifier, { ...HTTP, ...options });
    const expected = { expectedNonce: nonce, maxAge: MAX_AGE, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(this.as, this.client, response, expected);
    return this.#withClaims(response, tokens);
  }

  /** The whole way: asks, sends the person, reads the answer, redeems the code. */
  async signIn(person, more, options) {
    const visit = await this.begin(more);
    return this.redeem(await this.read(await person.authorize(this.url(visit.parameters)), visit), visit, options);
  }

  async refresh({ refresh_token }, options) {
    const response = await oauth.refreshTokenGrantRequest(...this.#who, refresh_token, { ...HTTP, ...options });
    return this.#withClaims(response, await oauth.processRefreshTokenResponse(this.as, this.client, response));
  }

  /** Tokens for the client itself. */
  async ownTokens(parameters, options) {
    const response = await oauth.clientCredentialsGrantRequest(...this.#who, parameters, { ...HTTP, ...options });
    return oauth.processClientCredentialsResponse(this.as, this.client, response);
  }

  /** RFC 8628 §3.2 */
  async beginDevice(parameters) {
    const response = await oauth.deviceAuthorizationRequest(...this.#who, parameters, HTTP);
    return oauth.processDeviceAuthorizationResponse(this.as, this.client, response);
  }

  /** RFC 8628 §3.4 */
  async pollDevice({ device_code }) {
    const response = await oauth.deviceCodeGrantRequest(...this.#who, device_code, HTTP);
    return this.#withClaims(response, await oauth.processDeviceCodeResponse(this.as, this.client, response));
  }

  async userinfo({ access_token, claims }, options) {
    const response = await oauth.userInfoRequest(this.as, this.client, access_token, { ...HTTP, ...options });
    return oauth.processUserInfoResponse(this.as, this.client, claims.sub, response);
  }

  async introspect(token, { signed = false } = {}) {
    const client = signed ? { ...this.client, introspection_signed_response_alg: this.client.id_token_signed_response_alg } : this.client;
    const response = await oauth.introspectionRequest(this.as, client, this.authentication, token, HTTP);
    const known = await oauth.processIntrospectionResponse(this.as, client, response);
    // Throws for an answer that is not signed.
    if (signed) await oauth.validateApplicationLevelSignature(this.as, response, HTTP);
    return known;
  }

  async revoke(token) {
    await oauth.processRevocationResponse(await oauth.revocationRequest(...this.#who, token, HTTP));
  }

  /** The signature, and the hash that the library does not look at. */
  async #withClaims(response, tokens) {
    await oauth.validateApplicationLevelSignature(this.as, response, HTTP);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    assert.equal(claims.at_hash, atHash(this.client.id_token_signed_response_alg, tokens.access_token));
    return { ...tokens, claims };
  }
}

/** An API as it sees a request with this token: verified by the keys of the provider alone (RFC 9068 §4). */
export async function seenBy(api, as, { access_token }, options = {}) {
  let request;
  const receive = async (url, init) => {
    request = new Request(url, init);
    return new Response();
  };
  const sending = { DPoP: options.DPoP, [oauth.customFetch]: receive };
  const address = new URL(api.startsWith('https:') ? `${api}/today` : 'https://letters.example.org/');
  await oauth.protectedResourceRequest(access_token, 'GET', address, undefined, undefined, sending);
  assert.equal(headerOf(access_token).alg, 'ES256');
  const strict = { ...HTTP, signingAlgorithms: ALGS, requireDPoP: options.DPoP !== undefined };
  return oauth.validateJwtAccessToken(as, request, api, strict);
}

// What went wrong, for assert.rejects.

/** RFC 6749 §5.2 */
export const refused = (error, status = 400) => (thrown) => {
  assert.ok(thrown instanceof oauth.ResponseBodyError, thrown);
  assert.deepEqual([thrown.error, thrown.status], [error, status]);
  return true;
};

/** RFC 6750 §3, RFC 9449 §7.1, RFC 7235 §4.1 */
export const challenged = (scheme, error) => (thrown) => {
  assert.ok(thrown instanceof oauth.WWWAuthenticateChallengeError, thrown);
  assert.equal(thrown.status, 401);
  assert.deepEqual(thrown.cause.map((challenge) => [challenge.scheme, challenge.parameters.error]), [[scheme, error]]);
  return true;
};

/** RFC 6749 §4.1.2.1 */
export const answered = (error) => (thrown) => {
  assert.ok(thrown instanceof oauth.AuthorizationResponseError, thrown);
  assert.equal(thrown.error, error);
  return true;
};

/** Something that the library itself found. */
export const found = (code, words) => (thrown) => {
  assert.ok(thrown instanceof oauth.OperationProcessingError, thrown);
  assert.equal(thrown.code, code);
  assert.match(thrown.message, words);
  return true;
};
