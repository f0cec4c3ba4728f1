// What an application may ask for beyond a log-in: that somebody makes an account, or chooses one.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('a new account begins with a passkey and ends in the application', async (stage) => {
  const nia = await stage.newcomer();
  await nia.isSentByTheClinic('create');
  await nia.seesHeading('Create an account');
  await nia.sees('Lindenhof Clinic');
  await nia.followsLinkForAccount();
  assert.equal(await nia.field('Email').inputValue(), nia.email);
  await nia.saysName();
  // A password is for those without passkeys: the script takes it out of sight.
  await nia.field('Password').waitFor({ state: 'hidden' });
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.isAtWork();
  });
  await nia.sees('You signed in with a passkey.');
  await nia.getsMail('Welcome to Portico');
  const [passkey] = await nia.authenticator.passkeys();
  assert.equal(passkey.userName, nia.email);
  await nia.logOut();
  await nia.logInWithPasskey();
  await stage.house.verifyAuditTrail();
});

test('the log-in page leads to a new account too', async (stage) => {
  const nia = await stage.newcomer();
  await nia.startAtTheClinic();
  await nia.link('Create an account').click();
  await nia.followsLinkForAccount();
  await nia.saysName();
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.isAtWork();
  });
});

test('a cancelled passkey leaves no account, and the next one makes it', async (stage) => {
  const nia = await stage.newcomer();
  await nia.isSentByTheClinic('create');
  await nia.followsLinkForAccount();
  await nia.saysName();
  await nia.authenticator.recognise(false);
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.isWarned('cancelled or took too long');
  });
  await nia.authenticator.recognise(true);
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.isAtWork();
  });
});

test('the link works on another device, which arrives at the account', async (stage) => {
  const nia = await stage.newcomer();
  await nia.isSentByTheClinic('create');
  await nia.field('Email').fill(nia.email);
  await nia.press('Continue');
  const phone = nia.at(await stage.device());
  await phone.page.goto((await nia.getsMail('Your new account')).link);
  await phone.saysName();
  await phone.touching(async () => {
    await phone.press('Create a passkey');
    await phone.seesHeading('My info');
  });
});

test('without JavaScript a password makes the account', async (stage) => {
  const nia = await stage.newcomer({ javaScript: false });
  await nia.isSentByTheClinic('create');
  await nia.followsLinkForAccount();
  await nia.saysName();
  await nia.field('Password').fill(nia.password);
  await nia.press('Create the account with a password');
  await nia.isAtWork();
  await nia.sees('You signed in with a password.');
});

test('whoever has an account is told by mail, and by nothing else', async (stage) => {
  const ada = await stage.person();
  await ada.isSentByTheClinic('create');
  await ada.field('Email').fill(ada.email);
  await ada.press('Continue');
  await ada.sees('We have sent you a message');
  await ada.getsMail('You have an account already');
  await ada.link('I have an account: log in').click();
  await ada.typePassword();
  await ada.press('Not now');
  await ada.isAtWork();
});

test('somebody who is logged in chooses to go on as they are', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.isSentByTheClinic('select_account');
  await ada.seesHeading('Choose an account');
  await ada.press('Continue as Ada Brunner');
  await ada.isAtWork();
});

test('or logs in as somebody else', async (stage) => {
  const ada = await stage.person();
  const eve = await stage.person({ givenName: 'Eve', familyName: 'Sommer', device: ada.device });
  await ada.logInWithPassword();
  await ada.isSentByTheClinic('select_account');
  await ada.press('Use another account');
  await eve.seesHeading('Log in');
  assert.equal(await eve.field('Email').inputValue(), '');
  await eve.typePassword();
  await eve.press('Not now');
  await eve.isAtWork();
});
