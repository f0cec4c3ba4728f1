// One device of one person: a browser of its own with one tab, the authenticator built into the
// device, and a list of everything the browser complained about. Knows no page of ours.

import { PATIENCE, within } from './patience.mjs';

export class Device {
  #complaints = [];
  #expected = [];
  #dialogOver = null;

  /** Every host that a page asked for something. */
  hosts = new Set();

  /** What happened on the way, for whoever has to understand a failure. */
  diary = [];

  /**
   * @param authenticator where it is: 'internal', or 'usb' for a security key, the only one then; or false
   * @param synced whether its passkeys are kept by a provider too, beyond this device
   */
  static async unpack(browser, { javaScript = true, authenticator = 'internal', synced = true, ...settings } = {}) {
    const context = await browser.newContext({
      locale: 'en-GB',
      viewport: { width: 1280, height: 900 },
      javaScriptEnabled: javaScript,
      ...settings,
    });
    context.setDefaultTimeout(PATIENCE);
    const device = new Device(context, await within(PATIENCE, 'a new tab', context.newPage()));
    await device.#watch();
    // Plugged in before the first page loads: a request made without one would fail when it appears.
    if (authenticator) {
      device.authenticator = await Authenticator.plugIn(device.inspector, { transport: authenticator, synced });
      // From the beginning: Chromium does not see requests of a page that was loading meanwhile.
      await device.page.route('**/passkey*/options', (route) => device.#askedForChallenge(route));
    }
    return device;
  }

  constructor(context, page) {
    this.context = context;
    this.page = page;
    this.authenticator = null;
  }

  async #watch() {
    const { context, page } = this;
    const session = await within(PATIENCE, 'a look inside the tab', context.newCDPSession(page));
    this.inspector = new Inspector(session, (line) => this.#note(line));
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol.startsWith('http')) this.hosts.add(hostname);
    });
    page.on('framenavigated', (frame) => frame.parentFrame() ?? this.#note(`page ${frame.url()}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.#complaints.push(`exception: ${error.stack ?? error}`));
    // Says more than the console: violations that a script caused and caught are here too.
    this.inspector.on('Audits.issueAdded', ({ issue }) => {
      if (issue.code !== 'ContentSecurityPolicyIssue') return;
      const { violatedDirective, blockedURL } = issue.details.contentSecurityPolicyIssueDetails;
      this.#complaints.push(`content security policy: ${violatedDirective} ${blockedURL ?? ''}`);
    });
    await this.inspector.send('Audits.enable');
  }

  #note(line) {
    this.diary.push(`${new Date().toISOString()} ${line}`);
  }

  /** The dialog that `action` opens is answered by a touch. */
  async touching(action) {
    let finish;
    this.#dialogOver = new Promise((resolve) => (finish = resolve));
    try {
      await action();
    } finally {
      // Whatever waits for the end of the dialog goes on, even where Chromium does not answer.
      await this.authenticator.touch(false).finally(() => {
        this.#dialogOver = null;
        finish();
      });
    }
  }

  /**
   * A touch is meant for the dialog and must not reach the passkey menu of the email field. So it
   * comes once that menu is closed, which is when the page asks for the dialog's challenge, and
   * the menu gets no challenge of its own before the dialog is over.
   */
  async #askedForChallenge(route) {
    // Nobody waits for this function, so nobody would hear what it throws.
    try {
      if (this.#dialogOver) {
        const menu = route.request().postDataJSON()?.mediation === 'conditional';
        this.#note(`challenge for the ${menu ? 'menu' : 'dialog'}`);
        await (menu ? this.#dialogOver : this.authenticator.touch(true));
      }
    } catch (error) {
      this.#complaints.push(`no touch: ${error.message}`);
    }
    // The page may have been left in the meantime.
    await route.continue().catch(() => {});
  }

  /** Makes a passkey by itself after a password, as password managers do: see `Authenticator`. */
  async upgradesPasswords() {
    await this.page.addInitScript(upgradeByItself);
    await this.authenticator.answerUnasked();
  }

  /** Another one, beside that of the device. */
  plugInSecurityKey() {
    return Authenticator.plugIn(this.inspector, { transport: 'usb', synced: false });
  }

  /** A complaint that belongs to the test, such as a page that is meant not to exist. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  get complaints() {
    const strangers = [...this.hosts].filter((host) => host !== 'localhost').map((host) => `request to ${host}`);
    const unexpected = this.#complaints.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
    return [...unexpected, ...strangers];
  }

  /** Fails, instead of waiting for ever, when Chromium does not let go of it. */
  close() {
    return within(PATIENCE, 'a device is put away', this.context.close());
  }
}

