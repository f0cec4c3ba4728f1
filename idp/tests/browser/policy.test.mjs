// Policies: what somebody has to add before they may go on, and how they are guided there.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('where a passkey is required, a password leads to creating one, and with it into the application', async (stage) => {
  const ada = await stage.person();
  await stage.house.setPolicy(ada, 'require_passkey');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Create a passkey');
  await ada.sees('Your organization asks for a passkey.');
  assert.equal(await ada.button('Not now').count(), 0);
  await ada.createPasskey('My phone');
  await ada.sees('Your way in is ready. Please log in with it.');
  await ada.sees('Lindenhof Clinic');
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isAtWork();
  });
  await ada.sees('You signed in with a passkey.');
});

test('until the required passkey is there, its person is logged in nowhere', async (stage) => {
  const ada = await stage.person();
  await stage.house.setPolicy(ada, 'require_passkey');
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('Create a passkey');
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
});

test('where a passkey is required, a code app does not do', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await stage.house.setPolicy(ada, 'require_passkey');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.enterCode();
  await ada.seesHeading('Create a passkey');
  await ada.createPasskey();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isAtWork();
  });
});

test('where a second factor is required, a passkey may be chosen', async (stage) => {
  const ada = await stage.person();
  await stage.house.setPolicy(ada, 'require_second_factor');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('One more step before you go on');
  await ada.sees('Your organization asks for more than a password.');
  await ada.link('Create a passkey').click();
  await ada.createPasskey();
  await ada.sees('Your way in is ready. Please log in with it.');
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isAtWork();
  });
});

test('where a second factor is required, a code app may be chosen', async (stage) => {
  const ada = await stage.person();
  await stage.house.setPolicy(ada, 'require_second_factor');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.press('Use a code app instead');
  await ada.typesSecret();
  await ada.keepsRecoveryCodes();
  await ada.seesHeading('Log in');
  await ada.sees('Lindenhof Clinic');
  await ada.typePassword();
  await ada.enterCode();
  await ada.seesHeading('Next time, log in with one touch');
  await ada.press('Not now');
  await ada.isAtWork();
});

test('a required code app is set up without JavaScript', async (stage) => {
  const ada = await stage.person({ javaScript: false });
  await stage.house.setPolicy(ada, 'require_second_factor');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.press('Use a code app instead');
  await ada.typesSecret();
  await ada.keepsRecoveryCodes();
  await ada.typePassword();
  await ada.enterCode();
  await ada.press('Not now');
  await ada.isAtWork();
});

test('somebody who has to add something may cancel, and the application learns it', async (stage) => {
  const ada = await stage.person();
  await stage.house.setPolicy(ada, 'require_second_factor');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('One more step before you go on');
  await ada.press('Cancel');
  await ada.seesHeading('You are not signed in');
  await ada.sees('access_denied');
});

test('where only passkeys are allowed, password and code do not open the account', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await stage.house.setPolicy(ada, 'passkey_only');
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Use your passkey');
  await ada.touching(async () => {
    await ada.press('Use your passkey');
    await ada.isAtWork();
  });
});

test('the last passkey stays where one is required', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await stage.house.setPolicy(ada, 'require_passkey');
  ada.device.expect(/status of 4\d\d/);
  await ada.deletePasskey('My phone');
  await ada.seesHeading('Your only way in');
  await ada.goTo('/account/passkeys');
  await ada.passkeyCard('My phone').waitFor();
});
