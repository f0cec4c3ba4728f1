// Somebody is invited to an organization: from the mail to being one of its people.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';

const SUBJECT = 'You are invited to Lindenhof Clinic';
const TITLE = 'Join Lindenhof Clinic?';

test('somebody new goes from the mail to a passkey and is logged in', async (stage) => {
  const nia = await stage.newcomer();
  await stage.house.makeOrganization('passkey_only');
  await stage.house.invite(nia, 'reception');
  await nia.page.goto((await nia.getsMail(SUBJECT)).link);
  await nia.seesHeading(TITLE);
  await nia.sees('As: reception');
  await nia.saysName();
  assert.equal(await nia.field('Password').count(), 0, 'the organization takes nothing but passkeys');
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.seesHeading('My info');
  });
  await nia.getsMail('Welcome to Portico');
  await nia.logOut();
  await nia.logInWithPasskey();
  assert.match(await stage.house.members(), /nia@example\.org/);
  await stage.house.verifyAuditTrail();
});

test('somebody with an account logs in with their passkey and says yes', async (stage) => {
  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  await stage.house.makeOrganization('require_passkey');
  await stage.house.invite(ada, 'reception');
  await ada.page.goto((await ada.getsMail(SUBJECT)).link);
  await ada.seesHeading(TITLE);
  await ada.link('Log in to join').click();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading(TITLE);
  });
  await ada.press('Join');
  await ada.seesHeading('My info');
  await ada.getsMail('You belong to Lindenhof Clinic now');
  assert.match(await stage.house.members(), /ada@example\.org/);
});

test('somebody with a password only makes a passkey first, where one is asked for', async (stage) => {
  const ada = await stage.person();
  await stage.house.makeOrganization('require_passkey');
  await stage.house.invite(ada, 'reception');
  await ada.logInWithPassword();
  const { link } = await ada.getsMail(SUBJECT);
  await ada.page.goto(link);
  await ada.sees('The organization asks for a passkey');
  await ada.link('Create a passkey').click();
  await ada.createPasskey();
  await ada.sees('Please log in once more');
  await ada.link('Log in').click();
  await ada.touching(async () => {
    await ada.press('Log in with a passkey');
    await ada.seesHeading(TITLE);
  });
  await ada.press('Join');
  await ada.seesHeading('My info');
});

test('at somebody else’s desk, nobody joins by mistake', async (stage) => {
  const ada = await stage.person();
  await ada.logInWithPassword();
  await stage.house.makeOrganization('free');
  const nia = (await stage.newcomer()).at(ada.device);
  await stage.house.invite(nia, 'reception');
  await nia.page.goto((await nia.getsMail(SUBJECT)).link);
  await nia.sees('You are logged in as ada@example.org');
  await nia.press('Log out and go on as nia@example.org');
  await nia.saysName();
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.seesHeading('My info');
  });
  assert.doesNotMatch(await stage.house.members(), /ada@example\.org/);
});

test('an administrator invites somebody in the console, and takes it back', async (stage) => {
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  await stage.house.makeOrganization('free');
  const nia = await stage.newcomer();
  await olga.link('Administration').click();
  await olga.link('Organizations').click();
  await olga.link('Lindenhof Clinic').click();
  await olga.link('Invite somebody').click();
  await olga.field('Email').fill(nia.email);
  await olga.page.getByRole('checkbox', { name: 'reception', exact: true }).check();
  await olga.press('Send the invitation');
  await olga.page.getByRole('status').waitFor();
  const { link } = await nia.getsMail('Olga Keller invites you to Lindenhof Clinic');
  await olga.link('Take back').click();
  await olga.press('Yes, do it');
  await olga.page.getByRole('status').waitFor();
  nia.device.expect(/status of 410/);
  await nia.page.goto(link);
  await nia.seesHeading('This invitation can not be accepted');
  await nia.sees('It was taken back.');
});
