// Programs of ours as child processes, on free ports of this machine, with folders of their own. An interrupted
// run leaves nothing behind: no process that listens, no data. Knows neither browsers nor OpenID Connect.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { within } from './patience.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BINARIES = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug');
const PATIENCE = 20_000;

const running = new Set();
const furnished = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const directory of furnished) rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** An empty folder, gone at the latest when this process ends. */
export async function furnish(prefix) {
  const directory = await mkdtemp(join(tmpdir(), prefix));
  furnished.add(directory);
  return directory;
}

export async function clear(directory) {
  await rm(directory, { recursive: true, force: true });
  furnished.delete(directory);
}

/**
 * @param binary one of ours, or the path of another program
 * @param hear (chunk) is told what the program prints
 * @returns the process, all that it printed, and a promise of its exit code
 */
export function run(binary, args, { environment = {}, hear = () => {} } = {}) {
  // Settings in the environment of whoever runs the tests must not reach the provider.
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', ...environment };
  const child = spawn(resolve(BINARIES, binary), args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  const service = { child, output: '', ended: null };
  const keep = (chunk) => {
    service.output += chunk;
    hear(chunk);
  };
  service.ended = new Promise((done) => {
    const end = (code) => {
      running.delete(child);
      done(code);
    };
    child.once('error', (error) => {
      keep(`${binary} does not start: ${error.message}\n`);
      end(-1);
    });
    child.once('close', end);
  });
  // A command that has ended already reads nothing; its exit code says why.
  child.stdin.on('error', () => {});
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  return service;
}

/** Resolves once a program answers there. */
export async function answers(service, url) {
  const deadline = Date.now() + PATIENCE;
  let over = false;
  service.ended.then(() => (over = true));
  while (!over && Date.now() < deadline) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    await pause(25);
  }
  throw new Error(`${url} does not answer. The process said:\n${service.output}`);
}

/** Asks a program to end, and makes it end when it takes its time. */
export async function stop({ child, ended }) {
  child.kill('SIGTERM');
  const stopped = await Promise.race([ended.then(() => true), pause(5000, false, { ref: false })]);
  if (!stopped) child.kill('SIGKILL');
  await within(PATIENCE, 'a program is stopped', ended);
}

/** Free a moment ago; somebody may take them before they are used. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((done, fail) => {
      const server = createServer().once('error', fail);
      server.listen(0, '127.0.0.1', () => done(server));
    })),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
