// Whole stories of the console: of somebody who is invited and loses a device, of an application and its secrets, and of
// an audit log that somebody changes behind our back.

import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from './harness.mjs';

/** An operator who is logged in by a passkey, as the console wants it. */
async function operator(stage) {
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  return olga;
}

/** From the list of people to somebody's page. */
async function find(administrator, person) {
  await administrator.goTo('/admin/people');
  await administrator.field('Name or email begins with').fill(person.familyName);
  await administrator.press('Search');
  await administrator.link(person.name).click();
  await administrator.seesHeading(person.name);
}

async function saysYes(administrator, text) {
  await administrator.press('Yes, do it');
  await administrator.page.getByRole('status').getByText(text).waitFor();
}

test('the administrator of a clinic invites somebody, and brings them back in when they have lost their device', async (stage) => {
  const carla = await stage.person({ givenName: 'Carla', familyName: 'Meier' });
  await stage.house.makeOrganization('passkey_only');
  await stage.house.addMember(carla, 'administrator');
  // Whoever administers a clinic that takes nothing but passkeys begins with one.
  await carla.page.goto(await stage.house.makeAccessLink(carla));
  await carla.press('Continue');
  await carla.createPasskey();
  await carla.touching(async () => {
    await carla.press('Log in with a passkey');
    await carla.seesHeading('My info');
  });

  const nia = await stage.newcomer();
  await carla.link('Administration').click();
  await carla.link('Organizations').click();
  await carla.link('Lindenhof Clinic').click();
  await carla.link('Invite somebody').click();
  await carla.field('Email').fill(nia.email);
  await carla.page.getByRole('checkbox', { name: 'reception', exact: true }).check();
  await carla.press('Send the invitation');
  await carla.page.getByRole('status').waitFor();
  await nia.page.goto((await nia.getsMail('Carla Meier invites you to Lindenhof Clinic')).link);
  await nia.saysName();
  await nia.touching(async () => {
    await nia.press('Create a passkey');
    await nia.seesHeading('My info');
  });

  // The device is gone, with the passkey in it and the log-in on it.
  const elsewhere = nia.at(await stage.device());
  await find(carla, nia);
  await carla.link('Passkeys and factors').click();
  await carla.page.getByRole('listitem').getByRole('link', { name: 'Remove this passkey' }).click();
  await saysYes(carla, /removed/);
  assert.equal(await carla.page.getByRole('link', { name: 'Remove this passkey' }).count(), 0);
  await nia.getsMail('A passkey was removed');
  await carla.link('Overview').click();
  await carla.link('Send an access link').click();
  await carla.field('Minutes that the link works, 5 to 1440').fill('30');
  await saysYes(carla, 'The link is on its way by mail.');

  await elsewhere.page.goto((await elsewhere.getsMail('Your way back in')).link);
  await elsewhere.seesHeading('Welcome back, Nia');
  await elsewhere.press('Continue');
  await elsewhere.createPasskey('New phone');
  await elsewhere.touching(async () => {
    await elsewhere.press('Log in with a passkey');
    await elsewhere.seesHeading('My info');
  });
  await elsewhere.getsMail('Your access link was used');
  await elsewhere.goTo('/account/passkeys');
  await elsewhere.passkeyCard('New phone').waitFor();
  assert.equal(await elsewhere.page.getByRole('article').count(), 1, 'the lost one is not among them');
  await find(carla, nia);
  await carla.link('Passkeys and factors').click();
  await carla.sees('New phone');
  // Whoever finds the device gets nowhere with it: the passkey in it opens nothing, and the log-in on it has ended.
  await nia.goTo('/account');
  await nia.seesHeading('Log in');
  nia.device.expect(/status of 403/);
  await nia.touching(async () => {
    await nia.press('Log in with a passkey');
    await nia.isWarned(/passkey/);
  });
  await stage.house.verifyAuditTrail();
});

/** What the page that is shown once says. */
async function shown(olga) {
  await olga.seesHeading('The secret');
  const [id, secret] = await olga.page.getByRole('definition').allInnerTexts();
  await olga.link('I have put it away').click();
  return { id, secret };
}

