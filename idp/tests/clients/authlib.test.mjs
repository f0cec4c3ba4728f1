// Portico with Authlib for Python: runs authlib_test.py, sends people where it wants them, and hands on what
// it reports.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ALGS } from './keys.mjs';
import { ADA, LETTERS, Office, PLAIN_SECRET, REDIRECT_URI, SECRET, SLOTS } from './office.mjs';

const PYTHON = fileURLToPath(new URL('.venv/bin/python', import.meta.url));
const TESTS = fileURLToPath(new URL('authlib_test.py', import.meta.url));

let office;
let child;
before(async () => (office = await Office.open()));
after(async () => {
  child?.kill();
  await office?.close();
});

test('Authlib', async (t) => {
  assert.ok(existsSync(PYTHON), 'Please run: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt');
  // Says that it may do without TLS, and writes nothing beside the tests.
  const env = { PATH: process.env.PATH, AUTHLIB_INSECURE_TRANSPORT: '1', PYTHONDONTWRITEBYTECODE: '1' };
  // The library would rather say Ed25519 (RFC 9864); the provider's metadata say EdDSA (RFC 8037).
  const warnings = ['-W', 'error::DeprecationWarning', '-W', 'ignore:EdDSA'];
  child = spawn(PYTHON, [...warnings, TESTS], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  child.stdin.on('error', () => {});
  const tell = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  tell(await whereabouts());
  let reported = 0;
  for await (const line of createInterface(child.stdout)) {
    const { authorize, test: name, error } = JSON.parse(line);
    if (authorize) {
      tell({ at: (await office.ada().authorize(authorize)).url });
    } else {
      reported += 1;
      await t.test(name, () => assert.ok(!error, error));
    }
  }
  assert.equal(await ended, 0);
  assert.ok(reported > 0, 'no test was reported');
});

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
