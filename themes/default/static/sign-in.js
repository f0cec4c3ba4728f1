// Logging in with a passkey, on the log-in page and on "Use your passkey": the buttons, the choice
// of the browser's dialog, and the answer to the server. One ceremony at a time; whenever one ends
// without a log-in, the page says why and the email field's menu is armed again.

import { Autofill, available } from './autofill.js';
import { Failure, clear, failureOf, pause, post, requestOptions, reveal, show, signal, toJSON, value } from './passkey.js';

const area = document.getElementById('passkey-sign-in');
const context = { attempt: value(area, 'attempt'), flow: value(area, 'flow') };
const buttons = [...area.querySelectorAll('[data-passkey]')];
let busy = false;
let autofill = null;

function setBusy(state) {
  busy = state;
  // Not `disabled`: that would throw the keyboard focus away in the middle of the ceremony.
  for (const button of buttons) button.setAttribute('aria-disabled', String(state));
  area.toggleAttribute('data-busy', state);
}

const challenge = (mediation, abort) =>
  post('/login/passkey/options', { ...context, mediation }, abort);

/** Resolves only with a failure: success leaves the page. */
async function answer(ceremony, credential) {
  try {
    await post('/login/passkey', {
      ceremony,
      ...context,
      destination: value(area, 'destination'),
      credential: toJSON(credential),
    });
    throw new Failure('unavailable');
  } catch (error) {
    const failure = failureOf(error);
    if (failure.id === 'passkey-unknown' && failure.unknown) {
      await signal('signalUnknownCredential', failure.unknown);
    }
    return failure;
  }
}

async function immediate() {
  try {
    return (await PublicKeyCredential.getClientCapabilities())?.immediateGet === true;
  } catch {
    return false;
  }
}

async function ask(json, where) {
  const publicKey = requestOptions(json);
  if (where === 'elsewhere') {
    return navigator.credentials.get({ publicKey: { ...publicKey, hints: ['hybrid', 'security-key'] } });
  }
  // Immediate mode refuses a list of credentials, even an empty one.
  if (publicKey.allowCredentials?.length || !(await immediate())) {
    return navigator.credentials.get({ publicKey });
  }
  delete publicKey.allowCredentials;
  try {
    return await navigator.credentials.get({ publicKey, uiMode: 'immediate' });
  } catch (error) {
    throw error.name === 'NotAllowedError' ? new Failure('passkey-none-here') : error;
  }
}

async function logIn(where) {
  if (busy) return;
  setBusy(true);
  clear();
  await autofill?.stop();
  let failure;
  try {
    const { ceremony, publicKey } = await challenge('modal');
    const credential = await ask(publicKey, where);
    if (!credential) throw new Failure('passkey-cancelled');
    failure = await answer(ceremony, credential);
  } catch (error) {
    failure = failureOf(error);
  }
  show(failure);
  setBusy(false);
  await pause(0);
  autofill?.start();
}

async function picked(ceremony, credential) {
  if (busy) return;
  setBusy(true);
  clear();
  show(await answer(ceremony, credential));
  setBusy(false);
}

async function arm() {
  if (!document.querySelector('[autocomplete~="webauthn"]') || !(await available())) return;
  autofill = new Autofill((abort) => challenge('conditional', abort), picked);
  if (!busy) autofill.start();
}

if (reveal(area)) {
  for (const button of buttons) button.addEventListener('click', () => logIn(button.dataset.passkey));
  // A failure keeps the focus, and so does somebody who is typing already.
  const silent = document.getElementById('alert').textContent.trim() === '';
  if ('lead' in area.dataset && silent && document.activeElement === document.body) buttons[0].focus();
  arm();

  // A page that comes back from the browser's history holds spent challenges.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
}
