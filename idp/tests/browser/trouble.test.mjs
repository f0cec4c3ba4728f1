// Passkey requests that come to nothing: the page says why and the one next step, and goes on working.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('a passkey that the service no longer knows is named as such, and the device forgets it', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  const kept = await ada.authenticator.passkeys();
  await ada.deletePasskey('My phone');
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
  await ada.logOut();
  await ada.authenticator.keep(kept);
  await ada.goTo('/login');
  ada.device.expect(/status of 403/);
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isWarned('This passkey is no longer registered here.');
  });
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
  await ada.typePassword();
  await ada.seesHeading('My info');
});

test('the same holds for one that was picked from the email field', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  const kept = await ada.authenticator.passkeys();
  await ada.deletePasskey('My phone');
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
  await ada.logOut();
  await ada.authenticator.keep(kept);
  ada.device.expect(/status of 403/);
  await ada.authenticator.touch(true);
  await ada.goTo('/login');
  await ada.isWarned('This passkey is no longer registered here.');
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
});

test('where the browser can look at once, whoever has no passkey gets the form and no dialog', async (stage) => {
  const ada = await stage.person();
  // The browser's part is played, so that it shows how it was asked.
  await ada.page.addInitScript(() => {
    PublicKeyCredential.getClientCapabilities = async () => ({ immediateGet: true });
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
      if (options.mediation === 'conditional') return get(options);
      const { hints = [] } = options.publicKey;
      window.asked = { mode: options.uiMode ?? null, list: 'allowCredentials' in options.publicKey, hints: [...hints] };
      return Promise.reject(new DOMException('nobody here', 'NotAllowedError'));
    };
  });
  await ada.goTo('/login');
  await ada.press('Log in with a passkey');
  await ada.isWarned('No passkey was used on this device.');
  assert.deepEqual(await ada.page.evaluate(() => window.asked), { mode: 'immediate', list: false, hints: [] });
  // Somebody who names another device means a dialog, and one that leads with those.
  await ada.press('Use a phone or security key');
  await ada.isWarned('It was cancelled or took too long.');
  const { mode, hints } = await ada.page.evaluate(() => window.asked);
  assert.deepEqual({ mode, hints }, { mode: null, hints: ['hybrid', 'security-key'] });
});

for (const [refusal, text] of [
  ['SecurityError', 'Passkeys do not work at this web address.'],
  ['NotSupportedError', 'This browser or device could not use the passkey.'],
  ['InvalidStateError', 'You already have a passkey on this device'],
  ['TimeoutError', 'It was cancelled or took too long.'],
]) {
  test(`a browser that refuses with ${refusal} is explained by what can be done`, async (stage) => {
    const ada = await stage.person();
    await ada.page.addInitScript((name) => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      const refuse = () => Promise.reject(new DOMException('no', name));
      navigator.credentials.get = (options) => (options.mediation === 'conditional' ? get(options) : refuse());
      navigator.credentials.create = refuse;
    }, refusal);
    await ada.goTo('/login');
    await ada.press('Log in with a passkey');
    const alert = await ada.isWarned(text);
    await ada.eventually(async () => assert.equal(await ada.hasFocus(alert), true));
    await ada.logInWithPassword();
    await ada.goTo('/account/passkeys/create');
    await ada.press('Create a passkey');
    await ada.isWarned(text);
  });
}

test('without a passkey on this device the page points to the other ways', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.isWarned('No passkey was used on this device. Please use a phone or security key, or your email');
  });
});

test('a cancelled log-in says what to do, and the next try works', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.authenticator.recognise(false);
  await ada.touching(async () => {
    await ada.press('Use a phone or security key');
    const alert = await ada.isWarned('It was cancelled or took too long. Please try again when you are ready.');
    await ada.eventually(async () => assert.equal(await ada.hasFocus(alert), true));
  });
  await ada.authenticator.recognise(true);
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading('My info');
  });
});

test('after a cancelled log-in the email field still offers the passkey', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  await ada.authenticator.recognise(false);
  await ada.authenticator.touch(true);
  await ada.press('Use a phone or security key');
  await ada.isWarned('It was cancelled or took too long.');
  await ada.authenticator.recognise(true);
  await ada.seesHeading('My info');
});

test('the email field gets a fresh challenge before the old one expires', async (stage) => {
  const ada = await stage.person();
  await ada.page.clock.install();
  const answers = [];
  ada.page.on('response', (response) => {
    if (!response.url().endsWith('/login/passkey/options')) return;
    const answer = response.json();
    // One that nobody reads any more may be cut off by the end of the test.
    answer.catch(() => {});
    answers.push(answer);
  });
  await ada.goTo('/login');
  await ada.eventually(() => assert.equal(answers.length, 1));
  const first = await answers[0];
  // Again if the script had not looked at its clock yet.
  await ada.eventually(async () => {
    await ada.page.clock.fastForward(first.expires_in * 1000 - 1);
    assert.ok(answers.length > 1);
  });
  const second = await answers[1];
  assert.notEqual(second.publicKey.challenge, first.publicKey.challenge);
});

test('a laptop that slept through the end of a challenge gets a fresh one when it wakes', async (stage) => {
  const ada = await stage.person();
  await ada.page.clock.install();
  const challenges = [];
  ada.page.on('request', (request) => request.url().endsWith('/login/passkey/options') && challenges.push(request));
  await ada.goTo('/login');
  await ada.eventually(() => assert.equal(challenges.length, 1));
  const { expires_in: seconds } = await (await challenges[0].response()).json();
  // The clock on the wall has gone on, and no timer has.
  await ada.page.evaluate((later) => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + later;
  }, seconds * 1000);
  await ada.eventually(async () => {
    await ada.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    assert.ok(challenges.length > 1);
  });
});

