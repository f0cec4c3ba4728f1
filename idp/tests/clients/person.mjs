// A person with a browser, as far as the protocol needs one: cookies, redirects, and the forms of the pages.

import assert from 'node:assert/strict';
import { CodeApp } from '../browser/codeapp.mjs';

/** More than any way through the pages takes. */
const STEPS = 12;

export class Person {
  #cookies = new Map();
  #issuer;

  constructor(issuer, { email, password }) {
    this.#issuer = issuer;
    this.email = email;
    this.password = password;
    /** What they say when they are asked for consent. */
    this.decision = 'allow';
  }

  /** On the phone, once it is set up. */
  codeApp = null;

  /** How often this person had to sign in. */
  signIns = 0;

  /**
   * Follows an authorization request, signing in and consenting where that is asked for, until an answer
   * leaves for the application.
   * @returns {Promise<Request>} what the application receives
   */
  async authorize(url) {
    const answer = await this.#follow(await this.#send(url, { headers: { 'sec-fetch-site': 'cross-site' } }));
    if (answer instanceof Request) return answer;
    assert.fail(`nothing was sent to the application: ${answer.status} ${visible(await answer.text())}`);
  }

  /**
   * An authorization request that may not reach any application.
   * @returns what the person reads instead
   */
  async isStoppedAt(url) {
    const answer = await this.#follow(await this.#send(url, { headers: { 'sec-fetch-site': 'cross-site' } }));
    assert.ok(!(answer instanceof Request), `it was sent on: ${answer.url}`);
    assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
    return visible(await answer.text());
  }

  /** Types the code that a device shows, and decides. @returns what the last page says */
  async decideAbout({ verification_uri: uri, user_code: code }, decision) {
    await this.#visit(uri);
    const asked = await (await this.#submit('/device', { user_code: code })).text();
    assert.ok(asked.includes(code) && asked.includes(this.email), visible(asked));
    return visible(await (await this.#submit('/device/decide', { user_code: code, decision })).text());
  }

  /** Follows a link of an application for logging out. @returns where it leads */
  async logOut(url) {
    const answer = await this.#send(url, { headers: { 'sec-fetch-site': 'cross-site' } });
    assert.equal(answer.status, 303, visible(await answer.text()));
    return new URL(answer.headers.get('location'), this.#issuer);
  }

  /** Follows such a link where applications are told in the browser. @returns the addresses that are loaded for that */
  async isToldGoodbye(url) {
    const answer = await this.#send(url, { headers: { 'sec-fetch-site': 'cross-site' } });
    const page = await answer.text();
    assert.equal(answer.status, 200, visible(page));
    return [...page.matchAll(/<iframe[^>]* src="([^"]+)"/g)].map(([, address]) => unescaped(address));
  }

  /** Logs in with the password and sets up a code app. @returns it, for other browsers of this person */
  async setsUpCodeApp() {
    await this.#visit('/account/two-factor');
    await this.#visit((await this.#submit('/account/two-factor/begin', {})).headers.get('location'));
    const page = await (await this.#send('/account/two-factor/setup')).text();
    this.codeApp = new CodeApp(unescaped(/<code class="secret">([^<]+)</.exec(page)[1]));
    const answer = await this.#submit('/account/two-factor/setup', { code: await this.codeApp.code() });
    assert.equal(answer.status, 200, visible(await answer.text()));
    return this.codeApp;
  }

  /** One of our pages, signed in. */
  async #visit(url) {
    const answer = await this.#follow(await this.#send(url));
    assert.equal(answer.status, 200, answer.url);
  }

  async #follow(answer) {
    for (let step = 0; step < STEPS; step += 1) {
      const location = answer.headers.get('location');
      if (!location) {
        const page = await answer.clone().text();
        const next = await this.#act(page);
        if (!next || next instanceof Request) return next ?? answer;
        answer = next;
        continue;
      }
      const url = new URL(location, this.#issuer);
      if (url.origin !== this.#issuer) return new Request(url);
      answer = url.pathname === '/login'
        ? await this.#signIn(url.searchParams)
        : url.pathname === '/login/offer'
          ? await this.#submit('/login/not-now', pick(url.searchParams))
          : url.pathname === '/login/code'
            ? await this.#submit('/login/code', { ...pick(url.searchParams), code: await this.codeApp.code() })
            : await this.#send(url);
    }
    assert.fail('the pages go round in circles');
  }

  /** Does what a page asks for. @returns the answer, or nothing if it asks for nothing */
  async #act(page) {
    if (page.includes('action="/oidc/consent"')) {
      return this.#submit('/oidc/consent', { attempt: hidden(page, 'attempt'), decision: this.decision });
    }
    if (page.includes('id="form-post"')) return formPost(page);
    return undefined;
  }

  async #signIn(query) {
    this.signIns += 1;
    return this.#submit('/login', { ...pick(query), email: this.email, password: this.password });
  }

  /** Sends a form of one of our pages, with the token that those carry. */
  async #submit(path, fields) {
    const page = await (await this.#send('/help/passkeys')).text();
    const csrf = /<meta name="csrf" content="([^"]+)">/.exec(page)[1];
    const body = new URLSearchParams({ ...fields, csrf });
    return this.#send(path, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } });
  }

  async #send(url, { headers, ...options } = {}) {
    const cookie = Array.from(this.#cookies, (pair) => pair.join('=')).join('; ');
    const answer = await fetch(new URL(url, this.#issuer), {
      ...options,
      headers: { 'sec-fetch-site': 'same-origin', ...headers, cookie },
      redirect: 'manual',
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/; *max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** What the pages carry along, so that the person comes back to where they were going. */
function pick(query) {
  return Object.fromEntries([...query].filter(([name]) => ['attempt', 'destination', 'flow'].includes(name)));
}

function hidden(page, name) {
  return unescaped(new RegExp(`name="${name}" value="([^"]*)"`).exec(page)[1]);
}

/** The form that a page sends to the application by itself. */
function formPost(page) {
  const action = unescaped(/action="([^"]+)"/.exec(page.slice(page.indexOf('<form')))[1]);
  const fields = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)];
  const body = new URLSearchParams(fields.map(([, name, value]) => [name, unescaped(value)]));
  return new Request(action, { method: 'POST', body });
}

function unescaped(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
    name ? named[name] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)));
}

function visible(page) {
  return unescaped(page.replace(/<(script|style)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ').trim();
}
