// The first minutes of a new installation: the operator's account and first passkey.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('the printed link leads the operator to an account with a passkey', async (stage) => {
  const operator = await stage.operator();
  await operator.openSetUpLink();
  await operator.fillSetUp();
  await operator.seesHeading('Create a passkey');
  await operator.createPasskey();
  await operator.seesHeading('Manage passkeys');
  await operator.passkeyCard('Passkey').waitFor();
});

test('a new passkey is offered a name, which can be replaced before it is saved', async (stage) => {
  const operator = await stage.operator();
  await operator.openSetUpLink();
  await operator.fillSetUp();
  await operator.touching(async () => {
    await operator.press('Create a passkey');
    await operator.seesHeading('Your passkey is ready');
  });
  assert.equal(await operator.field('Passkey name').inputValue(), 'Passkey');
  await operator.field('Passkey name').fill('Office laptop');
  await operator.press('Save');
  await operator.passkeyCard('Office laptop').waitFor();
});

test('the operator may do without a passkey for now', async (stage) => {
  const operator = await stage.operator();
  await operator.openSetUpLink();
  await operator.fillSetUp();
  await operator.press('Not now');
  await operator.seesHeading('My info');
  await operator.sees('Your password is your only way in');
});

test('a short password is refused by its field, and what was typed stays', async (stage) => {
  const operator = await stage.operator();
  await operator.openSetUpLink();
  await operator.fillSetUp({ password: 'too short' });
  await operator.isWarned('One field needs another look.');
  await operator.sees('This password is too short.');
  assert.equal(await operator.field('Email').inputValue(), operator.email);
  assert.equal(await operator.field('Password').getAttribute('aria-invalid'), 'true');
  await operator.field('Password').fill(operator.password);
  await operator.press('Continue');
  await operator.seesHeading('Create a passkey');
});

test('the link works once', async (stage) => {
  const operator = await stage.operator();
  await operator.setUp();
  operator.device.expect(/status of 4\d\d/);
  await operator.page.goto(stage.house.setUpLink);
  await operator.seesHeading('Set-up is complete');
});

test('the operator can log in with the new passkey', async (stage) => {
  const operator = await stage.operator();
  await operator.setUp();
  await operator.logOut();
  await operator.logInWithPasskey();
  await operator.sees('Last log-in, with a passkey:');
});
