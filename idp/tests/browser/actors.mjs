// People who use Portico, and what they do with it, in the words that they see on the pages.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { CodeApp } from './codeapp.mjs';
import { PATIENCE } from './patience.mjs';

const PASSWORD = 'quiet lemon harbour';

export class Person {
  password = PASSWORD;

  /** On the phone, once it is set up. */
  codeApp = null;

  /** On paper, once they are made. */
  recoveryCodes = [];

  constructor(house, device, { email, givenName, familyName }) {
    Object.assign(this, { house, device, email, givenName, familyName });
  }

  get name() {
    return `${this.givenName} ${this.familyName}`;
  }

  get page() {
    return this.device.page;
  }

  get authenticator() {
    return this.device.authenticator;
  }

  /** The same person at another device, with the same phone and papers. */
  at(device) {
    return Object.assign(Object.create(Person.prototype), this, { device });
  }

  // What stands on a page.

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  link(name) {
    return this.page.getByRole('link', { name, exact: true });
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  heading(name) {
    return this.page.getByRole('heading', { name, exact: true });
  }

  /** A passkey, a device, an application: whatever a list shows under a name of its own. */
  card(name) {
    return this.page.getByRole('article', { name, exact: true });
  }

  passkeyCard(name) {
    return this.card(name);
  }

  async sees(text) {
    await this.page.getByText(text).first().waitFor();
  }

  async seesHeading(name) {
    await this.heading(name).waitFor();
  }

  async isWarned(text) {
    const alert = this.page.getByRole('alert');
    await alert.getByText(text).waitFor();
    return alert;
  }

  /** For what happens beside the page, where no element can be waited for. */
  async eventually(check) {
    for (const deadline = Date.now() + PATIENCE; ; await pause(25)) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  // What people do.

  goTo(path) {
    return this.page.goto(new URL(path, this.house.url).href);
  }

  /** The dialog that `action` opens is answered by a touch. */
  touching(action) {
    return this.device.touching(action);
  }

  async press(button) {
    await this.button(button).click();
  }

  async typePassword({ email = this.email, password = this.password } = {}) {
    await this.field('Email').fill(email);
    await this.field('Password').fill(password);
    await this.press('Log in');
  }

  /** Logs in on the provider's own page, without any application. */
  async logInWithPassword() {
    await this.goTo('/login');
    await this.typePassword();
    await this.seesHeading('Next time, log in with one touch');
    await this.press('Not now');
    await this.seesHeading('My info');
  }

  async logInWithPasskey() {
    await this.goTo('/login');
    await this.touching(async () => {
      await this.press('Log in with a passkey');
      await this.seesHeading('My info');
    });
  }

  // The code app and the recovery codes.

  /** Types the secret into the app, as somebody does who can not scan it. */
  async setsUpCodeApp() {
    await this.goTo('/account/two-factor');
    await this.press('Set up a code app');
    await this.typesSecret();
    await this.seesHeading('Your recovery codes');
    await this.keepsRecoveryCodes();
    await this.sees('Your code app is on');
  }

  /** From the page that shows the secret to the page after it. */
  async typesSecret() {
    await this.seesHeading('Set up a code app');
    await this.page.getByText('Can you not scan it?').click();
    this.codeApp = new CodeApp(await this.page.locator('code.secret').innerText());
    await this.enterCode();
  }

  /** From the page that shows them to the page after it. */
  async keepsRecoveryCodes() {
    const codes = this.page.getByRole('list', { name: 'Recovery codes', exact: true }).getByRole('listitem');
    this.recoveryCodes = await codes.allInnerTexts();
    await this.link('Continue').click();
  }

  async makesRecoveryCodes() {
    await this.goTo('/account/two-factor');
    await this.press('Make recovery codes');
    await this.seesHeading('Your recovery codes');
    await this.keepsRecoveryCodes();
  }

  async enterCode(code) {
    await this.field('Verification code').fill(code ?? (await this.codeApp.code()));
    await this.press('Verify');
  }

  async enterRecoveryCode(code) {
    await this.field('Recovery code').fill(code);
    await this.press('Verify');
  }

  // Mail.

  /** Looks into the mailbox until the mail has come. */
  getsMail(subject, address = this.email) {
    return this.eventually(async () => {
      const mail = await this.house.mail(address, subject);
      assert.ok(mail, `no mail “${subject}” has come for ${address}`);
      return mail;
    });
  }

  async logOut() {
    await this.goTo('/account');
    await this.press('Log out');
    await this.seesHeading('You are logged out');
  }

  /** From the page for creating a passkey to the page after it. */
  async createPasskey(name) {
    await this.touching(async () => {
      await this.press('Create a passkey');
      await this.seesHeading('Your passkey is ready');
    });
    if (name) await this.field('Passkey name').fill(name);
    await this.press('Save');
  }

  /** Has a passkey and is logged in by password, as after the first visit. */
  async getsPasskey(name) {
    await this.logInWithPassword();
    await this.addsPasskey(name);
  }

  async addsPasskey(name) {
    await this.goTo('/account/passkeys/create');
    await this.createPasskey(name);
    await this.passkeyCard(name ?? 'Passkey').waitFor();
  }

  async deletePasskey(name) {
    await this.goTo('/account/passkeys');
    await this.passkeyCard(name).getByRole('link', { name: 'Delete', exact: true }).click();
    await this.seesHeading('Delete this passkey?');
    await this.press('Yes, delete');
  }

  /** From the clinic's front page to the provider's log-in page, if it asks. */
  async startAtTheClinic() {
    await this.page.goto(this.house.clinic);
    await this.link('Sign in').click();
  }

  /** As the clinic's own page could send somebody: with a prompt of its own. */
  async isSentByTheClinic(prompt) {
    const sent = await this.page.request.get(`${this.house.clinic}/login`, { maxRedirects: 0 });
    const request = new URL(sent.headers().location);
    request.searchParams.set('prompt', prompt);
    await this.page.goto(request.href);
  }

  /** Asks for a link for a new account and follows it. */
  async followsLinkForAccount() {
    await this.field('Email').fill(this.email);
    await this.press('Continue');
    await this.sees('We have sent you a message');
    const mail = await this.getsMail('Your new account');
    await this.page.goto(mail.link);
    await this.seesHeading('What is your name?');
  }

  async saysName() {
    await this.field('First name').fill(this.givenName);
    await this.field('Last name').fill(this.familyName);
    await this.press('Continue');
    await this.seesHeading('Create a passkey');
  }

  async isAtWork() {
    await this.seesHeading(`Good day, ${this.name}`);
    assert.equal(this.page.url(), `${this.house.clinic}/appointments`);
  }

  hasFocus(target) {
    return target.evaluate((element) => element === document.activeElement);
  }

  /** Moves the focus by the keyboard alone, as somebody without a mouse does. */
  async tabTo(target) {
    for (let step = 0; step < 40; step += 1) {
      if (await this.hasFocus(target)) {
        const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
        assert.notEqual(outline, 'none', 'the focus can be seen');
        return;
      }
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`${target} can not be reached by the Tab key`);
  }
}

export class Operator extends Person {
  constructor(house, device) {
    super(house, device, { email: 'olga@example.org', givenName: 'Olga', familyName: 'Keller' });
  }

  async openSetUpLink() {
    await this.page.goto(this.house.setUpLink);
    await this.heading('Welcome. Let us set up your account').waitFor();
  }

  async fillSetUp({ password = this.password } = {}) {
    await this.field('Email').fill(this.email);
    await this.field('First name').fill(this.givenName);
    await this.field('Last name').fill(this.familyName);
    await this.field('Password').fill(password);
    await this.press('Continue');
  }

  /** From the printed link to an account with a passkey. */
  async setUp() {
    await this.openSetUpLink();
    await this.fillSetUp();
    await this.createPasskey();
    await this.seesHeading('Manage passkeys');
  }
}
