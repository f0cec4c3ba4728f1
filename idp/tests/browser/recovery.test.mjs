// Ways back for somebody who has lost something: a device, a password, or everything.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

const NEW_PASSWORD = 'slow marble kitchen';

// A recovery code.

test('a recovery code after the password stands in for the passkey, and leads to a new one', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('Lost phone');
  await ada.makesRecoveryCodes();
  const elsewhere = ada.at(await stage.device());
  await elsewhere.startAtTheClinic();
  await elsewhere.typePassword();
  await elsewhere.seesHeading('Use your passkey');
  await elsewhere.link('Use a recovery code').click();
  await elsewhere.seesHeading('Use a recovery code');
  await elsewhere.enterRecoveryCode(ada.recoveryCodes[0]);
  await elsewhere.seesHeading('Create a new passkey now');
  await elsewhere.link('Create a passkey').click();
  await elsewhere.createPasskey('New phone');
  await elsewhere.isAtWork();
  await elsewhere.goTo('/account/passkeys');
  await elsewhere.passkeyCard('New phone').waitFor();
});

test('a recovery code works once, and its use is mailed', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.makesRecoveryCodes();
  await ada.getsMail('You have new recovery codes');
  await ada.logOut();
  const [code] = ada.recoveryCodes;
  for (const visit of ['first', 'second']) {
    await ada.goTo('/login');
    await ada.typePassword();
    await ada.link('Use a recovery code').click();
    await ada.enterRecoveryCode(code);
    if (visit === 'second') break;
    await ada.seesHeading('Create a new passkey now');
    await ada.press('Not now');
    await ada.seesHeading('My info');
    await ada.logOut();
  }
  await ada.isWarned('This recovery code is not right, or was used already.');
  const mail = await ada.getsMail('A recovery code was used');
  assert.match(mail.text, /9 are left/);
});

test('a recovery code is read however it is typed', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.makesRecoveryCodes();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.link('Use a recovery code').click();
  await ada.enterRecoveryCode(ada.recoveryCodes[0].toLowerCase().replaceAll('-', ' '));
  await ada.seesHeading('Create a new passkey now');
});

test('a recovery code works without JavaScript', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.makesRecoveryCodes();
  const plain = ada.at(await stage.device({ javaScript: false }));
  await plain.startAtTheClinic();
  await plain.typePassword();
  await plain.link('Use a recovery code').click();
  await plain.enterRecoveryCode(ada.recoveryCodes[0]);
  await plain.seesHeading('Create a new passkey now');
  await plain.press('Not now');
  await plain.isAtWork();
});

// A lost device.

test('a lost device is removed from another one, and finds itself logged out', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.logInWithPasskey();
  const desk = ada.at(await stage.device());
  await desk.goTo('/account/passkeys');
  await desk.typePassword();
  await desk.enterCode();
  await desk.link('I lost a device').click();
  await desk.seesHeading('I lost a device');
  await desk.page.getByRole('radio', { name: 'My phone' }).check();
  await desk.press('Remove it');
  await desk.seesHeading('Create a passkey');
  await desk.sees('The lost passkey is removed.');
  await desk.getsMail('A passkey was removed');

  const finder = ada;
  await finder.goTo('/account');
  await finder.seesHeading('Log in');
  finder.device.expect(/status of 403/);
  await finder.touching(async () => {
    await finder.press('Log in with a passkey');
    await finder.isWarned('This passkey is no longer registered here.');
  });

  await desk.createPasskey('Desk computer');
  await desk.passkeyCard('Desk computer').waitFor();
  assert.equal(await desk.passkeyCard('My phone').count(), 0);
});

test('a lost device has to be chosen before it is removed', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.link('I lost a device').click();
  await ada.press('Remove it');
  await ada.seesHeading('I lost a device');
  await ada.link('Cancel').click();
  await ada.passkeyCard('My phone').waitFor();
});

test('whoever used a recovery code may remove the lost device', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.makesRecoveryCodes();
  const desk = ada.at(await stage.device());
  await desk.goTo('/account/passkeys/lost');
  await desk.typePassword();
  await desk.link('Use a recovery code').click();
  await desk.enterRecoveryCode(ada.recoveryCodes[0]);
  await desk.press('Not now');
  await desk.page.getByRole('radio', { name: 'My phone' }).check();
  await desk.press('Remove it');
  await desk.createPasskey('Desk computer');
  await desk.passkeyCard('Desk computer').waitFor();
  assert.equal(await desk.passkeyCard('My phone').count(), 0);
});

// A forgotten password.

/** From the log-in page to the page behind the link in the mail. */
async function asksForNewPassword(person) {
  await person.goTo('/login');
  await person.link('Forgot password?').click();
  await person.seesHeading('Forgot your password?');
  await person.field('Email').fill(person.email);
  await person.press('Send the link');
  await person.seesHeading('Please look into your mailbox');
  const mail = await person.getsMail('Your new password');
  await person.page.goto(mail.link);
  await person.seesHeading('Choose a new password');
  return mail;
}

test('a forgotten password is replaced through a mail', async (stage) => {
  const ada = await stage.person();
  await asksForNewPassword(ada);
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.press('Save');
  await ada.sees('Your new password is saved.');
  await ada.getsMail('Your password was changed');
  await ada.typePassword();
  await ada.isWarned('The email or the password is not right.');
  await ada.typePassword({ password: NEW_PASSWORD });
  await ada.seesHeading('Next time, log in with one touch');
});

