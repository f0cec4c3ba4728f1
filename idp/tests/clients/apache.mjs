// Apache with mod_auth_openidc in front of one page, as a child process on a port of its own, and a visitor's
// cookies there. The page answers with what the module knows of its visitor.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, clear, furnish, run, stop } from '../browser/processes.mjs';

const MODULES = '/usr/lib/apache2/modules';
const PROGRAM = ['/usr/sbin/apache2', '/usr/sbin/httpd'].find(existsSync) ?? 'apache2';

export class Apache {
  #cookies = new Map();

  /** @param directives of mod_auth_openidc, by name */
  static async open(port, directives) {
    const directory = await furnish('portico-apache-');
    const apache = new Apache(directory, port);
    const documents = join(directory, 'documents');
    for (const place of [join(documents, 'inside'), join(documents, 'outside')]) {
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'index.html'), 'here');
    }
    // Started by root, Apache reads these as somebody else.
    await chmod(directory, 0o755);
    const file = join(directory, 'apache.conf');
    await writeFile(file, configuration({ directory, documents, port, directives }), { mode: 0o600 });
    apache.service = run(PROGRAM, ['-f', file, '-D', 'FOREGROUND']);
    await answers(apache.service, `${apache.url}/outside/`).catch(async (error) => {
      await apache.close();
      throw error;
    });
    return apache;
  }

  constructor(directory, port) {
    this.directory = directory;
    this.url = urlAt(port);
  }

  /** What it complained about. */
  get log() {
    return readFileSync(join(this.directory, 'error.log'), 'utf8');
  }

  /** A visit with the cookies that Apache has given, and to nowhere else. */
  async visit(request) {
    const asked = typeof request === 'string' ? new Request(new URL(request, this.url)) : request;
    const cookie = Array.from(this.#cookies, (pair) => pair.join('=')).join('; ');
    const body = asked.method === 'POST' ? await asked.text() : undefined;
    const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(asked.url, { method: asked.method, body, headers: { cookie, ...type }, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /expires=Thu, 01.Jan.1970/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Where the visitor is sent from the page inside. */
  async sentFrom(path) {
    const answer = await this.visit(path);
    assert.equal(answer.status, 302, `${answer.status} ${this.log}`);
    return new URL(answer.headers.get('location'));
  }

  /** Somebody comes who has not been here before. */
  nextVisitor() {
    this.#cookies.clear();
  }

  /** Lets a new visitor in. @returns what is known of them */
  async letIn(person) {
    this.nextVisitor();
    const received = await person.authorize(await this.sentFrom('/inside/'));
    const back = await this.visit(received);
    assert.equal(back.status, 302, `${back.status} ${await back.text()} ${this.log}`);
    return this.known(back.headers.get('location'));
  }

  async known(path = '/inside/') {
    const page = await this.visit(path);
    assert.equal(page.status, 200, this.log);
    return JSON.parse(page.headers.get('x-known'));
  }

  async close() {
    await stop(this.service);
    await clear(this.directory);
  }
}

export const urlAt = (port) => `http://localhost:${port}`;

function configuration({ directory, documents, port, directives }) {
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'env', 'headers', 'auth_openidc'];
  const known = ['sub', 'email', 'sid', 'nonce'].map((name) => `\\"${name}\\":\\"%{OIDC_CLAIM_${name}}e\\"`);
  return `
    ServerRoot "${directory}"
    ServerName localhost
    PidFile "${directory}/pid"
    DefaultRuntimeDir "${directory}"
    Listen 127.0.0.1:${port}
    ${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n    ')}
    ${process.getuid() === 0 ? 'User www-data\n    Group www-data' : ''}
    ErrorLog "${directory}/error.log"
    LogLevel warn auth_openidc:info
    DocumentRoot "${documents}"
    ${Object.entries(directives).map(([name, value]) => `${name} ${value}`).join('\n    ')}
    <Location /outside>
      Require all granted
    </Location>
    <Location /inside>
      AuthType openid-connect
      Require valid-user
      # Otherwise only what a browser's address bar asks for is sent to the provider.
      OIDCUnAuthAction auth "true"
      Header always set X-Known "{${known.join(',')},\\"id_token\\":\\"%{OIDC_id_token}e\\"}"
    </Location>
  `;
}
