// Email and password: the second way in, and how it leads to the first.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('a password is enough without JavaScript, all the way into the application', async (stage) => {
  const ada = await stage.person({ javaScript: false });
  await ada.startAtTheClinic();
  await ada.page.locator('noscript p').waitFor();
  assert.equal(await ada.button('Log in with a passkey').isVisible(), false);
  await ada.typePassword();
  await ada.seesHeading('Next time, log in with one touch');
  await ada.press('Not now');
  await ada.isAtWork();
  await ada.sees('You signed in with a password.');
});

test('a wrong password is answered neutrally, and the email stays', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.typePassword({ password: 'not the right words' });
  await ada.isWarned('The email or the password is not right. Please check both and try again.');
  assert.equal(await ada.field('Email').inputValue(), ada.email);
  assert.equal(await ada.field('Password').inputValue(), '');
  await ada.typePassword();
  await ada.seesHeading('Next time, log in with one touch');
});

test('an unknown email is answered like a wrong password', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword({ email: 'nobody@example.org' });
  await ada.isWarned('The email or the password is not right. Please check both and try again.');
  assert.equal(await ada.field('Email').inputValue(), 'nobody@example.org');
});

test('a password alone does not open an account with a passkey', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Use your passkey');
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
});

test('password and then passkey lead into the application', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Use your passkey');
  await ada.sees(ada.email);
  await ada.touching(async () => {
    await ada.press('Use your passkey');
    await ada.isAtWork();
  });
});

test('Cancel is possible after the password too', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Use your passkey');
  await ada.press('Cancel');
  await ada.seesHeading('You are not signed in');
  await ada.sees('access_denied');
});

test('"Use another account" starts the same log-in over', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.link('Use another account').click();
  await ada.seesHeading('Log in');
  await ada.sees('Lindenhof Clinic');
});

test('a passkey that did not check who touched it is completed by the password', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.authenticator.skipVerification();
  await ada.startAtTheClinic();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading('Your password, please');
  });
  assert.equal(await ada.field('Email').inputValue(), ada.email);
  assert.equal(await ada.field('Email').isEditable(), false);
  await ada.field('Password').fill(ada.password);
  await ada.press('Log in');
  await ada.isAtWork();
});

test('password after passkey leads to the page that was asked for', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.authenticator.skipVerification();
  await ada.goTo('/account/passkeys');
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading('Your password, please');
  });
  await ada.field('Password').fill(ada.password);
  await ada.press('Log in');
  await ada.seesHeading('Manage passkeys');
});

test('after a log-in by password a passkey is offered, and creating it leads into the application', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Next time, log in with one touch');
  await ada.link('Create a passkey').click();
  await ada.seesHeading('Create a passkey');
  await ada.createPasskey('My phone');
  await ada.isAtWork();
  await ada.goTo('/account/passkeys');
  await ada.passkeyCard('My phone').waitFor();
});

test('"Not now" is remembered at the next log-in', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.press('Not now');
  await ada.isAtWork();
  await ada.press('Log out');
  await ada.link('Sign in').click();
  await ada.typePassword();
  await ada.isAtWork();
});

test('"Not now" counts on the page for creating a passkey as well', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.link('Create a passkey').click();
  await ada.press('Not now');
  await ada.isAtWork();
});

test('a password can be shown and is hidden again when it is sent', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.field('Password').fill('not the right words');
  await ada.press('Show');
  assert.equal(await ada.field('Password').getAttribute('type'), 'text');
  // Looked at when it is sent: the page that follows is another one.
  await ada.page.evaluate(() =>
    document.addEventListener('submit', ({ target }) => (sessionStorage.sentAs = target.elements.password.type)));
  await ada.press('Log in');
  await ada.isWarned('The email or the password is not right.');
  assert.equal(await ada.page.evaluate(() => sessionStorage.sentAs), 'password');
  assert.equal(await ada.field('Password').getAttribute('type'), 'password');
});
