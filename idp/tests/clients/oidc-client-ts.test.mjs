// Portico with oidc-client-ts in a single-page application, in a real Chromium: across origins, so with CORS, and
// with access tokens that are bound to a key of the page's.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from '../browser/browser.mjs';
import { Device } from '../browser/device.mjs';
import { freePorts } from '../browser/processes.mjs';
import { urlAt } from './apache.mjs';
import { ADA } from './office.mjs';
import { PageServer } from './page.mjs';
import { Provider } from './provider.mjs';

let browser;
before(async () => (browser = await Browser.start()));
after(() => browser?.close());

/** An application, somewhere else that is none, and the provider. */
class Calendar {
  static async open() {
    const ports = await freePorts(2);
    const [app, elsewhere] = ports.map(urlAt);
    const calendar = new Calendar(app, elsewhere);
    calendar.servers = await Promise.all(ports.map((port) => PageServer.open(port)));
    calendar.provider = await Provider.open('', () => `
      [[clients]]
      id = "calendar"
      name = "Calendar"
      type = "spa"
      id_token_alg = "ES256"
      redirect_uris = ["${app}/callback"]
      post_logout_redirect_uris = ["${app}/goodbye"]
    `);
    await calendar.provider.makeAccount(ADA);
    return calendar;
  }

  constructor(url, elsewhere) {
    Object.assign(this, { url, elsewhere });
  }

  /** Somebody opens the application in a browser of their own. */
  async visit({ dpop = false } = {}) {
    const device = await Device.unpack(browser, { authenticator: false });
    const visit = new Visit(this, device, dpop);
    await visit.goTo('/');
    return visit;
  }

  async close() {
    await Promise.all(this.servers.map((server) => server.close()));
    await this.provider?.close();
  }
}

class Visit {
  constructor(calendar, device, dpop) {
    Object.assign(this, { calendar, device, page: device.page, dpop });
  }

  async goTo(path, origin = this.calendar.url) {
    await this.page.goto(`${origin}${path}`);
    await this.prepare();
  }

  /** What the application's own script would do first. */
  async prepare() {
    await this.page.evaluate(
      ([authority, app, dpop]) => {
        window.manager = new oidc.UserManager({
          authority,
          client_id: 'calendar',
          redirect_uri: `${app}/callback`,
          post_logout_redirect_uri: `${app}/goodbye`,
          scope: 'openid profile email offline_access',
          // The library itself shows every token as a bearer token there.
          loadUserInfo: !dpop,
          automaticSilentRenew: false,
          userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
          ...(dpop ? { dpop: { bind_authorization_code: true, store: new oidc.IndexedDbDPoPStore() } } : {}),
        });
      },
      [this.calendar.provider.issuer, this.calendar.url, this.dpop],
    );
  }

  /** Leaves for the provider. */
  async begin() {
    await this.page.evaluate(() => void manager.signinRedirect());
    await this.page.getByLabel('Email').waitFor();
  }

  /** Logs in there and comes back. @returns who the application knows then */
  async signIn() {
    await this.begin();
    await this.page.getByLabel('Email').fill(ADA.email);
    await this.page.getByLabel('Password', { exact: true }).fill(ADA.password);
    await this.page.getByRole('button', { name: 'Log in', exact: true }).click();
    await this.page.getByRole('button', { name: 'Not now' }).click();
    await this.page.waitForURL(`${this.calendar.url}/callback?*`);
    await this.prepare();
    return this.page.evaluate(async () => {
      const { profile, access_token, refresh_token, token_type } = await manager.signinCallback();
      return { profile, access_token, refresh_token, token_type };
    });
  }

  /** What userinfo says to the holder of the key, and to somebody who has only the token. */
  userinfo() {
    return this.page.evaluate(async () => {
      const user = await manager.getUser();
      const url = await manager.metadataService.getUserInfoEndpoint();
      const proof = await manager.dpopProof(url, user, 'GET');
      const headers = { authorization: `DPoP ${user.access_token}`, dpop: proof };
      const known = await (await fetch(url, { headers })).json();
      const stolen = await fetch(url, { headers: { authorization: `Bearer ${user.access_token}` } });
      return { email: known.email, stolen: stolen.status };
    });
  }

