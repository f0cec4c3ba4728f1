// Signing in to an application, from its front page and back, and what the application gets.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('the log-in page names the application that asks before anything is typed', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
  await ada.sees('Lindenhof Clinic');
  await ada.sees(new URL(stage.house.clinic).hostname);
  assert.equal(await ada.link('Privacy policy').getAttribute('href'), `${stage.house.clinic}/policy`);
  assert.equal(await ada.link('Terms of use').getAttribute('href'), `${stage.house.clinic}/terms`);
});

test('a passkey leads into the application without email, password or code', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isAtWork();
  });
  await ada.sees('You signed in with a passkey.');
});

test('a passkey picked from the email field leads into the application at once', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.authenticator.touch(true);
  const asked = ada.page.waitForRequest('**/login/passkey/options');
  await ada.startAtTheClinic();
  await ada.isAtWork();
  assert.equal((await asked).postDataJSON().mediation, 'conditional');
});

test('the choice of a phone or security key leads into the application', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.touching(async () => {
    await ada.press('Use a phone or security key');
    await ada.isAtWork();
  });
});

test('the application can refresh its tokens and ask who is there', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.startAtTheClinic();
  await ada.isAtWork();
  await ada.press('Refresh tokens');
  await ada.sees('Tokens refreshed 1 times.');
  await ada.press('Refresh tokens');
  await ada.sees('Tokens refreshed 2 times.');
  await ada.press('Who am I?');
  await ada.sees('Ada Brunner <ada@example.org>');
});

test('somebody who is logged in already is not asked again', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.startAtTheClinic();
  await ada.isAtWork();
});

test('logging out at the application ends the log-in at the provider too', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.startAtTheClinic();
  await ada.isAtWork();
  await ada.press('Log out');
  await ada.page.waitForURL(`${stage.house.clinic}/`);
  await ada.link('Sign in').click();
  await ada.button('Log in with a passkey').waitFor();
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
});

test('Cancel leads back to the application, which learns that it was declined', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.press('Cancel');
  await ada.seesHeading('You are not signed in');
  await ada.sees('access_denied');
  assert.equal(new URL(ada.page.url()).origin, stage.house.clinic);
});

test('an application that needs consent gets nothing before "Allow"', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.page.goto(stage.house.authorizeUrl({ client_id: 'laboratory' }));
  await ada.seesHeading('Allow access?');
  await ada.sees('City Laboratory would like to:');
  await ada.sees('See your email address');
  const answered = ada.page.waitForRequest(`${stage.house.clinic}/callback?**`);
  // The clinic did not start this one and says so.
  ada.device.expect(/status of 502/);
  await ada.press('Allow');
  assert.ok(new URL((await answered).url()).searchParams.get('code'));
});

test('consent that is declined is an answer too', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.page.goto(stage.house.authorizeUrl({ client_id: 'laboratory' }));
  const answered = ada.page.waitForRequest(`${stage.house.clinic}/callback?**`);
  ada.device.expect(/status of 502/);
  await ada.press('Cancel');
  assert.equal(new URL((await answered).url()).searchParams.get('error'), 'access_denied');
});