test('a second press while the dialog is open does nothing', async (stage) => {
  const ada = await stage.person();
  // Without one, a browser that looks at once ends the request by itself.
  await ada.getsPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  const dialogs = [];
  ada.page.on('request', (request) => {
    const challenge = request.url().endsWith('/login/passkey/options');
    if (challenge && request.postDataJSON().mediation === 'modal') dialogs.push(request);
  });
  await ada.press('Log in with a passkey');
  await ada.page.locator('#passkey-sign-in[data-busy]').waitFor();
  for (const name of ['Log in with a passkey', 'Use a phone or security key']) {
    assert.equal(await ada.button(name).getAttribute('aria-disabled'), 'true');
    await ada.button(name).click({ force: true });
  }
  await ada.eventually(async () => assert.equal(dialogs.length, 1));
  await ada.page.locator('#passkey-sign-in[data-busy]').waitFor();
  assert.equal(dialogs.length, 1);
});

test('a cancelled confirmation after the password can be repeated', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.startAtTheClinic();
  await ada.typePassword();
  await ada.authenticator.recognise(false);
  await ada.touching(async () => {
    await ada.press('Use your passkey');
    await ada.isWarned('It was cancelled or took too long.');
  });
  await ada.authenticator.recognise(true);
  await ada.touching(async () => {
    await ada.press('Use your passkey');
    await ada.isAtWork();
  });
});

test('a cancelled creation stores nothing and can be repeated', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/passkeys/create');
  await ada.authenticator.recognise(false);
  await ada.touching(async () => {
    await ada.press('Create a passkey');
    await ada.isWarned('It was cancelled or took too long.');
  });
  await ada.authenticator.recognise(true);
  await ada.createPasskey('My phone');
  await ada.passkeyCard('My phone').waitFor();
  assert.equal(await ada.page.getByRole('article').count(), 1);
});

test('a second press on "Create a passkey" while the dialog is open does nothing', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/passkeys/create');
  const dialogs = [];
  ada.page.on('request', (request) => request.url().endsWith('/account/passkeys/options') && dialogs.push(request));
  await ada.press('Create a passkey');
  const busy = ada.page.locator('#passkey-create[data-busy]');
  await busy.waitFor();
  assert.equal(await ada.button('Create a passkey').getAttribute('aria-disabled'), 'true');
  await ada.button('Create a passkey').click({ force: true });
  await ada.page.waitForLoadState('networkidle');
  assert.equal(dialogs.length, 1);
  await busy.waitFor();
});

test('a new passkey that the service does not take is forgotten by the device, and only then', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await ada.goTo('/account/passkeys/create');
  // The server's part is played.
  let answer;
  await ada.page.route('**/account/passkeys/finish', (route) => answer(route));
  const refuse = (failure) => (route) => route.fulfill({ status: 422, json: { failure, message: `No: ${failure}.` } });
  const tries = async (means, says) => {
    answer = means;
    await ada.touching(async () => {
      await ada.press('Create a passkey');
      await ada.isWarned(says);
    });
  };
  ada.device.expect(/status of 422|ERR_FAILED/);
  await tries(refuse('passkey-rejected'), 'No: passkey-rejected.');
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
  // What got lost may have been kept by the service, and one that exists there is good.
  await tries((route) => route.abort('failed'), 'The connection was interrupted.');
  assert.equal((await ada.authenticator.passkeys()).length, 1);
  await tries(refuse('passkey-exists'), 'No: passkey-exists.');
  assert.equal((await ada.authenticator.passkeys()).length, 1);
});

for (const [name, path, button] of [
  ['logging in', '/login', 'Log in with a passkey'],
  ['creating a passkey', '/account/passkeys/create', 'Create a passkey'],
]) {
  test(`the page for ${name} is loaded anew when the browser's history brings it back`, async (stage) => {
    const ada = await stage.person();
    if (path !== '/login') await ada.logInWithPassword();
    await ada.goTo(path);
    await ada.button(button).waitFor();
    // As a browser does that kept the page as it was.
    const again = ada.page.waitForEvent('load');
    await ada.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await again;
    await ada.button(button).waitFor();
  });
}

test('an interrupted connection is named, and the next try works', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await ada.goTo('/login');
  ada.device.expect(/ERR_INTERNET_DISCONNECTED/);
  await ada.device.context.setOffline(true);
  await ada.press('Log in with a passkey');
  await ada.isWarned('The connection was interrupted. Please check it and try again.');
  await ada.device.context.setOffline(false);
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading('My info');
  });
});

test('a browser without passkeys hides the button and says why', async (stage) => {
  const ada = await stage.person();
  await ada.page.addInitScript(() => delete window.PublicKeyCredential);
  await ada.goTo('/login');
  await ada.sees('This browser does not support passkeys.');
  assert.equal(await ada.button('Log in with a passkey').count(), 0);
  await ada.typePassword();
  await ada.seesHeading('Next time, log in with one touch');
});

test('a log-in that was begun in another browser is not continued here', async (stage) => {
  const ada = await stage.person();
  await ada.startAtTheClinic();
  await ada.seesHeading('Log in');
  const stranger = ada.at(await stage.device());
  stranger.device.expect(/status of 4\d\d/);
  await stranger.page.goto(ada.page.url());
  await stranger.seesHeading('This log-in began in another browser');
});
