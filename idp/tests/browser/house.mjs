// The provider and the clinic example as child processes, on free ports of this machine, with data
// of their own that is gone afterwards. Knows nothing of browsers.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mailsIn } from './mailbox.mjs';
import { within } from './patience.mjs';
import { answers, clear, freePorts, furnish, run, stop } from './processes.mjs';

const PATIENCE = 20_000;
const SECRET = 'a-secret-of-the-browser-tests-and-of-nothing-else';

export class House {
  #services = [];

  static async open() {
    // A port that was free a moment ago may be taken by now.
    for (let attempt = 1; ; attempt += 1) {
      const house = new House(await furnish('portico-house-'), await freePorts(3));
      try {
        await house.#start();
        return house;
      } catch (error) {
        await house.close();
        if (attempt === 3) throw error;
      }
    }
  }

  constructor(directory, [provider, clinic, radiology]) {
    this.directory = directory;
    this.url = `http://localhost:${provider}`;
    this.clinic = `http://localhost:${clinic}`;
    /** Where an application answers that a test opens itself. */
    this.radiology = `http://localhost:${radiology}`;
    this.ports = { provider, clinic, radiology };
    this.log = '';
  }

  async #start() {
    await writeFile(this.#file, this.#configuration(), { mode: 0o600 });
    const provider = this.#spawn('idp', ['--config', this.#file, 'serve']);
    await answers(provider, `${this.url}/readyz`);
    const clinic = this.#spawn('examples/clinic', [], {
      CLINIC_LISTEN: `127.0.0.1:${this.ports.clinic}`,
      CLINIC_URL: this.clinic,
      CLINIC_ISSUER: this.url,
      CLINIC_CLIENT_ID: 'clinic',
      CLINIC_CLIENT_SECRET: SECRET,
    });
    await answers(clinic, this.clinic);
  }

  get #file() {
    return join(this.directory, 'portico.toml');
  }

  get #data() {
    return join(this.directory, 'data');
  }

  #configuration() {
    return `
      public_url = "${this.url}"
      data_dir = "${this.#data}"
      [sessions]
      check_session_iframe = true
      [sign_up]
      open = true
      [http]
      listen = "127.0.0.1:${this.ports.provider}"
      shutdown_grace_seconds = 1
      [[clients]]
      id = "clinic"
      name = "Lindenhof Clinic"
      type = "web"
      secret = "${SECRET}"
      redirect_uris = ["${this.clinic}/callback"]
      post_logout_redirect_uris = ["${this.clinic}/"]
      return_uris = ["${this.clinic}/"]
      initiate_login_uri = "https://clinic.example.org/start"
      policy_uri = "${this.clinic}/policy"
      tos_uri = "${this.clinic}/terms"
      id_token_alg = "ES256"
      [[clients]]
      id = "laboratory"
      name = "City Laboratory"
      type = "web"
      secret = "${SECRET}"
      redirect_uris = ["${this.clinic}/callback"]
      consent = "always"
      resources = ["https://samples.example.org"]
      authorization_details_types = ["sample"]
      [[clients]]
      id = "ward"
      name = "Ward Rounds"
      type = "web"
      secret = "${SECRET}"
      redirect_uris = ["${this.clinic}/callback"]
      scopes = ["openid", "organizations"]
      [[clients]]
      id = "radiology"
      name = "Radiology"
      type = "spa"
      redirect_uris = ["${this.radiology}/"]
      post_logout_redirect_uris = ["${this.radiology}/bye?tenant=a"]
      frontchannel_logout_uri = "${this.radiology}/log-out?tenant=a"
      [[clients]]
      id = "screen"
      name = "Waiting room"
      type = "device"
      [[clients]]
      id = "reception"
      name = "Reception desk"
      type = "device"
      auth_method = "client_secret_post"
      secret = "${SECRET}"
      grants = ["ciba"]
      [[authorization_types]]
      type = "sample"
      title = { en = "Order a laboratory test" }
      description = { en = "Once. The laboratory sends you the bill." }
      resources = ["https://samples.example.org"]
      words = { blood = { en = "blood" } }
      [[authorization_types.members]]
      name = "kind"
      kind = "list"
      values = ["blood"]
      label = { en = "Sample" }
      [[authorization_types.members]]
      name = "price"
      kind = "money"
      label = { en = "At most" }
      [[authorization_types.members]]
      name = "to"
      kind = "text"
      label = { en = "The result goes to" }
    `;
  }

  #spawn(binary, args, environment = {}) {
    const service = run(binary, args, { environment, hear: (chunk) => (this.log += chunk) });
    this.#services.push(service);
    return service;
  }

  /** The reception desk asks for somebody who is elsewhere. */
  async askFor(person, more = {}) {
    const client = { client_id: 'reception', client_secret: SECRET };
    const body = new URLSearchParams({ ...client, scope: 'openid profile', login_hint: person.email, ...more });
    await fetch(new URL('/oidc/backchannel_authentication', this.url), { method: 'POST', body });
    await person.getsMail('Reception desk asks for you');
  }

  /** What a device shows that asks for a person. */
  async deviceCode() {
    const body = new URLSearchParams({ client_id: 'screen', scope: 'openid profile' });
    const answer = await fetch(new URL('/oidc/device_authorization', this.url), { method: 'POST', body });
    return answer.json();
  }

  /** The link of the provider's first start, as its operator reads it from the terminal. */
  get setUpLink() {
    const link = /Set-up: (\S+)/.exec(this.log)?.[1];
    if (!link) throw new Error('the provider printed no set-up link');
    return link;
  }

  // What an operator does on the machine itself.

  /** @returns what the command said */
  async #command(args, input = '') {
    const command = this.#spawn('idp', ['--config', this.#file, ...args]);
    command.child.stdin.end(input);
    const said = `idp ${args.join(' ')}`;
    const code = await within(PATIENCE, said, command.ended).catch((error) => {
      throw new Error(`${error.message}; ${stateOf(command.child)}. It said: ${command.output}`);
    });
    if (code !== 0) throw new Error(`${said} ended with ${code}: ${command.output}`);
    return command.output;
  }

  async makeAccount({ email, givenName, familyName, password }) {
    const names = ['--email', email, '--given-name', givenName, '--family-name', familyName];
    await this.#command(['user', 'create', ...names, '--password-stdin'], password);
  }

  /** The link that is printed for somebody who is locked out. */
  async makeAccessLink({ email }, minutes = 15) {
    const said = await this.#command(['user', 'access-link', email, '--minutes', String(minutes)]);
    const link = /http\S+[?]token=\S+/.exec(said)?.[0];
    if (!link) throw new Error(`no link was printed: ${said}`);
    return link;
  }

  async resetPasskeys({ email }) {
    await this.#command(['user', 'reset-passkeys', email]);
  }

  async setPolicy({ email }, policy) {
    await this.#command(['user', 'policy', email, policy]);
  }

  /** Makes organizations by these names, and somebody a member of all of them. */
  async makeMember({ email }, ...names) {
    for (const name of names) {
      const slug = `o-${randomBytes(8).toString('hex')}`;
      await this.#command(['org', 'create', slug, '--name', name]);
      await this.#command(['org', 'add', slug, '--email', email, '--role', 'administrator']);
    }
  }

  /** A clinic with a role, reception. */
  async makeOrganization(policy) {
    const rules = ['--role', 'reception', '--policy', policy];
    await this.#command(['org', 'create', 'lindenhof', '--name', 'Lindenhof Clinic', ...rules]);
  }

  async invite({ email }, role) {
    await this.#command(['org', 'invite', 'lindenhof', '--email', email, '--role', role]);
  }

  async addMember({ email }, role) {
    await this.#command(['org', 'add', 'lindenhof', '--email', email, '--role', role]);
  }

  /** Who belongs to the clinic, as JSON. */
  members() {
    return this.#command(['org', 'show', 'lindenhof', '--json']);
  }

  /** The clinic's application once more, at the address of radiology, with what the console showed for it. */
  async openPractice({ id, secret }) {
    this.practice = this.#spawn('examples/clinic', [], {
      CLINIC_LISTEN: `127.0.0.1:${this.ports.radiology}`,
      CLINIC_URL: this.radiology,
      CLINIC_ISSUER: this.url,
      CLINIC_CLIENT_ID: id,
      CLINIC_CLIENT_SECRET: secret,
    });
    await answers(this.practice, this.radiology);
  }

  async closePractice() {
    await stop(this.practice);
  }

  /** Somebody who can write to the database makes a record say something else. */
  async changeRecord(kind) {
    const script = [
      'import sqlite3, sys',
      'db = sqlite3.connect(sys.argv[1], timeout=10)',
      "changed = db.execute('UPDATE audit_event SET at = at + 1 WHERE sequence = (SELECT max(sequence) FROM audit_event WHERE kind = ?)', sys.argv[2:])",
      'assert changed.rowcount == 1, "there is no such record"',
      'db.commit()',
    ].join('\n');
    const editor = run('/usr/bin/env', ['python3', '-c', script, join(this.#data, 'idp.db'), kind]);
    const code = await within(PATIENCE, 'a record is changed', editor.ended);
    if (code !== 0) throw new Error(`the record was not changed: ${editor.output}`);
  }

  /** Fails if somebody has changed what was recorded. */
  async verifyAuditTrail() {
    await this.#command(['audit', 'verify']);
  }

  /** The newest mail to an address under a subject, if it is there yet. */
  async mail(address, subject) {
    const mails = await mailsIn(join(this.#data, 'mail'));
    return mails.findLast((mail) => mail.to === address && mail.subject === subject);
  }

  /** The address an application sends people to. */
  authorizeUrl(parameters = {}) {
    const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'clinic',
      redirect_uri: `${this.clinic}/callback`,
      scope: 'openid profile email',
      state: 'a-state',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...parameters,
    });
    return `${this.url}/oidc/authorize?${query}`;
  }

  async close() {
    for (const service of this.#services) await stop(service);
    await clear(this.directory);
  }
}

/** Whether a process that is waited for still runs, and what its threads wait for (Linux). */
function stateOf({ pid, exitCode, signalCode }) {
  if (exitCode !== null || signalCode !== null) return `it ended with ${signalCode ?? exitCode}, its output did not`;
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
      ['comm', 'wchan'].map((file) => readFileSync(`/proc/${pid}/task/${thread}/${file}`, 'utf8').trim()).join(' in '));
    return `it still runs: ${threads.join(', ')}`;
  } catch {
    return 'it still runs';
  }
}
