// How each page comes about, for tests that look at pages. The way there is other tests' business.

/** By name: (person, stage) => the person stands in front of the page. */
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
  consent: async (ada, stage) => {
    await ada.logInWithPassword();
    await ada.page.goto(stage.house.authorizeUrl({ client_id: 'laboratory' }));
    await ada.seesHeading('Allow access?');
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
  help: async (ada) => ada.goTo('/help/passkeys'),
  'an address that does not exist': async (ada) => {
    ada.device.expect(/status of 404/);
    await ada.goTo('/no-such-page');
  },
  'an application that is not known': async (ada, stage) => {
    ada.device.expect(/status of 400/);
    await ada.page.goto(stage.house.authorizeUrl({ client_id: 'nobody' }));
    await ada.seesHeading('This application is not known here');
  },
};
