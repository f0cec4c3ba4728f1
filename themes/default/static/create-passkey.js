// Creating a passkey: one button, the browser's dialog, and the answer to the server, which names
// the next page. Nothing is stored anywhere unless all of it succeeds.

import { Failure, clear, creationOptions, failureOf, post, reveal, show, signal, toJSON, value } from './passkey.js';

const area = document.getElementById('passkey-create');
// Whoever makes an account has no account pages yet.
const at = value(area, 'at') ?? '/account/passkeys';
const button = document.getElementById('create-passkey');
let busy = false;

function setBusy(state) {
  busy = state;
  button.setAttribute('aria-disabled', String(state));
  area.toggleAttribute('data-busy', state);
}

/** Resolves only with a failure: success leaves the page. */
async function finish(ceremony, credential, rpId) {
  try {
    await post(`${at}/finish`, {
      ceremony,
      credential: toJSON(credential),
      flow: value(area, 'flow'),
      attempt: value(area, 'attempt'),
      destination: value(area, 'destination'),
    });
    return new Failure('unavailable');
  } catch (error) {
    const failure = failureOf(error);
    // The device holds it by now, but the server said no: it must not be offered at the next log-in.
    // After a lost answer the server may well have kept it, so then the device keeps it too.
    const refused = failure.id.startsWith('passkey-') || failure.id === 'link-expired';
    if (refused && failure.id !== 'passkey-exists') {
      await signal('signalUnknownCredential', { rpId, credentialId: credential.id });
    }
    return failure;
  }
}

async function create() {
  if (busy) return;
  setBusy(true);
  clear();
  let failure;
  try {
    const { ceremony, publicKey } = await post(`${at}/options`, { flow: value(area, 'flow') });
    const credential = await navigator.credentials.create({ publicKey: creationOptions(publicKey) });
    if (!credential) throw new Failure('passkey-cancelled');
    failure = await finish(ceremony, credential, publicKey.rp?.id ?? location.hostname);
  } catch (error) {
    failure = failureOf(error);
  }
  show(failure);
  setBusy(false);
}

if (reveal(area)) {
  document.getElementById('instead')?.toggleAttribute('open', Boolean(document.querySelector('#instead[data-keep]')));
  button.addEventListener('click', create);
  // A page that comes back from the browser's history would still be waiting for the last answer.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
}
