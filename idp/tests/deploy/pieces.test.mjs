// The scripts and the proxy's file that deployments are made of, each by itself.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { clear, furnish } from '../browser/processes.mjs';
import { ROOT } from './files.mjs';

const BINARIES = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug');
const PATH = `${process.env.PATH}:/usr/sbin`;

async function folder(t) {
  const made = await furnish('portico-pieces-');
  t.after(() => clear(made));
  return made;
}

function prepare(directory) {
  mkdirSync(directory, { recursive: true });
  execFileSync(join(ROOT, 'config/cluster/prepare'), [directory], {
    env: {
      PATH,
      PORTICO_DATABASE: 'database:5432',
      PORTICO_REDIS: 'redis:6379',
      PORTICO_CLINIC_URL: 'http://localhost:8090',
    },
  });
  const files = readdirSync(directory, { recursive: true }).filter((name) => statSync(join(directory, name)).isFile());
  const hash = (name) => createHash('sha256').update(readFileSync(join(directory, name))).digest('hex');
  return new Map(files.sort().map((name) => [name, hash(name)]));
}

const SECRETS = ['node/master-key', 'database/password', 'database/superuser-password', 'redis/password', 'clinic/secret'];

test('S8: secrets are made once, for each installation anew, and are for their owner alone', async (t) => {
  const directory = await folder(t);
  const [first, second] = [join(directory, 'first'), join(directory, 'second')];
  const made = prepare(first);
  assert.deepEqual(prepare(first), made, 'the second time nothing changes');
  const others = prepare(second);
  const values = SECRETS.flatMap((name) => [made.get(name), others.get(name)]);
  assert.equal(new Set(values).size, 2 * SECRETS.length, 'no two are the same');
  assert.match(readFileSync(join(first, 'node/master-key'), 'utf8'), /^[\w-]{43}$/);
  for (const name of readdirSync(first, { recursive: true }).filter((name) => name !== 'ca.pem')) {
    assert.equal(statSync(join(first, name)).mode & 0o077, 0, name);
  }
});

test('a certificate is renewed before it ends, by the same authority', async (t) => {
  const directory = await folder(t);
  const made = prepare(directory);
  const place = (name) => join(directory, name);
  // One with ten days left in its place.
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '10'],
    ...['-subj', '/CN=localhost', '-keyout', place('proxy/key.pem'), '-out', place('proxy/certificate.pem')],
  ], { stdio: 'ignore' });
  const renewed = prepare(directory);
  assert.equal(renewed.get('authority/ca.pem'), made.get('authority/ca.pem'));
  assert.equal(renewed.get('mail/certificate.pem'), made.get('mail/certificate.pem'));
  execFileSync('openssl', ['verify', '-verify_hostname', 'localhost', '-CAfile', place('ca.pem'), place('proxy/login.pem')]);
  execFileSync('openssl', ['x509', '-checkend', String(60 * 86400), '-noout', '-in', place('proxy/login.pem')]);
});

test("the proxy's file is right for one to four nodes, and for nothing less", async (t) => {
  const directory = await folder(t);
  prepare(directory);
  for (const count of [0, 1, 2, 3, 4]) {
    const nodes = Array.from({ length: count }, (_, index) => [`PORTICO_NODE_${index + 1}`, `127.0.0.1:${9000 + index}`]);
    const { status, stderr, stdout } = spawnSync('haproxy', ['-c', '-f', join(ROOT, 'config/cluster/haproxy.cfg')], {
      encoding: 'utf8',
      env: {
        PATH,
        PORTICO_PROXY_BIND: '127.0.0.1:8443',
        PORTICO_PROXY_HEALTH: '127.0.0.1:8404',
        PORTICO_PROXY_CERTIFICATE: join(directory, 'proxy/login.pem'),
        ...Object.fromEntries(nodes),
      },
    });
    assert.equal(status === 0, count > 0, `${count} nodes: ${stderr}`);
    assert.doesNotMatch(`${stderr}${stdout}`, /WARNING/, `${count} nodes`);
  }
});

test('S32: the program is built so that a mistake in it is hard to use, and what is not is found', async (t) => {
  const hardened = (program) => spawnSync(join(ROOT, 'scripts/hardened'), [program], { encoding: 'utf8', env: { PATH } });
  const ours = hardened(join(BINARIES, 'idp'));
  assert.equal(ours.status, 0, ours.stderr);
  const directory = await folder(t);
  writeFileSync(join(directory, 'soft.c'), 'int main(void) { return 0; }\n');
  const soft = ['-no-pie', '-z', 'execstack', '-z', 'norelro', '-z', 'lazy'];
  execFileSync('cc', [...soft, '-o', join(directory, 'soft'), join(directory, 'soft.c')], { stdio: 'ignore' });
  const theirs = hardened(join(directory, 'soft'));
  assert.equal(theirs.status, 1);
  assert.deepEqual(theirs.stderr.match(/WRONG/g).length, 4, theirs.stderr);
});
