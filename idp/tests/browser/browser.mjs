// Chromium, started once for a test file: no network beyond this machine, nothing left over from
// another run.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { PATIENCE, within } from './patience.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

function installed() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!found) throw new Error('Chromium is missing. Install it, or name it in the variable CHROMIUM.');
  return found;
}

export class Browser {
  #server;
  #connection;

  /** How it ended, if nobody here ended it. */
  death = null;

  /** Playwright gives each start an empty profile folder and removes it at the end. */
  static async start() {
    // A server, though nobody else uses it: only servers can be killed when they do not end.
    const server = await chromium.launchServer({
      host: '127.0.0.1',
      executablePath: installed(),
      chromiumSandbox: false,
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Whatever a page may ask for elsewhere fails at once and shows up as a failed request.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
      ],
    });
    return new Browser(server, await chromium.connect(server.wsEndpoint()));
  }

  constructor(server, connection) {
    this.#server = server;
    this.#connection = connection;
    server.process().once('exit', (code, signal) => {
      this.death = `Chromium ended by itself with ${signal ?? `code ${code}`}`;
    });
  }

  get isAlive() {
    return this.death === null && this.#connection.isConnected();
  }

  newContext(settings) {
    return within(PATIENCE, 'a new window', this.#connection.newContext(settings));
  }

  /** Ends it, and if it does not end, makes an end of it. */
  async close() {
    await within(PATIENCE, 'Chromium ends', this.#server.close()).catch(() => this.kill());
  }

  async kill() {
    await within(PATIENCE, 'Chromium is killed', this.#server.kill()).catch(() => {});
  }
}
