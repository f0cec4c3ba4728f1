// A test with everything it needs: a house of its own, people with their devices, and Chromium.
// Each test starts with nothing and leaves nothing, except, when it fails, what the people saw last.

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { after, before, test as nodeTest } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Operator, Person } from './actors.mjs';
import { Browser } from './browser.mjs';
import { Device } from './device.mjs';
import { House } from './house.mjs';
import { PATIENCE, within } from './patience.mjs';

/** What a test may take. Whatever hangs is named by then, and the evidence kept. */
const LENGTH = 90_000;

/** If even that fails: node ends the test and can not say why. */
const TIMEOUT = 2 * LENGTH;

let browser;
before(async () => (browser = await Browser.start()));
after(() => browser?.close());

/** The rooms and people of one test. */
class Stage {
  devices = [];

  constructor(house, t) {
    this.house = house;
    this.t = t;
  }

  async device(settings) {
    const device = await Device.unpack(browser, settings);
    this.devices.push(device);
    return device;
  }

  /** Somebody with an account and a password, in front of a device. */
  async person({ givenName = 'Ada', familyName = 'Brunner', device, ...settings } = {}) {
    const identity = { email: `${givenName.toLowerCase()}@example.org`, givenName, familyName };
    const person = new Person(this.house, device ?? (await this.device(settings)), identity);
    await this.house.makeAccount(person);
    return person;
  }

  /** Somebody without an account. */
  async newcomer(settings) {
    const identity = { email: 'nia@example.org', givenName: 'Nia', familyName: 'Winter' };
    return new Person(this.house, await this.device(settings), identity);
  }

  async operator(settings) {
    return new Operator(this.house, await this.device(settings));
  }

  /** A test within the test, for several rules about one thing that took a while to come by. */
  part(name, body) {
    return this.t.test(name, () => this.#watched(body));
  }

  async play(body) {
    try {
      await this.#watched(async () => {
        await within(LENGTH, 'the test', body(this));
        assert.deepEqual(this.devices.flatMap((device) => device.complaints), [], 'the browser complained');
      });
    } finally {
      await this.#tidyUp();
    }
  }

  async #tidyUp() {
    const closed = await Promise.allSettled(this.devices.map((device) => device.close()));
    // A browser that has ended lets go of everything; that makes it no better.
    const stuck = closed.some(({ status }) => status === 'rejected');
    if (stuck || !browser.isAlive) {
      // It is of no use to the next test.
      const reason = browser.death ?? (stuck ? 'Chromium did not let go of a device' : 'Chromium is out of reach');
      this.t.diagnostic(`${reason}; it was started anew.`);
      await browser.kill();
      browser = await Browser.start();
    }
    await this.house.close();
  }

  async #watched(body) {
    try {
      await body();
    } catch (error) {
      await this.#keepEvidence(error);
      throw error;
    }
  }

  /** Keeps what a developer needs to understand a failure, and says where. */
  async #keepEvidence(error) {
    const folder = await mkdtemp(join(tmpdir(), 'portico-browser-failure-'));
    await writeFile(join(folder, 'provider-and-clinic.log'), this.house.log);
    await writeFile(join(folder, 'error.txt'), `${this.t.name}\n\n${error.stack ?? error}\n`);
    for (const [index, { page, complaints, diary }] of this.devices.entries()) {
      const name = join(folder, `device-${index + 1}`);
      // Asking a browser that is gone would only put more words into its error.
      if (browser.isAlive) {
        await screenshot(page, `${name}.png`).catch(() => {});
        await writeFile(`${name}.html`, await content(page).catch(String));
      }
      await writeFile(`${name}.txt`, [page.url(), ...complaints, '', ...diary, ''].join('\n'));
    }
    this.t.diagnostic(`What could be seen is kept in ${folder}`);
    if (browser.death) this.t.diagnostic(browser.death);
  }
}

const screenshot = async (page, path) => page.screenshot({ path, fullPage: true });
const content = async (page) => within(PATIENCE, 'the page', page.content());

/** @param body (stage) => the test */
export function test(name, body) {
  nodeTest(name, { timeout: TIMEOUT }, async (t) => new Stage(await House.open(), t).play(body));
}
