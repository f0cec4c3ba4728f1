// A provider of a test's own as a child process: a free port of this machine, a configuration, and data that
// is gone afterwards. Knows nothing of OpenID Connect.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../browser/patience.mjs';
import { answers, clear, freePorts, furnish, run, stop } from '../browser/processes.mjs';

const PATIENCE = 20_000;

export class Provider {
  log = '';

  /**
   * @param settings TOML for the top of the file, tables of its own included
   * @param write (directory, issuer) => TOML of the clients, after it has put their files there
   */
  static async open(settings, write) {
    // A port that was free a moment ago may be taken by now.
    for (let attempt = 1; ; attempt += 1) {
      const [port] = await freePorts(1);
      const provider = new Provider(await furnish('portico-clients-'), port);
      try {
        await provider.#start(settings, await write(provider.directory, provider.issuer));
        return provider;
      } catch (error) {
        await provider.close();
        if (attempt === 3) throw error;
      }
    }
  }

  constructor(directory, port) {
    this.directory = directory;
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
    this.service = this.#run(['serve']);
    await answers(this.service, `${this.issuer}/readyz`);
  }

  get #file() {
    return join(this.directory, 'portico.toml');
  }

  #run(args) {
    return run('idp', ['--config', this.#file, ...args], { hear: (chunk) => (this.log += chunk) });
  }

  /** A token with which one application may register itself, as its operator hands it out. */
  async registrationToken() {
    const { output } = await this.#command(['client', 'registration-token', 'create', '--note', 'a test', '--json']);
    return JSON.parse(output.trim().split('\n').at(-1)).token;
  }

  async #command(args, input = '') {
    const command = this.#run(args);
    command.child.stdin.end(input);
    const said = `idp ${args.join(' ')}`;
    const code = await within(PATIENCE, said, command.ended);
    if (code !== 0) throw new Error(`${said} ended with ${code}:\n${this.log}`);
    return command;
  }

  async makeAccount({ email, givenName, familyName, password }) {
    const names = ['--email', email, '--given-name', givenName, '--family-name', familyName];
    await this.#command(['user', 'create', ...names, '--password-stdin'], password);
  }

  async close() {
    if (this.service) await stop(this.service);
    await clear(this.directory);
  }
}
