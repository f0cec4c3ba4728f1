// Portico with idpyoidc for Python: runs idpyoidc_test.py.

import { after, before, test } from 'node:test';
import { ADA, Office, PLAIN_SECRET, REDIRECT_URI } from './office.mjs';
import { runPython } from './python.mjs';

let office;
before(async () => (office = await Office.open()));
after(() => office?.close());

test('idpyoidc', async (t) => {
  const whereabouts = {
    issuer: office.issuer,
    email: ADA.email,
    redirect_uri: REDIRECT_URI,
    plain_secret: PLAIN_SECRET,
    key: await office.keys.RS256.jwk(),
  };
  return runPython(t, 'idpyoidc_test.py', { whereabouts, send: (url) => office.ada().authorize(url) });
});