/**
 * Runs in the page. Chromium says that it can create conditionally, but without a password manager
 * it never does; so the request is made as an ordinary one, which the authenticator answers.
 */
function upgradeByItself() {
  const create = navigator.credentials.create.bind(navigator.credentials);
  navigator.credentials.create = ({ mediation, ...options }) => create(options);
  PublicKeyCredential.getClientCapabilities = () => Promise.resolve({ conditionalCreate: true });
}

/** Chromium's own view of a tab. It answers at once or never, and no test waits for never. */
class Inspector {
  #session;
  #note;

  constructor(session, note) {
    this.#session = session;
    this.#note = note;
  }

  on(event, listener) {
    this.#session.on(event, listener);
  }

  async send(command, details) {
    const told = `${command} ${JSON.stringify({ ...details, credential: undefined })}`;
    this.#note(told);
    try {
      return await within(PATIENCE, `Chromium: ${told}`, this.#session.send(command, details));
    } catch (error) {
      this.#note(`failed: ${error.message}`);
      throw error;
    }
  }
}

/**
 * Chromium's virtual authenticator. Nobody touches it unless `touch` says so: a passkey menu stays
 * open and a dialog waits, as with a person who has not decided yet.
 */
export class Authenticator {
  static async plugIn(inspector, { transport, synced }) {
    await inspector.send('WebAuthn.enable');
    const { authenticatorId } = await inspector.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
        defaultBackupEligibility: synced,
        defaultBackupState: synced,
      },
    });
    return new Authenticator(inspector, authenticatorId);
  }

  constructor(inspector, authenticatorId) {
    this.inspector = inspector;
    this.id = { authenticatorId };
  }

  #tell(command, details = {}) {
    return this.inspector.send(`WebAuthn.${command}`, { ...this.id, ...details });
  }

  /** Whether requests from now on are answered by a touch. One that waits already keeps waiting. */
  touch(enabled) {
    return this.#tell('setAutomaticPresenceSimulation', { enabled });
  }

  /** Whether fingerprint, face or PIN are recognised. */
  recognise(isUserVerified) {
    return this.#tell('setUserVerified', { isUserVerified });
  }

  /** Claims in its answers that it did not check who touched it, whatever the page asked for. */
  skipVerification() {
    return this.#tell('setResponseOverrideBits', { isBadUV: true });
  }

  /** Answers without a touch and without looking who is there, and says so. */
  async answerUnasked() {
    await this.#tell('setResponseOverrideBits', { isBadUP: true, isBadUV: true });
    await this.touch(true);
  }

  /** Waits for a touch again, and looks who it is. */
  async answerAsked() {
    await this.#tell('setResponseOverrideBits', { isBadUP: false, isBadUV: false });
    await this.touch(false);
  }

  async passkeys() {
    return (await this.#tell('getCredentials')).credentials;
  }

  /** As a password manager does that keeps its passkeys in step between devices. */
  async keep(passkeys) {
    for (const credential of passkeys) await this.#tell('addCredential', { credential });
  }

  async forget(passkeys) {
    for (const { credentialId } of passkeys) await this.#tell('removeCredential', { credentialId });
  }
}
