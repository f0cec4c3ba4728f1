// How applications in the browser learn that somebody has logged out: by a page of theirs that is loaded in a frame,
// and by asking a page of ours in a frame of theirs.

import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { Radiology } from './radiology.mjs';

/** A test with somebody who is logged in, and an application that is open. */
function withRadiology(name, settings, body) {
  test(name, async (stage) => {
    const ada = await stage.person();
    const radiology = await Radiology.open(stage.house, settings);
    try {
      await ada.logInWithPassword();
      await body({ stage, ada, radiology });
    } finally {
      await radiology.close();
    }
  });
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

withRadiology('logging out at the provider is told to the application in a frame', {}, async ({ stage, ada, radiology }) => {
  const { id_token: idToken } = await radiology.signIn(ada.page);
  await ada.logOut();
  assert.equal(radiology.told.length, 1);
  const [told] = radiology.told;
  const { sid } = claimsOf(idToken);
  assert.deepEqual([told.get('iss'), told.get('sid'), told.get('tenant')], [stage.house.url, sid, 'a']);
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
});

withRadiology('an application that logs somebody out gets them back, once all are told', {}, async ({ stage, ada, radiology }) => {
  const { id_token: hint } = await radiology.signIn(ada.page);
  const query = new URLSearchParams({
    id_token_hint: hint,
    post_logout_redirect_uri: `${stage.house.radiology}/bye?tenant=a`,
    state: 'a state',
  });
  await ada.page.goto(`${stage.house.url}/oidc/logout?${query}`);
  await ada.page.waitForURL(`${stage.house.radiology}/bye**`);
  const back = new URL(ada.page.url()).searchParams;
  assert.deepEqual([back.get('tenant'), back.get('state')], ['a', 'a state']);
  assert.equal(radiology.told.length, 1);
  await ada.goTo('/account');
  await ada.seesHeading('Log in');
});

withRadiology('an answer by form sends itself', {}, async ({ stage, ada, radiology }) => {
  const request = { client_id: 'radiology', redirect_uri: `${stage.house.radiology}/`, response_mode: 'form_post' };
  await ada.page.goto(stage.house.authorizeUrl(request));
  await ada.page.waitForURL(`${stage.house.radiology}/`);
  const [answer] = radiology.posted;
  assert.deepEqual([answer.get('state'), answer.get('iss')], ['a-state', stage.house.url]);
  assert.match(answer.get('code'), /^idp_co_/);
});

test('without scripts an answer by form is sent by its button', async (stage) => {
  const ada = await stage.person({ javaScript: false });
  const radiology = await Radiology.open(stage.house);
  try {
    await ada.logInWithPassword();
    const request = { client_id: 'radiology', redirect_uri: `${stage.house.radiology}/`, response_mode: 'form_post' };
    await ada.page.goto(stage.house.authorizeUrl(request));
    assert.equal(radiology.posted.length, 0);
    await ada.page.getByRole('button', { name: 'Continue' }).click();
    await ada.page.waitForURL(`${stage.house.radiology}/`);
    assert.equal(radiology.posted.length, 1);
  } finally {
    await radiology.close();
  }
});

withRadiology('an application that does not answer holds nobody up', { answersLogOut: false }, async ({ ada, radiology }) => {
  await radiology.signIn(ada.page);
  await ada.logOut();
  assert.equal(radiology.told.length, 1);
});

/** What our page answers when the application shows it in a frame and asks. */
const ask = (page, address, question) =>
  page.evaluate(
    ([frame, text]) =>
      new Promise((resolve) => {
        const { origin } = new URL(frame);
        addEventListener('message', (event) => event.origin === origin && resolve(event.data), { once: true });
        const shown = document.createElement('iframe');
        shown.addEventListener('load', () => shown.contentWindow.postMessage(text, origin));
        shown.src = frame;
        document.body.append(shown);
      }),
    [address, question],
  );

withRadiology('an application finds out in a frame whether its person is still there', {}, async ({ stage, ada, radiology }) => {
  const { sessionState } = await radiology.signIn(ada.page);
  const frame = `${stage.house.url}/oidc/session`;
  assert.equal(await ask(ada.page, frame, `radiology ${sessionState}`), 'unchanged');
  assert.equal(await ask(ada.page, frame, `clinic ${sessionState}`), 'changed', 'that of another application');
  assert.equal(await ask(ada.page, frame, 'nonsense'), 'error');
  await ada.logOut();
  await ada.page.goto(stage.house.radiology);
  assert.equal(await ask(ada.page, frame, `radiology ${sessionState}`), 'changed');
});
