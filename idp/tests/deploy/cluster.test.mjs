// Several nodes for real, behind the proxy that comes with them: signing in goes on whatever happens to one of them, and
// nothing is left when it ends.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Operator } from '../browser/actors.mjs';
import { Browser } from '../browser/browser.mjs';
import { Device } from '../browser/device.mjs';
import { clear, furnish } from '../browser/processes.mjs';
import { Cluster } from './cluster.mjs';

let browser;
before(async () => (browser = await Browser.start()));
after(() => browser?.close());

/** Until it holds, or half a minute is over. */
async function eventually(what, check) {
  for (const deadline = Date.now() + 30_000; ; await pause(100)) {
    if (await check()) return;
    assert.ok(Date.now() < deadline, what);
  }
}

/** The proxy's certificate is of an authority that this browser does not know. */
const device = (more = {}) => Device.unpack(browser, { ignoreHTTPSErrors: true, ...more });

async function logsInAtTheClinic(person) {
  await person.startAtTheClinic();
  await person.touching(async () => {
    await person.press('Log in with a passkey');
    await person.isAtWork();
  });
}

test('people sign in through the proxy, and go on when a node is killed', { timeout: 240_000 }, async (t) => {
  const cluster = await Cluster.open();
  t.after(() => cluster.kill('SIGKILL'));
  const { url, data, nodes } = cluster;
  assert.equal(nodes.length, 2);
  // What a visitor writes about where they are is worth nothing (G7).
  const liar = await device({ extraHTTPHeaders: { 'X-Forwarded-For': '203.0.113.7' } });
  const olga = new Operator(cluster, liar);
  await olga.setUp();
  await olga.goTo('/account/activity');
  await olga.sees('127.0.0.1');
  assert.equal(await olga.page.getByText('203.0.113.7').count(), 0);
  await liar.context.setExtraHTTPHeaders({});
  await olga.startAtTheClinic();
  await olga.isAtWork();
  await eventually('a mail about the passkey', () => cluster.mail(olga.email, 'A passkey was added'));

  // The proxy has not looked since: what it sends to the node that is gone has to go to the other one.
  process.kill(nodes[0][1], 'SIGKILL');
  for (let turn = 0; turn < 4; turn += 1) {
    await olga.press('Refresh tokens');
    await olga.sees(`Tokens refreshed ${turn + 1} times.`);
  }
  await olga.press('Log out');
  await olga.page.waitForURL(`${cluster.clinic}/`);
  await logsInAtTheClinic(olga);

  await eventually('the node is there again', () => cluster.nodes.length === 3);
  const [number, replacement] = cluster.nodes[2];
  assert.equal(number, nodes[0][0]);
  // Asked to stop, it still serves until the proxy has noticed.
  process.kill(nodes[1][1], 'SIGTERM');
  const answers = [];
  for (let turn = 0; turn < 60; turn += 1) {
    answers.push((await olga.page.request.get(`${url}/livez`)).status());
    await pause(100);
  }
  assert.deepEqual(new Set(answers), new Set([200]));
  assert.ok(cluster.processes.includes(String(replacement)));
  assert.deepEqual(liar.complaints, []);
  await liar.close();

  cluster.kill('SIGTERM');
  assert.equal(await cluster.ended(), 0, cluster.said);
  assert.deepEqual(cluster.processes, [], 'something still runs');
  assert.equal(existsSync(data), false, 'what was not to be kept is gone');
});

test('what is kept is there the next time, even after a power cut', { timeout: 240_000 }, async (t) => {
  const folder = await furnish('portico-cluster-test-');
  t.after(() => clear(folder));
  // PostgreSQL runs as a user of its own, who has to come by.
  await chmod(folder, 0o711);
  const data = join(folder, 'data');
  const first = await Cluster.open('--data', data, '--nodes', '1');
  t.after(() => first.kill('SIGKILL'));
  const { url, clinic } = first;
  const tablet = await device();
  const olga = new Operator(first, tablet);
  await olga.setUp();
  first.kill('SIGKILL');
  await first.ended();
  await eventually('everything ends with the script', () => first.processes.length === 0);

  const second = await Cluster.open('--data', data, '--nodes', '3');
  t.after(() => second.kill('SIGKILL'));
  assert.deepEqual([second.url, second.clinic, second.nodes.length], [url, clinic, 3]);
  assert.match(second.said, /^Ready: /m);
  // Still logged in: nobody notices more than a break.
  await olga.startAtTheClinic();
  await olga.isAtWork();
  await tablet.close();
  second.kill('SIGINT');
  assert.equal(await second.ended(), 0, second.said);
  assert.deepEqual(second.processes, [], 'something still runs');
});
