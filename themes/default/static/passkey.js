// What every passkey page shares: talking JSON to the server, turning JSON into WebAuthn options
// and back, naming failures, and the page's one live region. Runs no ceremony by itself.

/** A failure with an id of the theme's texts and, when the server sent one, a finished message. */
export class Failure extends Error {
  constructor(id, message = null, unknown = null) {
    super(id);
    this.id = id;
    this.text = message;
    this.unknown = unknown;
  }
}

export const supported = () =>
  window.isSecureContext &&
  typeof window.PublicKeyCredential === 'function' &&
  typeof navigator.credentials?.get === 'function';

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Templates write absent values as empty attributes; the server expects null. */
export const value = (element, name) => element.dataset[name] || null;

/**
 * Posts JSON and returns the answer. An answer with a `location` leads away whatever its status,
 * so it never comes back to the caller: the page is about to be left.
 */
export async function post(url, body, signal) {
  let response;
  let answer = null;
  try {
    response = await fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        'X-CSRF-Token': document.querySelector('meta[name="csrf"]')?.content ?? '',
      },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Failure('network');
  }
  try {
    answer = await response.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
  }
  if (answer?.location) {
    if (answer.signals) await inStep(answer.signals);
    location.assign(answer.location);
    return new Promise(() => {});
  }
  if (!response.ok || answer === null) {
    throw new Failure(answer?.failure ?? 'unavailable', answer?.message, answer?.unknown);
  }
  return answer;
}

/** The one next step depends on why the browser refused, and only the error's name tells. */
export function failureOf(error) {
  if (error instanceof Failure) return error;
  switch (error?.name) {
    case 'NotAllowedError':
    case 'AbortError':
    case 'TimeoutError':
      return new Failure('passkey-cancelled');
    case 'InvalidStateError':
      return new Failure('passkey-already-here');
    case 'SecurityError':
      return new Failure('passkey-wrong-site');
    default:
      return new Failure('passkey-unsupported');
  }
}

/** Shows a failure in the live region and moves the focus there, so that nobody misses it. */
export function show(failure) {
  const text =
    failure.text ??
    document
      .getElementById('failures')
      ?.content.querySelector(`[data-failure="${CSS.escape(failure.id)}"]`)?.textContent ??
    document
      .getElementById('failures')
      ?.content.querySelector('[data-failure="unavailable"]')?.textContent;
  const line = document.createElement('p');
  line.textContent = text ?? '';
  const alert = document.getElementById('alert');
  alert.replaceChildren(line);
  alert.focus();
}

export function clear() {
  document.getElementById('alert')?.replaceChildren();
}

/** Where passkeys can not work, the button goes and the page says why. */
export function reveal(area) {
  if (supported()) {
    area.hidden = false;
    return true;
  }
  area.remove();
  const reason = document.getElementById('passkey-absent');
  if (reason) reason.hidden = false;
  return false;
}

/** Browsers without the signal methods, or with a request still pending, simply stay out of step. */
export async function signal(method, details) {
  try {
    await window.PublicKeyCredential?.[method]?.(details);
  } catch {
    // Nothing that the person could do about it.
  }
}

/** After a log-in the browser learns which passkeys work here and what the account is called. */
export function inStep({ rpId, userId, accepted, name, displayName }) {
  const told = (async () => {
    await signal('signalAllAcceptedCredentials', { rpId, userId, allAcceptedCredentialIds: accepted });
    await signal('signalCurrentUserDetails', { rpId, userId, name, displayName });
  })();
  // Nobody waits for a browser that takes its time.
  return Promise.race([told, pause(500)]);
}

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(''))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');

const withIds = (list) => list?.map((item) => ({ ...item, id: bytes(item.id) }));

export function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  }
  return {
    ...json,
    challenge: bytes(json.challenge),
    allowCredentials: withIds(json.allowCredentials) ?? [],
  };
}

export function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  }
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: withIds(json.excludeCredentials) ?? [],
  };
}

export function toJSON(credential) {
  try {
    return credential.toJSON();
  } catch {
    // Missing in older browsers, and replaced by a throwing one in some password managers.
  }
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[part]) answer[part] = text(response[part]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  };
}
