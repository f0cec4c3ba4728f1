// Codes after the password: from an app on the phone, or from paper.

import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from './harness.mjs';

test('a code app is set up by typing its secret', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/two-factor');
  await ada.sees('No code app');
  await ada.setsUpCodeApp();
  await ada.sees('After your password we ask for the six digits it shows.');
  await ada.getsMail('Your code app was turned on');
});

test('a code app is on only after a right code', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/two-factor');
  await ada.press('Set up a code app');
  await ada.enterCode('000000');
  await ada.isWarned('This code is not right, or was used already.');
  await ada.goTo('/account/two-factor');
  await ada.sees('No code app');
  await ada.press('Set up a code app');
  await ada.typesSecret();
  await ada.seesHeading('Your recovery codes');
});

test('with the code app come ten recovery codes', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  assert.equal(new Set(ada.recoveryCodes).size, 10);
  for (const code of ada.recoveryCodes) assert.match(code, /^(\w{4}-){3}\w{4}$/);
  await ada.sees('You have 10 recovery codes left');
});

test('password and code lead into the application', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Enter your code');
  await ada.sees(ada.email);
  await ada.sees('Lindenhof Clinic');
  await ada.enterCode();
  await ada.isAtWork();
});

test('the cursor waits for the code', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('Enter your code');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(ada.field('Verification code')), true));
});

test('a wrong code is explained, and the next one works', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.enterCode(ada.codeApp.wrongCode());
  const alert = await ada.isWarned('This code is not right, or was used already. Please enter the one your app shows now.');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(alert), true));
  await ada.enterCode();
  await ada.isAtWork();
});

test('a code works once', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.logOut();
  const code = await ada.codeApp.code();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.enterCode(code);
  await ada.seesHeading('My info');
  const stranger = ada.at(await stage.device());
  await stranger.goTo('/login');
  await stranger.typePassword();
  await stranger.enterCode(code);
  await stranger.isWarned('This code is not right, or was used already.');
});

test('the password alone does not open an account with a code app', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('Enter your code');
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
});

test('a passkey instead of the code completes the log-in', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Enter your code');
  await ada.touching(async () => {
    await ada.press('Use a passkey instead');
    await ada.isAtWork();
  });
  await ada.sees('You signed in with a passkey.');
});

test('after a passkey no code is asked for', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.setsUpCodeApp();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isAtWork();
  });
});

test('password and code are enough where the passkey is not at hand', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.setsUpCodeApp();
  const elsewhere = ada.at(await stage.device());
  await elsewhere.startAtTheClinic();
  await elsewhere.typePassword();
  await elsewhere.enterCode();
  await elsewhere.isAtWork();
});

test('password and code work without JavaScript', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  const plain = ada.at(await stage.device({ javaScript: false }));
  await plain.startAtTheClinic();
  await plain.typePassword();
  await plain.seesHeading('Enter your code');
  assert.equal(await plain.button('Use a passkey instead').isVisible(), false);
  await plain.enterCode(plain.codeApp.wrongCode());
  await plain.isWarned('This code is not right, or was used already.');
  await plain.enterCode();
  await plain.seesHeading('Next time, log in with one touch');
  await plain.press('Not now');
  await plain.isAtWork();
});

test('after the code app is turned off nobody asks for codes', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.link('Turn it off').click();
  await ada.seesHeading('Turn off the code app?');
  await ada.sees('Your password alone opens the account afterwards.');
  await ada.press('Turn it off');
  await ada.sees('Your code app is off.');
  await ada.getsMail('Your code app was turned off');
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('My info');
});

test('turning the code app off asks first, and Cancel leaves it on', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  await ada.link('Turn it off').click();
  await ada.seesHeading('Turn off the code app?');
  await ada.link('Cancel').click();
  await ada.sees('Your code app is on');
});

test('recovery codes can be printed, and downloaded as a text file', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.page.addInitScript(() => (window.print = () => (window.printed = true)));
  await ada.goTo('/account/two-factor');
  await ada.press('Make recovery codes');
  await ada.press('Print');
  assert.equal(await ada.page.evaluate(() => window.printed), true);
  const begun = ada.page.waitForEvent('download');
  await ada.press('Download as a file');
  const download = await begun;
  assert.equal(download.suggestedFilename(), 'recovery-codes.txt');
  const file = await text(await download.createReadStream());
  await ada.keepsRecoveryCodes();
  assert.equal(ada.recoveryCodes.length, 10);
  assert.deepEqual(file.split('\n').filter((line) => ada.recoveryCodes.includes(line)), ada.recoveryCodes);
  assert.match(file, /^Portico$/m);
});

test('without JavaScript recovery codes are downloaded, and the browser prints them', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.setsUpCodeApp();
  const plain = ada.at(await stage.device({ javaScript: false }));
  await plain.goTo('/account/two-factor');
  await plain.typePassword();
  await plain.enterCode();
  await plain.press('Not now');
  await plain.press('Make a new set');
  await plain.seesHeading('Your recovery codes');
  assert.equal(await plain.page.getByRole('button', { name: 'Print' }).count(), 0);
  const begun = plain.page.waitForEvent('download');
  await plain.press('Download as a file');
  assert.equal((await begun).suggestedFilename(), 'recovery-codes.txt');
});

test('recovery codes are shown once', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.makesRecoveryCodes();
  await ada.page.goBack();
  await ada.eventually(async () => {
    const page = await ada.page.content();
    assert.deepEqual(ada.recoveryCodes.filter((code) => page.includes(code)), []);
  });
});

test('a new set of recovery codes takes the place of the old one', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.makesRecoveryCodes();
  const [old] = ada.recoveryCodes;
  await ada.press('Make a new set');
  await ada.seesHeading('Your recovery codes');
  await ada.keepsRecoveryCodes();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.link('Use a recovery code').click();
  await ada.enterRecoveryCode(old);
  await ada.isWarned('This recovery code is not right, or was used already. Please try another one.');
  await ada.enterRecoveryCode(ada.recoveryCodes[0]);
  await ada.seesHeading('Create a new passkey now');
});
