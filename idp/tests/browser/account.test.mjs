// What people look after on their account pages besides passkeys.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

const NEW_PASSWORD = 'slow marble kitchen';
const NEW_EMAIL = 'ada.brunner@example.net';

// Getting in: what would be if a device were lost.

test('with a password alone the account page advises a passkey', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.seesHeading('Getting in');
  await ada.sees('Your password is your only way in');
  await ada.link('Create a passkey').click();
  await ada.seesHeading('Create a passkey');
});

test('a passkey on one device alone is one loss away from a lock-out, and the page says so', async (stage) => {
  const ada = await stage.person({ synced: false });
  await ada.getsPasskey('Desk computer');
  await ada.goTo('/account');
  await ada.sees('One loss would lock you out');
  const loss = ada.page.getByRole('listitem').filter({ hasText: 'If you lose the device with “Desk computer”' });
  await loss.getByText('You are locked out').waitFor();
});

test('recovery codes are named as the only way back where they are', async (stage) => {
  const ada = await stage.person({ synced: false });
  await ada.getsPasskey('Desk computer');
  await ada.makesRecoveryCodes();
  await ada.goTo('/account');
  await ada.sees('You would need a recovery code');
  const loss = ada.page.getByRole('listitem').filter({ hasText: 'If you lose the device with “Desk computer”' });
  await loss.getByText('Only with a recovery code').waitFor();
});

test('a synced passkey and recovery codes are good protection', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.makesRecoveryCodes();
  await ada.goTo('/account');
  await ada.sees('Well protected');
  await ada.sees('You would still get in if you lost one of your devices.');
  const loss = ada.page.getByRole('listitem').filter({ hasText: 'If you lose a device with “My phone”' });
  await loss.getByText('You still get in').waitFor();
});

// Email.

test('a new email counts once both mailboxes have agreed', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.link('Change email').click();
  await ada.field('New email').fill(NEW_EMAIL);
  await ada.press('Continue');
  await ada.sees('Mails are on their way to both addresses.');
  const old = await ada.getsMail('Please confirm your new email');
  const fresh = await ada.getsMail('Please confirm your new email', NEW_EMAIL);

  await ada.page.goto(fresh.link);
  await ada.sees(`Shall your account use ${NEW_EMAIL} from now on?`);
  await ada.press('Yes, confirm');
  await ada.sees('Now the other mailbox has to agree');
  await ada.goTo('/account/email');
  await ada.sees('Your email now: ada@example.org');
  await ada.sees(`A change to ${NEW_EMAIL} waits for both mailboxes.`);

  await ada.page.goto(old.link);
  await ada.press('Yes, confirm');
  await ada.sees(`Done. Your account uses ${NEW_EMAIL} from now on.`);
  await ada.link('To my account').click();
  await ada.sees(NEW_EMAIL);
  await ada.getsMail('Your email was changed');
  await ada.getsMail('Your email was changed', NEW_EMAIL);
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword({ email: NEW_EMAIL });
  await ada.seesHeading('My info');
});

test('the device learns the new email', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.goTo('/account/email');
  await ada.field('New email').fill(NEW_EMAIL);
  await ada.press('Continue');
  for (const mailbox of [ada.email, NEW_EMAIL]) {
    const mail = await ada.getsMail('Please confirm your new email', mailbox);
    await ada.page.goto(mail.link);
    await ada.press('Yes, confirm');
    await ada.link('To my account').click();
  }
  await ada.seesHeading('My info');
  await ada.eventually(async () => {
    const [kept] = await ada.authenticator.passkeys();
    assert.equal(kept.userName, NEW_EMAIL);
  });
});