  async close() {
    assert.deepEqual(this.device.complaints, []);
    await this.device.close();
  }
}

describe('a single-page application', () => {
  let calendar;
  before(async () => (calendar = await Calendar.open()));
  after(() => calendar?.close());

  for (const dpop of [false, true]) {
    const how = dpop ? 'with tokens bound to its key' : 'with plain tokens';
    test(`signs somebody in, reads userinfo, renews and logs out, ${how}`, async () => {
      const visit = await calendar.visit({ dpop });
      const user = await visit.signIn();
      if (dpop) {
        visit.device.expect(/status of 401/);
        assert.deepEqual(await visit.userinfo(), { email: ADA.email, stolen: 401 });
      } else {
        assert.equal(user.profile.email, ADA.email, 'from userinfo, across origins');
      }
      assert.equal(user.token_type, dpop ? 'DPoP' : 'Bearer');
      const renewed = await visit.page.evaluate(async () => {
        const { access_token, refresh_token, profile } = await manager.signinSilent();
        return { access_token, refresh_token, sub: profile.sub };
      });
      assert.equal(renewed.sub, user.profile.sub);
      assert.notEqual(renewed.access_token, user.access_token);
      // Bound to a key it stays; otherwise there is a new one each time.
      assert.equal(renewed.refresh_token === user.refresh_token, dpop);
      await visit.page.evaluate(() => void manager.signoutRedirect());
      await visit.page.waitForURL(`${calendar.url}/goodbye*`);
      await visit.prepare();
      assert.equal(await visit.page.evaluate(() => manager.signoutCallback().then(() => manager.getUser())), null);
      await visit.begin();
      await visit.close();
    });
  }

  test('renews in a hidden frame where it has no refresh token, until its person has logged out', async () => {
    const visit = await calendar.visit();
    const before = await visit.signIn();
    const renewal = () =>
      visit.page.evaluate(async () => {
        const user = await manager.getUser();
        delete user.refresh_token;
        await manager.storeUser(user);
        return manager.signinSilent().then(({ access_token }) => access_token, (refusal) => refusal.error);
      });
    /** What the page in the frame does, once it is back there. */
    const inTheFrame = async () => {
      const frame = await visit.page.waitForEvent('frameattached');
      await frame.waitForURL(`${calendar.url}/callback?*`);
      await frame.evaluate(() => new oidc.UserManager({ authority: 'none', client_id: 'none', redirect_uri: 'none' }).signinSilentCallback());
    };
    const [renewed] = await Promise.all([renewal(), inTheFrame()]);
    assert.ok(renewed && renewed !== before.access_token, renewed);
    const tab = await visit.page.context().newPage();
    await tab.goto(`${calendar.provider.issuer}/account`);
    await tab.getByRole('button', { name: 'Log out' }).click();
    await tab.getByRole('heading', { name: 'You are logged out' }).waitFor();
    const [refused] = await Promise.all([renewal(), inTheFrame()]);
    assert.equal(refused, 'login_required');
    await visit.close();
  });

  test('learns that somebody cancelled', async () => {
    const visit = await calendar.visit();
    await visit.begin();
    await visit.page.getByRole('button', { name: 'Cancel' }).click();
    await visit.page.waitForURL(`${calendar.url}/callback?*`);
    await visit.prepare();
    const error = await visit.page.evaluate(() => manager.signinCallback().catch((refusal) => refusal.error));
    assert.equal(error, 'access_denied');
    await visit.close();
  });

  test('can be played by no other origin', async () => {
    const visit = await calendar.visit();
    visit.device.expect(/CORS policy|Failed to load resource/);
    await visit.goTo('/', calendar.elsewhere);
    const heard = await visit.page.evaluate(
      (issuer) => fetch(`${issuer}/oidc/token`, { method: 'POST', body: new URLSearchParams({ client_id: 'calendar' }) })
        .then(() => 'an answer', () => 'nothing'),
      calendar.provider.issuer,
    );
    assert.equal(heard, 'nothing');
    await visit.close();
  });
});
