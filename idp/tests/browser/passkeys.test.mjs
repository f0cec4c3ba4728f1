// The life of a passkey on the account pages, in step with the device that keeps it.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('a new passkey is listed with its name, its use and where it is kept', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  const card = ada.passkeyCard('My phone');
  await card.getByText('Not yet').waitFor();
  await card.getByText('Synced across your devices').waitFor();
  await ada.logOut();
  await ada.logInWithPasskey();
  await ada.goTo('/account/passkeys');
  await card.getByText('You logged in with this one').waitFor();
  await card.getByText('Not yet').waitFor({ state: 'detached' });
});

test('a new passkey is confirmed', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.sees('Your passkey is saved. You can log in with it from now on.');
});

test('a passkey can be renamed', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.passkeyCard('My phone').getByRole('link', { name: 'Rename', exact: true }).click();
  assert.equal(await ada.field('Passkey name').inputValue(), 'My phone');
  await ada.field('Passkey name').fill('Old phone');
  await ada.press('Save');
  await ada.passkeyCard('Old phone').waitFor();
  await ada.sees('The new name is saved.');
  assert.equal(await ada.passkeyCard('My phone').count(), 0);
});

test('a passkey needs a name', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.passkeyCard('My phone').getByRole('link', { name: 'Rename', exact: true }).click();
  await ada.field('Passkey name').fill('   ');
  await ada.press('Save');
  await ada.sees('Please give the passkey a name.');
});

test('a deleted passkey is gone here and on the device', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  assert.equal((await ada.authenticator.passkeys()).length, 1);
  await ada.deletePasskey('My phone');
  await ada.sees('The passkey is deleted.');
  await ada.seesHeading('No passkeys yet');
  await ada.eventually(async () => assert.deepEqual(await ada.authenticator.passkeys(), []));
});

test('deleting asks first, and Cancel keeps the passkey', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.passkeyCard('My phone').getByRole('link', { name: 'Delete', exact: true }).click();
  await ada.sees('It will stop working here at once. This can not be undone.');
  await ada.link('Cancel').click();
  await ada.passkeyCard('My phone').waitFor();
});

test('deleting the passkey of this log-in ends the log-in', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.logOut();
  await ada.logInWithPasskey();
  await ada.deletePasskey('My phone');
  await ada.seesHeading('The passkey is deleted');
  await ada.link('Log in again').click();
  await ada.seesHeading('Log in');
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
});

test('deleting a passkey ends the log-ins that it began on other devices', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('Shared by my devices');
  const elsewhere = ada.at(await stage.device());
  await elsewhere.authenticator.keep(await ada.authenticator.passkeys());
  await elsewhere.logInWithPasskey();
  await ada.deletePasskey('Shared by my devices');
  await ada.seesHeading('Manage passkeys');
  await elsewhere.goTo('/account');
  await elsewhere.seesHeading('Log in');
});

test('after the last passkey is deleted the password opens the account again', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.deletePasskey('My phone');
  await ada.seesHeading('No passkeys yet');
  await ada.logOut();
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('My info');
});

test('a passkey of this device is not made twice', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  await ada.link('Create a passkey').click();
  await ada.touching(async () => {
    await ada.press('Create a passkey');
    await ada.isWarned('You already have a passkey on this device');
  });
  await ada.goTo('/account/passkeys');
  assert.equal(await ada.page.getByRole('article').count(), 1);
});

test('two devices have a passkey each', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  const desk = ada.at(await stage.device());
  await desk.authenticator.keep(await ada.authenticator.passkeys());
  await desk.logInWithPasskey();
  // The synced copy goes, so that this device may make one of its own.
  await desk.authenticator.forget(await ada.authenticator.passkeys());
  await desk.goTo('/account/passkeys/create');
  await desk.createPasskey('Desk computer');
  await desk.passkeyCard('My phone').waitFor();
  await desk.passkeyCard('Desk computer').waitFor();
  assert.equal((await desk.authenticator.passkeys()).length, 1);
});

test('the device learns how the account is called', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey('My phone');
  const [passkey] = await ada.authenticator.passkeys();
  await ada.authenticator.forget([passkey]);
  await ada.authenticator.keep([{ ...passkey, userName: 'a-former-address@example.org', userDisplayName: 'Ada' }]);
  await ada.goTo('/account/passkeys');
  await ada.eventually(async () => {
    const [kept] = await ada.authenticator.passkeys();
    assert.equal(kept.userName, 'ada@example.org');
    assert.equal(kept.userDisplayName, 'Ada Brunner');
  });
});
