// What stands in a token, read without the libraries that are tested here.

import { createHash } from 'node:crypto';

/** One part of a JWT, unverified: 0 is the header, 1 the claims. */
function part(token, index) {
  return JSON.parse(Buffer.from(token.split('.')[index], 'base64url').toString());
}

export const headerOf = (token) => part(token, 0);
export const claimsOf = (token) => part(token, 1);

/** OIDC Core §3.1.3.6: the left half of the hash that belongs to the algorithm of the ID token. */
export function atHash(alg, accessToken) {
  const hash = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256').update(accessToken).digest();
  return hash.subarray(0, hash.length / 2).toString('base64url');
}

/** The same claims with another signature. */
export function forged(token) {
  const signature = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
  signature[10] ^= 1;
  return `${token.slice(0, token.lastIndexOf('.'))}.${signature.toString('base64url')}`;
}
