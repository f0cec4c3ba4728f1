// From passwords to passkeys: the offer after a log-in, passkeys that browsers make by themselves, and
// browsers that learn what works here.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from './harness.mjs';

// The offer.

test('"This is a shared computer" is heard for everybody in that browser', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.press('This is a shared computer: do not ask here');
  await ada.isAtWork();
  await ada.press('Log out');
  const boris = await stage.person({ givenName: 'Boris', familyName: 'Suter', device: ada.device });
  await boris.startAtTheClinic();
  await boris.typePassword();
  await boris.isAtWork();
});

test('"This is a shared computer" says nothing about other computers', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.press('This is a shared computer: do not ask here');
  await ada.seesHeading('My info');
  const atHome = ada.at(await stage.device());
  await atHome.goTo('/login');
  await atHome.typePassword();
  await atHome.seesHeading('Next time, log in with one touch');
});

test('"Not now" is heard for one person, not for the next one in the same browser', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.logOut();
  const boris = await stage.person({ givenName: 'Boris', familyName: 'Suter', device: ada.device });
  await boris.goTo('/login');
  await boris.typePassword();
  await boris.seesHeading('Next time, log in with one touch');
});

test('a shared computer does not lead with the passkey of whoever was there before', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.press('This is a shared computer: do not ask here');
  await ada.addsPasskey();
  await ada.logOut();
  await ada.logInWithPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.eventually(async () => assert.equal(await ada.hasFocus(ada.field('Email')), true));
});

test('after a log-in with a phone or security key a passkey for this device is offered', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  const desk = ada.at(await stage.device({ authenticator: 'usb' }));
  await desk.authenticator.keep(await ada.authenticator.passkeys());
  // No password was typed here, so none can become a passkey by itself.
  await desk.page.addInitScript(() => (PublicKeyCredential.getClientCapabilities = async () => ({ conditionalCreate: true })));
  const asked = [];
  desk.page.on('request', (request) => request.url().endsWith('/account/passkeys/options') && asked.push(request));
  await desk.startAtTheClinic();
  await desk.touching(async () => {
    await desk.press('Use a phone or security key');
    await desk.seesHeading('A passkey for this device too?');
  });
  await desk.page.waitForLoadState('networkidle');
  assert.deepEqual(asked, []);
  await desk.press('Not now');
  await desk.isAtWork();
});

// Passkeys that the browser makes by itself.

test('a password log-in becomes a passkey by itself where the browser can', async (stage) => {
  const ada = await stage.person();
  await ada.device.upgradesPasswords();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('Your passkey is ready');
  await ada.press('Save');
  await ada.passkeyCard('Passkey').waitFor();
  assert.equal((await ada.authenticator.passkeys()).length, 1);
  const mail = await ada.getsMail('Your browser made you a passkey');
  assert.match(mail.text, /your password manager made the passkey “Passkey”/);
});

test('a passkey that came by itself leads on into the application', async (stage) => {
  const ada = await stage.person();
  await ada.device.upgradesPasswords();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.seesHeading('Your passkey is ready');
  await ada.press('Save');
  await ada.isAtWork();
});

test('a passkey that came by itself is completed by the password once, and then is enough', async (stage) => {
  const ada = await stage.person();
  await ada.device.upgradesPasswords();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.press('Save');
  await ada.logOut();
  await ada.authenticator.answerAsked();
  await ada.goTo('/login');
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading('Your password, please');
  });
  await ada.field('Password').fill(ada.password);
  await ada.press('Log in');
  await ada.seesHeading('My info');
  await ada.logOut();
  await ada.logInWithPasskey();
});

test('where the browser makes no passkey by itself the offer stays', async (stage) => {
  const ada = await stage.person();
  await ada.device.upgradesPasswords();
  await ada.authenticator.recognise(false);
  const asked = ada.page.waitForRequest('**/account/passkeys/options');
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('Next time, log in with one touch');
  assert.equal((await asked).postDataJSON().mediation, 'conditional');
  await ada.press('Not now');
  await ada.seesHeading('My info');
  await ada.goTo('/account/passkeys');
  await ada.seesHeading('No passkeys yet');
});

test('a passkey that came by itself and is not taken is forgotten by the browser', async (stage) => {
  const ada = await stage.person();
  await ada.device.upgradesPasswords();
  ada.device.expect(/status of 422/);
  // The server's part is played.
  const refusal = { failure: 'passkey-rejected', message: 'No.' };
  await ada.page.route('**/account/passkeys/finish', (route) => route.fulfill({ status: 422, json: refusal }));
  const finished = ada.page.waitForResponse('**/account/passkeys/finish');
  await ada.goTo('/login');
  await ada.typePassword();
  await finished;
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
  await ada.seesHeading('Next time, log in with one touch');
});

test('whoever decides for themselves is not overtaken by a passkey that comes by itself', async (stage) => {
  const ada = await stage.person();
  await ada.device.upgradesPasswords();
  let finished = 0;
  ada.page.on('request', (request) => (finished += request.url().endsWith('/account/passkeys/finish') ? 1 : 0));
  // The challenge comes only after the decision.
  let decided;
  const decision = new Promise((done) => (decided = done));
  await ada.page.route('**/account/passkeys/options', async (route) => {
    await decision;
    await route.continue().catch(() => {});
  });
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('Next time, log in with one touch');
  // The click is heard, and the page stays until the next one has come.
  await ada.page.route('**/login/not-now', async (route) => {
    decided();
    await ada.page.waitForTimeout(1500);
    await route.continue();
  });
  await ada.press('Not now');
  await ada.seesHeading('My info');
  assert.equal(finished, 0);
  assert.deepEqual(await ada.authenticator.passkeys(), []);
});

test('no passkey comes by itself on a shared computer', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.press('This is a shared computer: do not ask here');
  await ada.logOut();
  await ada.device.upgradesPasswords();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('My info');
  await ada.goTo('/account/passkeys');
  await ada.seesHeading('No passkeys yet');
  assert.deepEqual(await ada.authenticator.passkeys(), []);
});

// Both sides in step.

/** Another passkey for the same account, which is known to the device and not to the service. */
function staleCopyOf(passkey) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...passkey,
    credentialId: randomBytes(16).toString('base64'),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    signCount: 1,
  };
}

test('with a log-in the device learns how the account is called now', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  const [passkey] = await ada.authenticator.passkeys();
  await ada.authenticator.forget([passkey]);
  await ada.authenticator.keep([{ ...passkey, userName: 'a-former-address@example.org', userDisplayName: 'Ada' }]);
  // Into the application, so that no page of the account tells the device.
  await ada.startAtTheClinic();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isAtWork();
  });
  await ada.eventually(async () => {
    const [kept] = await ada.authenticator.passkeys();
    assert.equal(kept.userName, 'ada@example.org');
    assert.equal(kept.userDisplayName, 'Ada Brunner');
  });
});

test('with a log-in the browser forgets passkeys of the account that do not work any more', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  const [passkey] = await ada.authenticator.passkeys();
  // An authenticator keeps one passkey for an account, so the stale one is on another.
  const key = await ada.device.plugInSecurityKey();
  await key.keep([staleCopyOf(passkey)]);
  await ada.startAtTheClinic();
  // After the password the passkey is asked for by name, so it is the right one that answers.
  await ada.typePassword();
  await ada.touching(async () => {
    await ada.press('Use your passkey');
    await ada.isAtWork();
  });
  await ada.eventually(async () => assert.deepEqual(await key.passkeys(), []));
  const kept = await ada.authenticator.passkeys();
  assert.deepEqual(kept.map(({ credentialId }) => credentialId), [passkey.credentialId]);
});