test('an application is registered in the console, signs somebody in, and changes over to a new secret without a break', async (stage) => {
  const { house } = stage;
  const olga = await operator(stage);
  await olga.link('Administration').click();
  await olga.link('Applications').click();
  await olga.link('Register an application').click();
  const web = olga.page.getByRole('listitem').filter({ hasText: 'Web application with a server' });
  await web.getByRole('link', { name: 'Choose' }).click();
  await olga.field('Name').fill('Seeblick Practice');
  await olga.field('Addresses that people come back to (redirect_uris)').fill(`${house.radiology}/callback`);
  await olga.field('Addresses after logging out (post_logout_redirect_uris)').fill(`${house.radiology}/`);
  await olga.press('Register');
  const first = await shown(olga);
  await olga.seesHeading('Seeblick Practice');
  const page = olga.page.url();

  const ada = await stage.person();
  await ada.getsPasskey();
  await ada.logOut();
  const logsIn = async () => {
    await ada.page.goto(house.radiology);
    await ada.link('Sign in').click();
    await ada.press('Log in with a passkey');
  };
  const works = async () => {
    await ada.touching(async () => {
      await logsIn();
      await ada.seesHeading(`Good day, ${ada.name}`);
    });
    await ada.press('Who am I?');
    await ada.sees('Ada Brunner <ada@example.org>');
    await ada.press('Log out');
    await ada.page.waitForURL(`${house.radiology}/`);
  };
  await house.openPractice(first);
  await works();
  await olga.goTo(page);
  await olga.sees('one person');

  await olga.link('Make a new secret').click();
  await olga.press('Yes, do it');
  const second = await shown(olga);
  assert.equal(second.id, first.id);
  assert.notEqual(second.secret, first.secret);
  const secrets = olga.page.getByRole('region', { name: 'Secrets' }).getByRole('listitem');
  await olga.eventually(async () => assert.equal(await secrets.count(), 2));
  // Both are good: the application goes on with the first one as long as it takes to change over.
  await works();
  await house.closePractice();
  await house.openPractice(second);
  await works();

  await olga.goTo(page);
  // The older one comes first.
  await secrets.first().getByRole('link', { name: 'Let it expire' }).click();
  await olga.field('Days that it stays good, 1 to 90').fill('1');
  await saysYes(olga, 'The secret expires.');
  await secrets.filter({ hasText: 'good until' }).getByRole('link', { name: 'Remove this secret' }).click();
  await saysYes(olga, 'The secret is removed.');
  await olga.eventually(async () => assert.equal(await secrets.count(), 1));
  await works();

  // What was put away by somebody else is worth nothing any more.
  await house.closePractice();
  await house.openPractice(first);
  ada.device.expect(/status of 50\d/);
  await ada.touching(async () => {
    await logsIn();
    await ada.page.waitForURL(`${house.radiology}/callback**`);
  });
  assert.equal(await ada.heading(`Good day, ${ada.name}`).count(), 0);
  await house.verifyAuditTrail();
});

test('what the audit log says is found and taken along, and a record that somebody changes is noticed', async (stage) => {
  const ada = await stage.person();
  await ada.goTo('/login');
  await ada.typePassword({ password: 'not the right one' });
  await ada.isWarned(/is not right/);
  await ada.logInWithPassword();
  const olga = await operator(stage);
  await olga.goTo('/admin/audit');
  await olga.page.getByLabel('What happened').selectOption('A log-in failed');
  await olga.press('Search');
  const rows = olga.page.getByRole('rowheader');
  await olga.eventually(async () => assert.equal(await rows.count(), 1));
  const [file] = await Promise.all([olga.page.waitForEvent('download'), olga.press('Export as JSON lines')]);
  const lines = (await text(await file.createReadStream())).trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.length, 2, 'the record that was asked for, and a checkpoint');
  assert.match(JSON.stringify(lines[0]), /sign-in-failed/);

  const check = async () => {
    await olga.goTo('/admin/audit');
    await olga.link('Check that it is whole').click();
    await olga.press('Check now');
  };
  await check();
  await olga.page.getByRole('status').getByText('The audit log is whole').waitFor();
  await stage.house.changeRecord('sign-in-failed');
  await check();
  await olga.isWarned('The audit log is not whole.');
  await assert.rejects(stage.house.verifyAuditTrail(), /was changed/);
});
