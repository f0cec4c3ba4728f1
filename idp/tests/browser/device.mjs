// One device of one person: a browser of its own with one tab, the authenticator built into the
// device, and a list of everything the browser complained about. Knows no page of ours.

const PATIENCE = 10_000;

export class Device {
  #complaints = [];
  #expected = [];
  #dialogOver = null;

  /** Every host that a page asked for something. */
  hosts = new Set();

  static async unpack(browser, { javaScript = true, authenticator = true, ...settings } = {}) {
    const context = await browser.newContext({
      locale: 'en-GB',
      viewport: { width: 1280, height: 900 },
      javaScriptEnabled: javaScript,
      ...settings,
    });
    context.setDefaultTimeout(PATIENCE);
    const device = new Device(context, await context.newPage());
    await device.#watch();
    // Plugged in before the first page loads: a request made without one would fail when it appears.
    if (authenticator) {
      device.authenticator = await Authenticator.plugIn(device.inspector);
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
    this.inspector = await context.newCDPSession(page);
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol.startsWith('http')) this.hosts.add(hostname);
    });
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

  /** The dialog that `action` opens is answered by a touch. */
  async touching(action) {
    let finish;
    this.#dialogOver = new Promise((resolve) => (finish = resolve));
    try {
      await action();
    } finally {
      await this.authenticator.touch(false);
      this.#dialogOver = null;
      finish();
    }
  }

  /**
   * A touch is meant for the dialog and must not reach the passkey menu of the email field. So it
   * comes once that menu is closed, which is when the page asks for the dialog's challenge, and
   * the menu gets no challenge of its own before the dialog is over.
   */
  async #askedForChallenge(route) {
    if (this.#dialogOver) {
      const menu = route.request().postDataJSON().mediation === 'conditional';
      await (menu ? this.#dialogOver : this.authenticator.touch(true));
    }
    // The page may have been left in the meantime.
    await route.continue().catch(() => {});
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

  close() {
    return this.context.close();
  }
}

/**
 * Chromium's virtual authenticator. Nobody touches it unless `touch` says so: a passkey menu stays
 * open and a dialog waits, as with a person who has not decided yet.
 */
export class Authenticator {
  static async plugIn(inspector) {
    await inspector.send('WebAuthn.enable');
    const { authenticatorId } = await inspector.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
        defaultBackupEligibility: true,
        defaultBackupState: true,
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
