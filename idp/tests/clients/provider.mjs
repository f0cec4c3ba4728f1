// A provider of a test's own as a child process: a free port of this machine, a configuration, and data that
// is gone afterwards. Knows nothing of OpenID Connect.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { within } from '../browser/patience.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAM = join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug'), 'idp');
const PATIENCE = 20_000;

/** An interrupted run leaves nothing behind either: no process that listens, no data. */
const running = new Set();
const furnished = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const directory of furnished) rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

export class Provider {
  log = '';

  /**
   * @param settings TOML for the top of the file, tables of its own included
   * @param write (directory) => TOML of the clients, after it has put their files there
   */
  static async open(settings, write) {
    // A port that was free a moment ago may be taken by now.
    for (let attempt = 1; ; attempt += 1) {
      const provider = new Provider(await mkdtemp(join(tmpdir(), 'portico-clients-')), await freePort());
      try {
        await provider.#start(settings, await write(provider.directory));
        return provider;
      } catch (error) {
        await provider.close();
        if (attempt === 3) throw error;
      }
    }
  }

  constructor(directory, port) {
    this.directory = directory;
    furnished.add(directory);
    this.port = port;
    this.issuer = `http://localhost:${port}`;
  }

  async #start(settings, clients) {
    const configuration = `
      public_url = "${this.issuer}"
      data_dir = "${join(this.directory, 'data')}"
      [http]
      listen = "127.0.0.1:${this.port}"
      shutdown_grace_seconds = 1
      ${settings}
      ${clients}
    `;
    await writeFile(this.#file, configuration, { mode: 0o600 });
    this.service = this.#spawn(['serve']);
    await this.#answers(`${this.issuer}/readyz`);
  }

  get #file() {
    return join(this.directory, 'portico.toml');
  }

  #spawn(args) {
    // Settings in the environment of whoever runs the tests must not reach the provider.
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8' };
    const child = spawn(PROGRAM, ['--config', this.#file, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(child);
    const ended = new Promise((resolve) => {
      const end = (code) => {
        running.delete(child);
        resolve(code);
      };
      child.once('error', (error) => {
        this.log += `${PROGRAM} does not start: ${error.message}\n`;
        end(-1);
      });
      child.once('close', end);
    });
    // A command that has ended already reads nothing; its exit code says why.
    child.stdin.on('error', () => {});
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => (this.log += chunk));
    }
    return { child, ended };
  }

  async #answers(url) {
    const deadline = Date.now() + PATIENCE;
    let over = false;
    this.service.ended.then(() => (over = true));
    while (!over && Date.now() < deadline) {
      try {
        if ((await fetch(url)).ok) return;
      } catch {
        // Not listening yet.
      }
      await pause(25);
    }
    throw new Error(`${url} does not answer. The provider said:\n${this.log}`);
  }

  async makeAccount({ email, givenName, familyName, password }) {
    const names = ['--email', email, '--given-name', givenName, '--family-name', familyName];
    const { child, ended } = this.#spawn(['user', 'create', ...names, '--password-stdin']);
    child.stdin.end(password);
    const code = await within(PATIENCE, 'idp user create', ended);
    if (code !== 0) throw new Error(`idp user create ended with ${code}:\n${this.log}`);
  }

  async close() {
    if (this.service) {
      const { child, ended } = this.service;
      child.kill('SIGTERM');
      const stopped = await Promise.race([ended.then(() => true), pause(5000, false, { ref: false })]);
      if (!stopped) child.kill('SIGKILL');
      await within(PATIENCE, 'the provider is stopped', ended);
    }
    await rm(this.directory, { recursive: true, force: true });
    furnished.delete(this.directory);
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