test('a new password does not replace the passkey', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await asksForNewPassword(ada);
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.press('Save');
  await ada.typePassword({ password: NEW_PASSWORD });
  await ada.seesHeading('Use your passkey');
  await ada.touching(async () => {
    await ada.press('Use your passkey');
    await ada.seesHeading('My info');
  });
});

test('a new password logs out everybody who was logged in', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  const elsewhere = ada.at(await stage.device());
  await asksForNewPassword(elsewhere);
  await elsewhere.field('New password').fill(NEW_PASSWORD);
  await elsewhere.press('Save');
  await elsewhere.sees('Your new password is saved.');
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
  await ada.sees('Your log-in has ended. Please log in again.');
});

test('the link for a new password works once', async (stage) => {
  const ada = await stage.person();
  const { link } = await asksForNewPassword(ada);
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.press('Save');
  await ada.sees('Your new password is saved.');
  ada.device.expect(/status of 4\d\d/);
  await ada.page.goto(link);
  await ada.seesHeading('This link does not work any more');
});

test('a new password that is guessed first is refused, and the link goes on working', async (stage) => {
  const ada = await stage.person();
  await asksForNewPassword(ada);
  await ada.field('New password').fill('too short');
  await ada.press('Save');
  await ada.isWarned('This password is too short.');
  await ada.field('New password').fill('ada@example.org ada@example.org');
  await ada.press('Save');
  await ada.isWarned('Please choose');
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.press('Save');
  await ada.sees('Your new password is saved.');
});

test('asking for a new password looks the same for an address that nobody has', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login/forgot');
  await ada.field('Email').fill('nobody@example.org');
  await ada.press('Send the link');
  await ada.seesHeading('Please look into your mailbox');
  await ada.sees('If there is an account for nobody@example.org, a mail with a link is on its way.');
});

test('a password is forgotten and replaced without JavaScript', async (stage) => {
  const ada = await stage.person({ javaScript: false });
  await asksForNewPassword(ada);
  await ada.field('New password').fill(NEW_PASSWORD);
  await ada.press('Save');
  await ada.typePassword({ password: NEW_PASSWORD });
  await ada.seesHeading('Next time, log in with one touch');
});

test('too many wrong passwords make the password wait, and never the passkey', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  const told = ada.page.getByText('That was wrong a few times in a row.');
  for (let guess = 1; guess <= 12 && !(await told.isVisible()); guess += 1) {
    await ada.typePassword({ password: 'not the right words' });
    // The answer is there once the field is empty again.
    await ada.eventually(async () => assert.equal(await ada.field('Password').inputValue(), ''));
  }
  await told.waitFor();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading('My info');
  });
});

// Everything lost: somebody with access to the machine helps.

test('an access link leads to a new passkey, with which its person logs in', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('Lost phone');
  const elsewhere = ada.at(await stage.device());
  await elsewhere.page.goto(await stage.house.makeAccessLink(ada));
  await elsewhere.seesHeading('Welcome back, Ada');
  await elsewhere.press('Continue');
  await elsewhere.seesHeading('Create a passkey');
  await elsewhere.sees('Create your new passkey on this device. Then you log in with it.');
  assert.equal(await elsewhere.button('Not now').count(), 0);
  await elsewhere.createPasskey('New phone');
  await elsewhere.sees('Your way in is ready. Please log in with it.');
  await elsewhere.touching(async () => {
    await elsewhere.press('Log in with a passkey');
    await elsewhere.seesHeading('My info');
  });
  await elsewhere.goTo('/account/passkeys');
  await elsewhere.passkeyCard('New phone').waitFor();
});

test('an access link logs its person out everywhere else, and both ends are mailed', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('Lost phone');
  const elsewhere = ada.at(await stage.device());
  const link = await stage.house.makeAccessLink(ada);
  await ada.getsMail('An access link was made for you');
  await elsewhere.page.goto(link);
  // Looking at the page changes nothing: mail scanners do that too.
  await ada.goTo('/account');
  await ada.seesHeading('My info');
  await elsewhere.press('Continue');
  await elsewhere.seesHeading('Create a passkey');
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
  await ada.getsMail('Your access link was used');
});

test('an access link opens nothing but the page for a new passkey', async (stage) => {
  const ada = await stage.person();
  await ada.page.goto(await stage.house.makeAccessLink(ada));
  await ada.press('Continue');
  await ada.seesHeading('Create a passkey');
  for (const page of ['/account', '/account/passkeys', '/account/two-factor', '/account/sessions']) {
    await ada.goTo(page);
    await ada.seesHeading('Log in');
  }
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
});

test('an access link works once', async (stage) => {
  const ada = await stage.person();
  const link = await stage.house.makeAccessLink(ada);
  await ada.page.goto(link);
  await ada.press('Continue');
  await ada.seesHeading('Create a passkey');
  const finder = ada.at(await stage.device());
  finder.device.expect(/status of 4\d\d/);
  await finder.page.goto(link);
  await finder.seesHeading('This link does not work any more');
});

test('after an operator removed the passkeys the password opens the account', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await stage.house.resetPasskeys(ada);
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
  await ada.typePassword();
  await ada.seesHeading('My info');
  await ada.sees('Your password is your only way in');
  await ada.getsMail('Your passkeys were removed');
  await stage.house.verifyAuditTrail();
});
