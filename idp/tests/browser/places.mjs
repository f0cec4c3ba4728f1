// How each page comes about, for tests that look at pages. The way there is other tests' business.

/** By name: (person, stage) => the person stands in front of the page, or who is returned does. */
export const PLACES = {
  'log in': async (ada) => ada.startAtTheClinic(),
  'log in after a mistake': async (ada) => {
    await ada.startAtTheClinic();
    await ada.typePassword({ password: 'not the right words' });
    await ada.isWarned('The email or the password is not right.');
  },
  'log in after a cancelled passkey': async (ada) => {
    await ada.startAtTheClinic();
    await ada.touching(async () => {
      await ada.press('Log in with a passkey');
      await ada.isWarned('No passkey was used on this device.');
    });
  },
  'use your passkey': async (ada) => {
    await ada.getsPasskey();
    await ada.logOut();
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.seesHeading('Use your passkey');
  },
  'your password': async (ada) => {
    await ada.getsPasskey();
    await ada.logOut();
    await ada.authenticator.skipVerification();
    await ada.startAtTheClinic();
    await ada.touching(async () => {
      await ada.press('Log in with a passkey');
      await ada.seesHeading('Your password, please');
    });
  },
  'your code': async (ada) => {
    await ada.logInWithPassword();
    await ada.setsUpCodeApp();
    await ada.logOut();
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.seesHeading('Enter your code');
  },
  'your code after a mistake': async (ada) => {
    await ada.logInWithPassword();
    await ada.setsUpCodeApp();
    await ada.logOut();
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.enterCode(ada.codeApp.wrongCode());
    await ada.isWarned('This code is not right');
  },
  'a recovery code': async (ada) => {
    await ada.getsPasskey();
    await ada.logOut();
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.link('Use a recovery code').click();
    await ada.seesHeading('Use a recovery code');
  },
  'a recovery code after a mistake': async (ada) => {
    await ada.getsPasskey();
    await ada.logOut();
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.link('Use a recovery code').click();
    await ada.enterRecoveryCode('not one of them');
    await ada.isWarned('This recovery code is not right');
  },
  'the offer of a passkey after a recovery code': async (ada) => {
    await ada.getsPasskey();
    await ada.makesRecoveryCodes();
    await ada.logOut();
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.link('Use a recovery code').click();
    await ada.enterRecoveryCode(ada.recoveryCodes[0]);
    await ada.seesHeading('Create a new passkey now');
  },
  'the offer of a passkey for this device': async (ada, stage) => {
    await ada.getsPasskey();
    const desk = ada.at(await stage.device({ authenticator: 'usb' }));
    await desk.authenticator.keep(await ada.authenticator.passkeys());
    await desk.startAtTheClinic();
    await desk.touching(async () => {
      await desk.press('Use a phone or security key');
      await desk.seesHeading('A passkey for this device too?');
    });
    return desk;
  },
  'choose an account': async (ada) => {
    await ada.logInWithPassword();
    await ada.isSentByTheClinic('select_account');
    await ada.seesHeading('Choose an account');
  },
  'choose an account where another is expected': async (ada, stage) => {
    await ada.logInWithPassword();
    const request = { prompt: 'select_account', login_hint: 'somebody.else@example.org' };
    await ada.page.goto(stage.house.authorizeUrl(request));
    await ada.sees('the application expects somebody else');
  },
  'create an account': async (ada) => {
    await ada.isSentByTheClinic('create');
    await ada.seesHeading('Create an account');
  },
  'create an account after a mistake': async (ada) => {
    await ada.isSentByTheClinic('create');
    await ada.field('Email').fill('nobody');
    await ada.press('Continue');
    await ada.isWarned('Please enter an email address');
  },
  'create an account, asked for': async (ada) => {
    await ada.isSentByTheClinic('create');
    await ada.field('Email').fill('nia.winter.of.the.reception.on.the.second.floor@example.net');
    await ada.press('Continue');
    await ada.sees('We have sent you a message');
  },
  'the name of a new account': async (_, stage) => {
    const nia = await stage.newcomer();
    await nia.isSentByTheClinic('create');
    await nia.followsLinkForAccount();
    await nia.press('Continue');
    await nia.isWarned('2 fields need another look.');
    return nia;
  },
  'the first passkey of a new account': async (_, stage) => {
    const nia = await stage.newcomer();
    await nia.isSentByTheClinic('create');
    await nia.followsLinkForAccount();
    await nia.saysName();
    return nia;
  },
  'a password for a new account': async (_, stage) => {
    const nia = await stage.newcomer();
    await nia.isSentByTheClinic('create');
    await nia.followsLinkForAccount();
    await nia.saysName();
    await nia.page.getByText('No passkey on this device?').click();
    await nia.field('Password').fill('short');
    await nia.press('Create the account with a password');
    await nia.isWarned('This password is too short.');
    return nia;
  },
  'a forgotten password': async (ada) => {
    await ada.startAtTheClinic();
    await ada.link('Forgot password?').click();
    await ada.seesHeading('Forgot your password?');
  },
  'a forgotten password, asked for': async (ada) => {
    await ada.startAtTheClinic();
    await ada.link('Forgot password?').click();
    await ada.field('Email').fill(ada.email);
    await ada.press('Send the link');
    await ada.seesHeading('Please look into your mailbox');
  },
  'a new password': async (ada) => {
    await ada.goTo('/login/forgot');
    await ada.field('Email').fill(ada.email);
    await ada.press('Send the link');
    const mail = await ada.getsMail('Your new password');
    await ada.page.goto(mail.link);
    await ada.seesHeading('Choose a new password');
  },
  'a new password that is refused': async (ada) => {
    await ada.goTo('/login/forgot');
    await ada.field('Email').fill(ada.email);
    await ada.press('Send the link');
    const mail = await ada.getsMail('Your new password');
    await ada.page.goto(mail.link);
    await ada.field('New password').fill('passwordpassword');
    await ada.press('Save');
    await ada.isWarned('guessed first');
  },
  'a link that does not work any more': async (ada) => {
    ada.device.expect(/status of 4\d\d/);
    await ada.goTo('/login/reset?token=nothing');
    await ada.seesHeading('This link does not work any more');
  },
  'an access link': async (ada, stage) => {
    await ada.page.goto(await stage.house.makeAccessLink(ada));
    await ada.seesHeading('Welcome back, Ada');
  },
  'create a passkey after an access link': async (ada, stage) => {
    await ada.page.goto(await stage.house.makeAccessLink(ada));
    await ada.press('Continue');
    await ada.seesHeading('Create a passkey');
  },
  'create a passkey by policy': async (ada, stage) => {
    await stage.house.setPolicy(ada, 'require_passkey');
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.seesHeading('Create a passkey');
  },
  'log in with what was just added': async (ada, stage) => {
    await stage.house.setPolicy(ada, 'require_passkey');
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.createPasskey();
    await ada.sees('Your way in is ready.');
  },
  'the choice that a policy leaves': async (ada, stage) => {
    await stage.house.setPolicy(ada, 'require_second_factor');
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.seesHeading('One more step before you go on');
  },
  'set up a code app by policy': async (ada, stage) => {
    await stage.house.setPolicy(ada, 'require_second_factor');
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.press('Use a code app instead');
    await ada.page.getByText('Can you not scan it?').click();
  },
  'the offer of a passkey': async (ada) => {
    await ada.startAtTheClinic();
    await ada.typePassword();
    await ada.seesHeading('Next time, log in with one touch');
  },
  'set-up': async (ada, stage) => {
    await ada.page.goto(stage.house.setUpLink);
  },
  'set-up after mistakes': async (ada, stage) => {
    await ada.page.goto(stage.house.setUpLink);
    await ada.press('Continue');
    await ada.isWarned('fields need another look.');
  },
  'my info': async (ada) => ada.logInWithPassword(),
  'my info with a passkey': async (ada) => {
    await ada.getsPasskey();
    await ada.goTo('/account');
  },
  'my info, one loss from a lock-out': async (ada, stage) => {
    const atDesk = ada.at(await stage.device({ synced: false }));
    await atDesk.getsPasskey('Telephone on the wall of the reception on the second floor');
    await atDesk.goTo('/account');
    await atDesk.sees('One loss would lock you out');
    return atDesk;
  },
  'my info with a passkey and a code app': async (ada) => {
    await ada.getsPasskey('Telephone on the wall of the reception on the second floor');
    await ada.setsUpCodeApp();
    await ada.goTo('/account');
    await ada.sees('If you lose the phone with your code app');
  },
  'about you': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/profile');
    await ada.seesHeading('About you');
  },
  'about you after a mistake': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/profile');
    await ada.field('First name').fill('');
    await ada.press('Save');
    await ada.sees('Please enter a name.');
  },
  'change your email': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/email');
    await ada.field('New email').fill('ada.brunner.of.the.reception.on.the.second.floor@example.net');
    await ada.press('Continue');
    await ada.goTo('/account/email');
    await ada.sees('waits for both mailboxes');
  },
  'the link in a mail about an email': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/email');
    await ada.field('New email').fill('ada.brunner@example.net');
    await ada.press('Continue');
    const mail = await ada.getsMail('Please confirm your new email');
    await ada.page.goto(mail.link);
    await ada.seesHeading('Your email');
  },
  'an email that the other mailbox has to agree to': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/email');
    await ada.field('New email').fill('ada.brunner@example.net');
    await ada.press('Continue');
    const mail = await ada.getsMail('Please confirm your new email');
    await ada.page.goto(mail.link);
    await ada.press('Yes, confirm');
    await ada.sees('Now the other mailbox has to agree');
  },
  'change your password': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/password');
    await ada.field('New password').fill('passwordpassword');
    await ada.press('Save');
    await ada.isWarned('guessed first');
  },
  'two-factor without anything': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/two-factor');
    await ada.sees('No code app');
  },
  'two-factor with a code app': async (ada) => {
    await ada.logInWithPassword();
    await ada.setsUpCodeApp();
  },
  'two-factor without recovery codes': async (ada) => {
    await ada.getsPasskey();
    await ada.goTo('/account/two-factor');
    await ada.sees('You have no recovery codes');
  },
  'set up a code app': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/two-factor');
    await ada.press('Set up a code app');
    await ada.page.getByText('Can you not scan it?').click();
    await ada.enterCode('000000');
    await ada.isWarned('This code is not right');
    await ada.page.getByText('Can you not scan it?').click();
  },
  'turn off the code app': async (ada) => {
    await ada.logInWithPassword();
    await ada.setsUpCodeApp();
    await ada.link('Turn it off').click();
    await ada.seesHeading('Turn off the code app?');
  },
  'recovery codes': async (ada) => {
    await ada.getsPasskey();
    await ada.goTo('/account/two-factor');
    await ada.press('Make recovery codes');
    await ada.seesHeading('Your recovery codes');
  },
  devices: async (ada, stage) => {
    const elsewhere = ada.at(await stage.device());
    await elsewhere.startAtTheClinic();
    await elsewhere.typePassword();
    await elsewhere.press('Not now');
    await elsewhere.isAtWork();
    await ada.logInWithPassword();
    await ada.goTo('/account/sessions');
    await ada.button('Log out there').waitFor();
  },
  applications: async (ada) => {
    await ada.logInWithPassword();
    await ada.startAtTheClinic();
    await ada.isAtWork();
    await ada.goTo('/account/apps');
    await ada.button('Disconnect').waitFor();
  },
  'no applications': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/apps');
    await ada.sees('No application knows you yet.');
  },
  activity: async (ada) => {
    await ada.getsPasskey();
    await ada.setsUpCodeApp();
    await ada.goTo('/account/activity');
    await ada.sees('Passkey created');
  },
  'create a passkey': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/passkeys/create');
  },
  'name a passkey': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/passkeys/create');
    await ada.touching(async () => {
      await ada.press('Create a passkey');
      await ada.seesHeading('Your passkey is ready');
    });
  },
  'a missing name': async (ada) => {
    await ada.getsPasskey();
    await ada.link('Rename').click();
    await ada.field('Passkey name').fill('');
    await ada.press('Save');
    await ada.sees('Please give the passkey a name.');
  },
  'no passkeys': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/account/passkeys');
  },
  'manage passkeys': async (ada) => ada.getsPasskey(),
  'delete a passkey': async (ada) => {
    await ada.getsPasskey('Telephone on the wall of the reception on the second floor');
    await ada.link('Delete').click();
    await ada.seesHeading('Delete this passkey?');
  },
  'a lost device': async (ada) => {
    await ada.getsPasskey('Telephone on the wall of the reception on the second floor');
    await ada.setsUpCodeApp();
    await ada.goTo('/account/passkeys/lost');
    await ada.seesHeading('I lost a device');
  },
  'create a passkey after a loss': async (ada) => {
    await ada.getsPasskey('My phone');
    await ada.goTo('/account/passkeys/lost');
    await ada.page.getByRole('radio', { name: 'My phone' }).check();
    await ada.press('Remove it');
    await ada.sees('The lost passkey is removed.');
  },
  'the only way in': async (ada, stage) => {
    await ada.getsPasskey('My phone');
    await stage.house.setPolicy(ada, 'require_passkey');
    ada.device.expect(/status of 4\d\d/);
    await ada.deletePasskey('My phone');
    await ada.seesHeading('Your only way in');
  },
  'passkeys with a way back to an application': async (ada, stage) => {
    await ada.getsPasskey();
    const query = new URLSearchParams({ client_id: 'clinic', return_to: `${stage.house.clinic}/` });
    await ada.goTo(`/account/passkeys?${query}`);
    await ada.link('Back to Lindenhof Clinic').waitFor();
  },
  consent: async (ada, stage) => {
    await ada.logInWithPassword();
    await ada.page.goto(stage.house.authorizeUrl({ client_id: 'laboratory' }));
    await ada.seesHeading('Allow access?');
  },
  'consent to act at an API': async (ada, stage) => {
    await ada.logInWithPassword();
    const request = { client_id: 'laboratory', resource: 'https://samples.example.org' };
    await ada.page.goto(stage.house.authorizeUrl(request));
    await ada.sees('Act for you at');
  },
  'consent in detail': async (ada, stage) => {
    await ada.logInWithPassword();
    const sample = { type: 'sample', kind: ['blood'], price: { currency: 'EUR', amount: '18.50' }, to: 'Dr. <b>' };
    const details = JSON.stringify([sample, { ...sample, to: 'x'.repeat(100), locations: ['https://samples.example.org'] }]);
    await ada.page.goto(stage.house.authorizeUrl({ client_id: 'laboratory', authorization_details: details }));
    await ada.sees('Order a laboratory test');
  },
  'choose an organization': async (ada, stage) => {
    await stage.house.makeMember(ada, 'Praxis am Lindenhof', 'Gemeinschaftspraxis Dr. Weber und Partner am Seeblick');
    await ada.logInWithPassword();
    await ada.page.goto(stage.house.authorizeUrl({ client_id: 'ward', scope: 'openid organizations' }));
    await ada.seesHeading('Choose an organization');
  },
  'an organization that somebody does not belong to': async (ada, stage) => {
    await ada.logInWithPassword();
    const request = { client_id: 'ward', scope: 'openid organizations', organization: 'somewhere-else' };
    await ada.page.goto(stage.house.authorizeUrl(request));
    await ada.seesHeading('You do not belong there');
  },
  'log in with more than a password': async (ada, stage) => {
    await ada.logInWithPassword();
    await ada.page.goto(stage.house.authorizeUrl({ acr_values: 'phr' }));
    await ada.sees('Lindenhof Clinic asks for a passkey here.');
    await ada.typePassword();
    await ada.sees('the application asks for more than that');
  },
  'nobody asks for you': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/requests');
    await ada.sees('No application asks for you just now.');
  },
  'somebody asks for you': async (ada, stage) => {
    await ada.logInWithPassword();
    await stage.house.askFor(ada, { binding_message: 'W4SCT' });
    await ada.goTo('/requests');
    await ada.seesHeading('Somebody asks for you');
    await ada.sees('W4SCT');
  },
  'log in somewhere else': async (ada, stage) => {
    await ada.logInWithPassword();
    await stage.house.askFor(ada, { binding_message: 'W4SCT' });
    await ada.goTo('/requests');
    await ada.link('Look at it').click();
    await ada.seesHeading('Log in there?');
  },
  'log in somewhere else with more than a password': async (ada, stage) => {
    await ada.logInWithPassword();
    await stage.house.askFor(ada, { acr_values: 'phr' });
    await ada.goTo('/requests');
    await ada.link('Look at it').click();
    await ada.sees('The application asks for a passkey.');
  },
  'logged in somewhere else': async (ada, stage) => {
    await ada.logInWithPassword();
    await stage.house.askFor(ada);
    await ada.goTo('/requests');
    await ada.link('Look at it').click();
    await ada.press('Allow');
    await ada.seesHeading('You are logged in there');
  },
  'connect a device': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/device');
    await ada.seesHeading('Connect a device');
  },
  'connect a device after a mistake': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/device?user_code=BCDF-GHJK');
    await ada.press('Continue');
    await ada.isWarned('This code is not right, or has expired.');
  },
  'allow a device': async (ada, stage) => {
    await ada.logInWithPassword();
    const { verification_uri_complete: link } = await stage.house.deviceCode();
    await ada.page.goto(link);
    await ada.press('Continue');
    await ada.seesHeading('Allow this device?');
  },
  'a device that is connected': async (ada, stage) => {
    await ada.logInWithPassword();
    const { user_code: code } = await stage.house.deviceCode();
    await ada.goTo('/device');
    await ada.page.getByLabel('Code of the device').fill(code.toLowerCase());
    await ada.press('Continue');
    await ada.press('Allow');
    await ada.seesHeading('The device is connected');
  },
  'a device that was denied': async (ada, stage) => {
    await ada.logInWithPassword();
    const { verification_uri_complete: link } = await stage.house.deviceCode();
    await ada.page.goto(link);
    await ada.press('Continue');
    await ada.press('Deny');
    await ada.seesHeading('The device was denied');
  },
  'log out': async (ada) => {
    await ada.logInWithPassword();
    await ada.goTo('/oidc/logout');
    await ada.seesHeading('Log out of Portico?');
  },
  'logged out': async (ada) => {
    await ada.logInWithPassword();
    await ada.logOut();
  },
  help: async (ada) => {
    await ada.goTo('/help/passkeys');
  },
  'an address that does not exist': async (ada) => {
    ada.device.expect(/status of 404/);
    await ada.goTo('/no-such-page');
  },
  'an application that is not known': async (ada, stage) => {
    ada.device.expect(/status of 400/);
    await ada.page.goto(stage.house.authorizeUrl({ client_id: 'nobody' }));
    await ada.seesHeading('This application is not known here');
  },
  administration: async (ada, stage) => administers(stage, '/admin'),
  'administration: people': async (ada, stage) => administers(stage, '/admin/people'),
  'administration: nobody found': async (ada, stage) => administers(stage, '/admin/people?q=nobody'),
  'administration: a person': async (ada, stage) => {
    await ada.getsPasskey();
    await ada.setsUpCodeApp();
    const olga = await administers(stage, '/admin/people?q=ada');
    await olga.link('Ada Brunner').click();
    await olga.seesHeading('Ada Brunner');
    return olga;
  },
  ...Object.fromEntries(
    ['Passkeys and factors', 'Devices', 'Applications', 'Organizations', 'Activity', 'JSON'].map((part) => [
      `administration: a person, ${part}`,
      async (ada, stage) => {
        await ada.getsPasskey();
        const olga = await administers(stage, '/admin/people?q=ada');
        await olga.link('Ada Brunner').click();
        await olga.page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('link', { name: part }).click();
        await olga.page.locator('.parts a[aria-current="page"]', { hasText: part }).waitFor();
        return olga;
      },
    ]),
  ),
  'administration: inviting somebody': async (ada, stage) => {
    await stage.house.makeOrganization('free');
    const olga = await administers(stage, '/admin/organizations/new');
    await olga.page.getByLabel('Name', { exact: true }).fill('Seeblick');
    await olga.press('Make it');
    await olga.seesHeading('Invite somebody');
    await olga.goTo('/admin/people/invite');
    return olga;
  },
  'administration: making an account': async (ada, stage) => administers(stage, '/admin/people/new'),
  'administration: an account that can not be made': async (ada, stage) => {
    const olga = await administers(stage, '/admin/people/new');
    olga.device.expect(/status of 422/);
    await olga.press('Make it');
    await olga.page.getByRole('alert').waitFor();
    return olga;
  },
  'administration: making an organization': async (ada, stage) => administers(stage, '/admin/organizations/new'),
  'administration: an organization that can not be made': async (ada, stage) => {
    const olga = await administers(stage, '/admin/organizations/new');
    olga.device.expect(/status of 422/);
    await olga.press('Make it');
    await olga.page.getByRole('alert').waitFor();
    return olga;
  },
  'an invitation for somebody new': async (ada, stage) => {
    const nia = await stage.newcomer();
    await isInvited(nia, stage);
    return nia;
  },
  'an invitation for somebody with an account': async (ada, stage) => isInvited(ada, stage),
  'an invitation to say yes to': async (ada, stage) => {
    await ada.logInWithPassword();
    await isInvited(ada, stage);
  },
  'an invitation for somebody else': async (ada, stage) => {
    await ada.logInWithPassword();
    const nia = (await stage.newcomer()).at(ada.device);
    await isInvited(nia, stage);
    return nia;
  },
  'an invitation that was declined': async (ada, stage) => {
    await isInvited(ada, stage);
    ada.device.expect(/status of 410/);
    await ada.press('No, thank you');
    await ada.seesHeading('This invitation can not be accepted');
  },
  'administration: organizations': async (ada, stage) => {
    await stage.house.makeOrganization('free');
    return administers(stage, '/admin/organizations');
  },
  'administration: an organization': async (ada, stage) => runsTheClinic(ada, stage),
  ...Object.fromEntries(
    ['Invite somebody', 'Change name, roles and rule', 'Disable the organization', 'Change roles', 'Send again'].map((deed) => [
      `administration: ${deed}`,
      async (ada, stage) => {
        const olga = await runsTheClinic(ada, stage);
        await olga.link(deed).click();
        await olga.seesHeading(deed);
        return olga;
      },
    ]),
  ),
  'administration: go to a page or a person': async (ada, stage) => {
    const olga = await administers(stage, '/admin');
    await olga.page.keyboard.press('Control+k');
    await olga.page.getByRole('option', { name: 'Health' }).waitFor();
    return olga;
  },
  'administration: audit log': async (ada, stage) => administers(stage, '/admin/audit'),
  'administration: audit log after a mistake': async (ada, stage) => {
    const olga = await administers(stage, '/admin/audit');
    await olga.field('Email or identifier of a person').fill('nobody@example.org');
    await olga.press('Search');
    await olga.sees('Nobody has this address.');
    return olga;
  },
  'administration: nothing in the audit log': async (ada, stage) => administers(stage, '/admin/audit?client=nobody'),
  'administration: a record': async (ada, stage) => {
    const olga = await administers(stage, '/admin/audit?kind=signed-in');
    await olga.page.getByRole('rowheader').getByRole('link').first().click();
    await olga.seesHeading('The event');
    return olga;
  },
  'administration: the audit log is whole': async (ada, stage) => {
    const olga = await administers(stage, '/admin/audit');
    await olga.link('Check that it is whole').click();
    await olga.press('Check now');
    await olga.sees('The audit log is whole');
    return olga;
  },
  'administration: keys': async (ada, stage) => administers(stage, '/admin/keys'),
  'administration: deliveries': async (ada, stage) => administers(stage, '/admin/jobs'),
  'administration: health': async (ada, stage) => administers(stage, '/admin/health'),
  'administration: branding': async (ada, stage) => administers(stage, '/admin/branding'),
  'administration: rules of the service': async (ada, stage) => administers(stage, '/admin/policy'),
  'administration: mails': async (ada, stage) => administers(stage, '/admin/mails'),
  'administration: a mail': async (ada, stage) => administers(stage, '/admin/mails/reset-password'),
  'administration: one loss from a lock-out': async (ada, stage) => administers(stage, '/admin/risk'),
  ...Object.fromEntries(
    ['Rotate the keys now', 'Replace all keys in an emergency'].map((deed) => [
      `administration: ${deed}`,
      async (ada, stage) => {
        const olga = await administers(stage, '/admin/keys');
        await olga.link(deed).click();
        await olga.seesHeading(deed);
        return olga;
      },
    ]),
  ),
  ...Object.fromEntries(
    ['Send an access link', 'Disable the account', 'Change the role', 'Change the rule for logging in'].map((deed) => [
      `administration: ${deed}`,
      async (ada, stage) => {
        const olga = await administers(stage, '/admin/people?q=ada');
        await olga.link('Ada Brunner').click();
        await olga.link(deed).click();
        await olga.seesHeading(deed);
        return olga;
      },
    ]),
  ),
  'administration: applications': async (ada, stage) => administers(stage, '/admin/applications'),
  'administration: kinds of applications': async (ada, stage) => administers(stage, '/admin/applications/new'),
  'administration: registering an application': async (ada, stage) =>
    administers(stage, '/admin/applications/new?type=web'),
  'administration: an application that can not be registered': async (ada, stage) => {
    const olga = await administers(stage, '/admin/applications/new?type=web');
    olga.device.expect(/status of 422/);
    await registers(olga, 'https://practice.example.org/#here');
    await olga.page.getByRole('alert').waitFor();
    return olga;
  },
  'administration: the secret of an application': async (ada, stage) => {
    const olga = await administers(stage, '/admin/applications/new?type=web');
    await registers(olga, 'https://practice.example.org/callback');
    await olga.seesHeading('The secret');
    return olga;
  },
  'administration: an application': async (ada, stage) => {
    const olga = await administers(stage, '/admin/applications/new?type=web');
    await registers(olga, 'https://practice.example.org/callback');
    await olga.link('I have put it away').click();
    await olga.seesHeading('Practice Lindenhof');
    return olga;
  },
  'administration: trying out an application': async (ada, stage) => administers(stage, '/admin/applications/clinic/trial'),
  'what a tried application would be told': async (ada, stage) => {
    const olga = await administers(stage, '/admin/applications/clinic/trial');
    await olga.press('Start');
    await olga.seesHeading('What Lindenhof Clinic would be told');
    return olga;
  },
  'what a tried application would be refused with': async (ada, stage) => {
    const olga = await administers(stage, '/admin/applications/clinic/trial');
    await olga.page.getByLabel('Scopes that it asks for').fill('profile');
    await olga.press('Start');
    await olga.seesHeading('clinic would be refused');
    return olga;
  },
  'administration: removing an application': async (ada, stage) => {
    const olga = await administers(stage, '/admin/applications/new?type=web');
    await registers(olga, 'https://practice.example.org/callback');
    await olga.link('I have put it away').click();
    await olga.link('Remove the application').click();
    await olga.seesHeading('Remove the application');
    return olga;
  },
};

