// Portico with Authlib for Python: runs authlib_test.py, sends people where it wants them, and hands on what
// it reports.

import { after, before, test } from 'node:test';
import { ALGS } from './keys.mjs';
import { ADA, LETTERS, Office, PLAIN_SECRET, REDIRECT_URI, SECRET, SLOTS } from './office.mjs';
import { runPython } from './python.mjs';

let office;
before(async () => (office = await Office.open()));
after(() => office?.close());

test('Authlib', async (t) =>
  runPython(t, 'authlib_test.py', {
    whereabouts: await whereabouts(),
    send: (url) => office.ada().authorize(url),
    // Says that it may do without TLS.
    environment: { AUTHLIB_INSECURE_TRANSPORT: '1' },
    // The library would rather say Ed25519 (RFC 9864); the provider's metadata say EdDSA (RFC 8037).
    warnings: ['error::DeprecationWarning', 'ignore:EdDSA'],
  }));

async function whereabouts() {
  const keys = await Promise.all(ALGS.map(async (alg) => [alg, await office.keys[alg].pem()]));
  return {
    issuer: office.issuer,
    email: ADA.email,
    secret: SECRET,
    plain_secret: PLAIN_SECRET,
    redirect_uri: REDIRECT_URI,
    slots: SLOTS,
    letters: LETTERS,
    keys: Object.fromEntries(keys),
  };
}
