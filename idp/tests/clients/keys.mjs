// Keys of applications. The provider is given the public halves.

import { createHash, webcrypto } from 'node:crypto';

const { subtle } = webcrypto;
const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
const ALGORITHMS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', ...RSA },
  PS256: { name: 'RSA-PSS', ...RSA },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
};

/** All algorithms that the provider takes from applications. */
export const ALGS = Object.keys(ALGORITHMS);

export class Key {
  /** @param kid a name under which the provider knows the key */
  static async of(alg, kid = alg.toLowerCase()) {
    const pair = await subtle.generateKey(ALGORITHMS[alg], true, ['sign', 'verify']);
    const { ext, key_ops, ...jwk } = await subtle.exportKey('jwk', pair.publicKey);
    return new Key(alg, kid, pair, jwk);
  }

  constructor(alg, kid, pair, jwk) {
    Object.assign(this, { alg, kid, pair });
    /** As it stands in a set of keys. */
    this.public = { ...jwk, kid, alg, use: 'sig' };
  }

  /** As both libraries take it. */
  get private() {
    return { key: this.pair.privateKey, kid: this.kid };
  }

  /** With its private half, as a JWK. */
  async jwk() {
    const { ext, key_ops, ...jwk } = await subtle.exportKey('jwk', this.pair.privateKey);
    return { ...jwk, kid: this.kid, alg: this.alg, use: 'sig' };
  }

  /** RFC 7638 §3: the members that make the key, in the order of their names. */
  get thumbprint() {
    const names = { EC: ['crv', 'kty', 'x', 'y'], OKP: ['crv', 'kty', 'x'], RSA: ['e', 'kty', 'n'] };
    const members = names[this.public.kty].map((name) => [name, this.public[name]]);
    return createHash('sha256').update(JSON.stringify(Object.fromEntries(members))).digest('base64url');
  }

  async pem() {
    const der = Buffer.from(await subtle.exportKey('pkcs8', this.pair.privateKey)).toString('base64');
    return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g).join('\n')}\n-----END PRIVATE KEY-----\n`;
  }
}

/** One key of every algorithm. */
export async function keyRing() {
  const keys = await Promise.all(ALGS.map((alg) => Key.of(alg)));
  return Object.fromEntries(keys.map((key) => [key.alg, key]));
}