test('a link in a mail about an email works without a log-in, and once', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.sees('not confirmed yet');
  await ada.press('Confirm my email');
  await ada.sees('A mail with a link is on its way to you.');
  const { link } = await ada.getsMail('Please confirm your email');
  const elsewhere = ada.at(await stage.device());
  await elsewhere.page.goto(link);
  await elsewhere.sees('Is ada@example.org your address?');
  await elsewhere.press('Yes, confirm');
  await elsewhere.sees('Thank you. ada@example.org is confirmed.');
  await ada.goTo('/account');
  await ada.page.getByText('confirmed', { exact: true }).waitFor();
  elsewhere.device.expect(/status of 4\d\d/);
  await elsewhere.page.goto(link);
  await elsewhere.seesHeading('This link does not work any more');
});

test('an email that is none is refused, and what was typed stays', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/email');
  await ada.field('New email').fill('ada at home');
  await ada.press('Continue');
  await ada.isWarned('Please enter an email address such as name@example.com.');
  assert.equal(await ada.field('New email').inputValue(), 'ada at home');
});

// Name, language, time zone.

test('the chosen language is spoken from then on, in mails too', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.link('Change name or language').click();
  await ada.field('Language').selectOption('Deutsch');
  await ada.press('Save');
  await ada.seesHeading('Meine Daten');
  await ada.sees('Ihre Änderungen sind gespeichert.');
  assert.equal(await ada.page.locator('html').getAttribute('lang'), 'de');
  await ada.press('E-Mail-Adresse bestätigen');
  await ada.getsMail('Bitte bestätigen Sie Ihre E-Mail-Adresse');
});

test('a changed name is what the pages and the application call its person', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/profile');
  await ada.field('Last name').fill('Suter');
  await ada.press('Save');
  await ada.sees('Your changes are saved.');
  await ada.page.getByRole('banner').getByText('Ada Suter').waitFor();
  await ada.startAtTheClinic();
  await ada.seesHeading('Good day, Ada Suter');
});

test('a name can not be left empty', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/profile');
  await ada.field('First name').fill(' ');
  await ada.press('Save');
  await ada.sees('Please enter a name.');
  assert.equal(await ada.field('First name').getAttribute('aria-invalid'), 'true');
});

// Password.

test('a changed password logs out the other devices and keeps this one', async (stage) => {
  const ada = await stage.person();
  const elsewhere = ada.at(await stage.device());
  await elsewhere.logInWithPassword();
  await ada.logInWithPassword();
  await ada.link('Change password').click();
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.press('Save');
  await ada.sees('Your new password is saved.');
  await elsewhere.goTo('/account');
  await elsewhere.seesHeading('Log in');
  await elsewhere.typePassword();
  await elsewhere.isWarned('The email or the password is not right.');
  await elsewhere.typePassword({ password: NEW_PASSWORD });
  await elsewhere.seesHeading('My info');
  await ada.getsMail('Your password was changed');
});

test('the other devices stay logged in where that is chosen', async (stage) => {
  const ada = await stage.person();
  const elsewhere = ada.at(await stage.device());
  await elsewhere.logInWithPassword();
  await ada.logInWithPassword();
  await ada.goTo('/account/password');
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.field('Log me out on all other devices').uncheck();
  await ada.press('Save');
  await ada.sees('Your new password is saved.');
  await elsewhere.goTo('/account');
  await elsewhere.seesHeading('My info');
});

test('a password that very many people use is refused', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/password');
  await ada.field('New password').fill('passwordpassword');
  await ada.press('Save');
  await ada.isWarned(/guessed first/);
});

// Devices.

/** The device that one is not looking from. */
const otherDevice = (person) =>
  person.page.getByRole('article').filter({ hasNot: person.page.getByText('This device', { exact: true }) });

test('all devices are listed, this one is named, and another one can be logged out', async (stage) => {
  const ada = await stage.person();
  const elsewhere = ada.at(await stage.device());
  await elsewhere.startAtTheClinic();
  await elsewhere.typePassword();
  await elsewhere.press('Not now');
  await elsewhere.isAtWork();
  await ada.logInWithPassword();
  await ada.goTo('/account/sessions');
  await ada.seesHeading('Where you are logged in');
  const here = ada.page.getByRole('article').filter({ hasText: 'This device' });
  assert.equal(await here.count(), 1);
  assert.equal(await here.getByRole('button', { name: 'Log out there' }).count(), 0);
  await otherDevice(ada).getByText('Lindenhof Clinic').waitFor();
  await otherDevice(ada).getByText('with a password').waitFor();
  await ada.press('Log out there');
  await ada.sees('You are logged out there.');
  assert.equal(await otherDevice(ada).count(), 0);
  await elsewhere.goTo('/account');
  await elsewhere.seesHeading('Log in');
  await ada.goTo('/account');
  await ada.seesHeading('My info');
});