async function registers(olga, redirectUri) {
  await olga.page.getByLabel('Name', { exact: true }).fill('Practice Lindenhof');
  await olga.page.getByLabel('Addresses that people come back to').fill(redirectUri);
  await olga.button('Register').click();
}

/** An operator who has proven themselves, in front of a page of the console. */
async function administers(stage, path) {
  const olga = await stage.operator();
  await olga.setUp();
  await olga.logOut();
  await olga.logInWithPasskey();
  await olga.goTo(path);
  return olga;
}

/** Follows the link of an invitation. */
async function isInvited(person, stage) {
  await stage.house.makeOrganization('free');
  await stage.house.invite(person, 'reception');
  await person.page.goto((await person.getsMail('You are invited to Lindenhof Clinic')).link);
  await person.seesHeading('Join Lindenhof Clinic?');
}

/** An operator in front of a clinic with somebody in it and somebody invited. */
async function runsTheClinic(ada, stage) {
  await stage.house.makeOrganization('require_passkey');
  await stage.house.addMember(ada, 'reception');
  await stage.house.invite({ email: 'nia@example.org' }, 'reception');
  const olga = await administers(stage, '/admin/organizations');
  await olga.link('Lindenhof Clinic').click();
  await olga.seesHeading('Lindenhof Clinic');
  return olga;
}
