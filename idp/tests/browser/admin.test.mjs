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
  await olga.page.getByRole('listitem').getByRole('link', { name: 'Remove this passkey' }).click();
  await olga.press('Yes, do it');
  await olga.page.getByRole('status').waitFor();
  assert.equal(await olga.page.getByRole('link', { name: 'Remove this passkey' }).count(), 0);

  await ada.getsMail('A passkey was removed');
  await ada.goTo('/login');
  await ada.typePassword();
  await ada.seesHeading('My info');
});
