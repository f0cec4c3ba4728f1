// The proxy's file with nodes that are none of ours: what it sends to whom, and what it never sends twice.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { answers, clear, freePorts, furnish, run, stop } from '../browser/processes.mjs';
import { ROOT } from './files.mjs';

/** Says that it is ready; what it does with anything else is up to the test. */
async function node(t, port, behave) {
  const heard = [];
  const server = createServer((asked, answer) => {
    if (asked.url === '/readyz') return answer.end('{"ready":true}');
    heard.push({ method: asked.method, headers: asked.headers });
    return behave(asked, answer);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return heard;
}

async function proxy(t, behaviours) {
  const directory = await furnish('portico-proxy-');
  const [port, health, ...ports] = await freePorts(2 + behaviours.length);
  const places = { PORTICO_DATABASE: 'd:1', PORTICO_REDIS: 'r:1', PORTICO_CLINIC_URL: 'http://localhost' };
  execFileSync(join(ROOT, 'config/cluster/prepare'), [directory], { env: { PATH: process.env.PATH, ...places } });
  const heard = await Promise.all(behaviours.map((behave, index) => node(t, ports[index], behave)));
  const nodes = ports.map((port, index) => [`PORTICO_NODE_${index + 1}`, `127.0.0.1:${port}`]);
  const service = run('/usr/bin/env', ['haproxy', '-db', '-f', join(ROOT, 'config/cluster/haproxy.cfg')], {
    environment: {
      PATH: `${process.env.PATH}:/usr/sbin`,
      PORTICO_PROXY_BIND: `127.0.0.1:${port}`,
      PORTICO_PROXY_HEALTH: `127.0.0.1:${health}`,
      PORTICO_PROXY_CERTIFICATE: join(directory, 'proxy/login.pem'),
      ...Object.fromEntries(nodes),
    },
  });
  t.after(async () => {
    await stop(service);
    await clear(directory);
  });
  await answers(service, `http://127.0.0.1:${health}/`);
  // It takes nodes for ready until it has looked.
  await pause(1500);
  const ca = readFileSync(join(directory, 'ca.pem'));
  const ask = (method, { path = '/', headers = {} } = {}) => new Promise((done, fail) => {
    const asked = request({ host: 'localhost', port, method, path, headers, ca, agent: false }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode));
    });
    asked.on('error', fail).end(method === 'POST' ? 'a=b' : undefined);
  });
  return { ask, heard, service };
}

const hangsUp = (asked) => asked.socket.destroy();
const serves = (asked, answer) => answer.end('here');

test('what a node did not answer is asked elsewhere if it changes nothing, and else never sent twice', async (t) => {
  const { ask, heard } = await proxy(t, [hangsUp, serves]);
  for (let turn = 0; turn < 6; turn += 1) assert.equal(await ask('GET'), 200);
  const asked = heard.flat().filter(({ method }) => method === 'GET').length;
  assert.ok(asked > 6, 'the first node was asked too');
  const told = [];
  for (let turn = 0; turn < 6; turn += 1) told.push(await ask('POST'));
  assert.ok(told.includes(502) && told.includes(200), String(told));
  assert.equal(heard.flat().filter(({ method }) => method === 'POST').length, 6);
});

test('G7: a visitor’s own word about where they are, and about a certificate, does not reach a node', async (t) => {
  const { ask, heard, service } = await proxy(t, [serves]);
  const lies = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'X-Forwarded-For': '203.0.113.7', 'Client-Cert': ':bGll:', client_cert: 'lie', Cookie: 'kept=1' };
  assert.equal(await ask('GET', { path: '/here?token=kept-to-ourselves', headers: lies }), 200);
  const [{ headers }] = heard[0];
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.deepEqual([headers['client-cert'], headers.client_cert, headers.traceparent], [undefined, undefined, undefined]);
  assert.equal(headers.cookie, 'kept=1');
  await pause(100);
  assert.match(service.output, /GET \/here 200/);
  assert.doesNotMatch(service.output, /kept-to-ourselves|127\.0\.0\.1/, 'its log has no query and no address');
});

test('T17: more head than a node takes is refused', async (t) => {
  const { ask, heard } = await proxy(t, [serves]);
  assert.ok((await ask('GET', { headers: { 'X-Long': 'x'.repeat(20_000) } })) >= 400);
  const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`X-Many-${index}`, '1']));
  assert.ok((await ask('GET', { headers: many })) >= 400);
  assert.deepEqual(heard[0], []);
});
