// The administrators' console, as whoever looks after people uses it.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

test('an operator finds somebody who lost a device, removes the passkey, and they are back in with their password', async (stage) => {
  const olga = await stage.operator();
  await olga.setUp();
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await olga.logOut();
  await olga.logInWithPasskey();

  await olga.link('Administration').click();
  await olga.link('People').click();
  await olga.field('Name or email begins with').fill('ada');
  await olga.press('Search');
  await olga.link('Ada Brunner').click();
  await olga.seesHeading('Ada Brunner');
  await olga.link('Passkeys and factors').click();
  await olga.page.getByRole('listitem').getByRole('link', { name: 'Remove this passkey' }).click();
  await olga.press('Yes, do it');
  await olga.page.getByRole('status').waitFor();
  assert.equal(await olga.page.getByRole('link', { name: 'Remove this passkey' }).count(), 0);

  await ada.getsMail('A passkey was removed');
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('My info');
});

test('an operator finds a record of the audit log, comes back to where they were, and takes the log along', async (stage) => {
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  await olga.goTo('/admin/audit');
  await olga.page.getByLabel('What happened').selectOption('Logged in');
  await olga.press('Search');
  const list = olga.page.url();
  await olga.page.getByRole('rowheader').getByRole('link').first().click();
  await olga.seesHeading('What it says');
  await olga.link('Back to the audit log').click();
  await olga.page.waitForURL((url) => url.pathname === '/admin/audit' && url.searchParams.get('kind') === 'signed-in');
  await olga.page.goBack();
  await olga.page.goBack();
  assert.equal(olga.page.url(), list);
  const [file] = await Promise.all([olga.page.waitForEvent('download'), olga.press('Export as CSV')]);
  assert.equal(file.suggestedFilename(), 'audit.csv');
});

test('an operator replaces the keys in an emergency, after a page that says what it does', async (stage) => {
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  await olga.goTo('/admin/keys');
  const before = await olga.page.getByRole('row').allInnerTexts();
  await olga.link('Replace all keys in an emergency').click();
  await olga.sees('No token that was signed before is worth anything');
  await olga.press('Yes, do it');
  await olga.sees('All keys are replaced.');
  assert.notDeepEqual(await olga.page.getByRole('row').allInnerTexts(), before);
});

test('whoever knows the keyboard goes to a page and to a person without the mouse', async (stage) => {
  await stage.person();
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  await olga.goTo('/admin');
  await olga.page.keyboard.press('Control+k');
  await olga.page.keyboard.type('heal');
  await olga.page.keyboard.press('Enter');
  await olga.seesHeading('Health');
  await olga.page.keyboard.press('Control+k');
  await olga.page.keyboard.type('ada@');
  await olga.page.getByRole('option', { name: 'Ada Brunner' }).waitFor();
  await olga.page.keyboard.press('Enter');
  await olga.seesHeading('Ada Brunner');
  await olga.page.keyboard.press('Control+k');
  await olga.page.keyboard.press('Escape');
  await olga.page.getByRole('dialog').waitFor({ state: 'hidden' });
});

test('the console works without scripts', async (stage) => {
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  const cookies = await olga.device.context.cookies();
  const plain = await stage.device({ javaScript: false, authenticator: false });
  await plain.context.addCookies(cookies);
  for (const path of ['', '/audit', '/keys', '/jobs', '/health', '/mails', '/risk']) {
    const answer = await plain.page.goto(new URL(`/admin${path}`, olga.page.url()).href);
    assert.equal(answer.status(), 200, path);
    assert.equal(await plain.page.getByRole('dialog').count(), 0, path);
  }
});

test('an operator makes a clinic and invites its first administrator, who finds somebody in the parts of their page', async (stage) => {
  await stage.person();
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  await olga.goTo('/admin/organizations');
  await olga.link('Make an organization').click();
  await olga.page.getByLabel('Name', { exact: true }).fill('Praxis Müller');
  await olga.press('Make it');
  await olga.seesHeading('Invite somebody');
  assert.equal(await olga.page.getByRole('checkbox', { name: 'Administrator' }).isChecked(), true);
  await olga.field('Email').fill('ada@example.org');
  await olga.press('Send the invitation');
  await olga.sees('on its way by mail');
  await olga.sees('praxis-mueller');

  await olga.goTo('/admin/people?q=ada');
  await olga.link('Ada Brunner').click();
  for (const part of ['Passkeys and factors', 'Devices', 'Organizations', 'Activity', 'JSON']) {
    await olga.page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('link', { name: part }).click();
    await olga.page.locator('.parts a[aria-current="page"]', { hasText: part }).waitFor();
  }
  await olga.page.goBack();
  await olga.page.locator('.parts a[aria-current="page"]', { hasText: 'Activity' }).waitFor();
});
