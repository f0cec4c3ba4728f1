// What holds on the way through: no mouse needed, the person's language, nothing told to strangers.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('the keyboard is enough to log in with a passkey', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.page.goto(stage.house.clinic);
  await ada.tabTo(ada.link('Sign in'));
  await ada.page.keyboard.press('Enter');
  await ada.seesHeading('Log in');
  await ada.tabTo(ada.button('Log in with a passkey'));
  await ada.touching(async () => {
    await ada.page.keyboard.press('Enter');
    await ada.isAtWork();
  });
});

test('the keyboard is enough to log in with a password', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
  await ada.tabTo(ada.field('Email'));
  await ada.page.keyboard.type(ada.email);
  await ada.tabTo(ada.field('Password'));
  await ada.page.keyboard.type(ada.password);
  await ada.page.keyboard.press('Enter');
  await ada.seesHeading('Next time, log in with one touch');
  await ada.tabTo(ada.button('Not now'));
  await ada.page.keyboard.press('Enter');
  await ada.isAtWork();
});

test('the cursor waits in the email field', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(ada.field('Email')), true));
});

test('where a passkey worked before, its button waits for the Enter key', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.logInWithPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(ada.button('Log in with a passkey')), true));
});

test('after a mistake the focus is on its explanation', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword({ password: 'not the right words' });
  const alert = await ada.isWarned('The email or the password is not right.');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(alert), true));
});

test('after a mistake the focus is on its explanation where a passkey worked before, too', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.logInWithPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword({ password: 'not the right words' });
  const alert = await ada.isWarned('The email or the password is not right.');
  await ada.page.waitForLoadState('networkidle');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(alert), true));
});

test('somebody whose browser speaks German reads German', async (stage) => {
  const ada = await stage.person({ locale: 'de-CH' });
  await ada.startAtTheClinic();
  await ada.seesHeading('Anmelden');
  await ada.button('Mit Passkey anmelden').waitFor();
  assert.equal(await ada.page.locator('html').getAttribute('lang'), 'de');
  await ada.touching(async () => {
    await ada.press('Mit Passkey anmelden');
    await ada.isWarned('Auf diesem Gerät');
  });
});

test('the application may ask for a language', async (stage) => {
  const ada = await stage.person();
  await ada.page.goto(stage.house.authorizeUrl({ ui_locales: 'fr de' }));
  await ada.seesHeading('Anmelden');
});

test('somebody whose language is not there reads English', async (stage) => {
  const ada = await stage.person({ locale: 'fi-FI' });
  await ada.goTo('/login');
  await ada.seesHeading('Log in');
});

test('no page asks anything of another host', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.goTo('/account');
  await ada.goTo('/help/passkeys');
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
  assert.deepEqual([...ada.device.hosts], ['localhost']);
});

test('after the log-in comes the page that was asked for', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/account/passkeys');
  await ada.seesHeading('Log in');
  await ada.typePassword();
  await ada.press('Not now');
  await ada.seesHeading('Manage passkeys');
});

test('after logging out, the way back in the browser shows nothing', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/passkeys');
  await ada.logOut();
  await ada.page.goBack();
  await ada.seesHeading('Log in');
});

test('times are shown in the time zone of the reader', async (stage) => {
  const ada = await stage.person({ timezoneId: 'Pacific/Auckland' });
  await ada.logInWithPassword();
  const time = ada.page.locator('time').first();
  const shown = await time.evaluate((element) => {
    const options = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Pacific/Auckland' };
    return new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date(element.dateTime));
  });
  assert.equal(await time.textContent(), shown);
  assert.match(await time.getAttribute('title'), /UTC$/);
});
