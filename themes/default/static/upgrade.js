// After a log-in by password: where the browser can, it makes a passkey by itself (conditional create),
// which succeeds only when its password manager has just filled in the password. Otherwise nothing is
// seen of it, and the offer on the page stands as it is.

import { creationOptions, post, signal, supported, toJSON, value } from './passkey.js';

const area = document.getElementById('passkey-upgrade');
const pending = new AbortController();

async function able() {
  try {
    return (await PublicKeyCredential.getClientCapabilities())?.conditionalCreate === true;
  } catch {
    return false;
  }
}

async function upgrade() {
  if (area.dataset.why !== 'first' || !supported() || !(await able())) return;
  const mediation = 'conditional';
  const { ceremony, publicKey } = await post('/account/passkeys/options', { mediation }, pending.signal);
  const credential = await navigator.credentials.create({
    mediation,
    publicKey: creationOptions(publicKey),
    signal: pending.signal,
  });
  if (!credential || pending.signal.aborted) return;
  try {
    await post('/account/passkeys/finish', {
      ceremony,
      mediation,
      credential: toJSON(credential),
      attempt: value(area, 'attempt'),
      destination: value(area, 'destination'),
    });
  } catch {
    // The server does not keep it, so the browser must not offer it.
    await signal('signalUnknownCredential', { rpId: publicKey.rp?.id ?? location.hostname, credentialId: credential.id });
  }
}

// Whoever decides for themselves is not overtaken.
for (const choice of document.querySelectorAll('a.button, form')) {
  choice.addEventListener(choice.tagName === 'FORM' ? 'submit' : 'click', () => pending.abort());
}
upgrade().catch(() => {});