test('all other devices can be logged out at once', async (stage) => {
  const ada = await stage.person();
  const others = [ada.at(await stage.device()), ada.at(await stage.device())];
  for (const other of others) await other.logInWithPassword();
  await ada.logInWithPassword();
  await ada.goTo('/account/sessions');
  await ada.press('Log out everywhere else');
  await ada.sees('You are logged out everywhere else.');
  for (const other of others) {
    await other.goTo('/account');
    await other.seesHeading('Log in');
  }
});

test('a log-in with a new device is mailed', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  const elsewhere = ada.at(await stage.device());
  await elsewhere.logInWithPassword();
  await ada.getsMail('A log-in with a new device');
});

// Activity.

test('the activity shows what happened, the newest first', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword({ password: 'not the right words' });
  await ada.isWarned('The email or the password is not right.');
  await ada.getsPasskey();
  await ada.logOut();
  await ada.logInWithPasskey();
  await ada.goTo('/account/activity');
  await ada.seesHeading('Activity');
  const lines = await ada.page.getByRole('main').getByRole('listitem').allInnerTexts();
  const told = lines.map((line) => line.split('\n')[0].trim());
  assert.match(told[0], /^Logged in with a passkey/);
  for (const event of [/^Passkey created/, /^Logged in with a password/, /^A log-in failed/, /^Account made/]) {
    assert.ok(told.some((line) => event.test(line)), `${event} in ${told.join(', ')}`);
  }
});

test('nobody sees the activity of somebody else', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  const boris = await stage.person({ givenName: 'Boris', familyName: 'Suter' });
  await boris.getsPasskey();
  await ada.goTo('/account/activity');
  await ada.seesHeading('Activity');
  assert.equal(await ada.page.getByText('Passkey created').count(), 0);
});

// Applications.

test('an application that was logged in to is listed, and can be disconnected', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/apps');
  await ada.sees('No application knows you yet.');
  await ada.startAtTheClinic();
  await ada.isAtWork();
  await ada.goTo('/account/apps');
  await ada.card('Lindenhof Clinic').getByText('See your email address').waitFor();
  await ada.card('Lindenhof Clinic').getByRole('button', { name: 'Disconnect' }).click();
  await ada.sees('The application is disconnected.');
  await ada.sees('No application knows you yet.');
  ada.device.expect(/status of 502/);
  await ada.page.goto(`${stage.house.clinic}/appointments`);
  await ada.press('Refresh tokens');
  await ada.seesHeading('That did not work');
});

// From an application and back.

test('an application leads to a page of the account, and the page leads back', async (stage) => {
  const ada = await stage.person();
  const query = new URLSearchParams({ client_id: 'clinic', return_to: `${stage.house.clinic}/` });
  await ada.goTo(`/account/passkeys?${query}`);
  await ada.typePassword();
  await ada.press('Not now');
  await ada.seesHeading('Manage passkeys');
  await ada.link('Back to Lindenhof Clinic').waitFor();
  await ada.link('Two-factor').click();
  await ada.seesHeading('Two-factor');
  await ada.link('Back to Lindenhof Clinic').click();
  await ada.page.waitForURL(`${stage.house.clinic}/`);
});

test('an address that the application did not register is no way back', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  const query = new URLSearchParams({ client_id: 'clinic', return_to: `${stage.house.clinic}/elsewhere` });
  await ada.goTo(`/account/passkeys?${query}`);
  await ada.seesHeading('Manage passkeys');
  assert.equal(await ada.link('Back to Lindenhof Clinic').count(), 0);
});
