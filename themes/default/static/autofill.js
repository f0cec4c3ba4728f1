// The silent passkey request behind the email field's menu (conditional mediation). Owns that one
// request: starting it, renewing its challenge in time, stopping it. What happens with a picked
// passkey is the caller's business.
//
// Browsers allow one WebAuthn request at a time, so stop() resolves only once the request has
// really ended, and whoever wants a request of their own (a modal one, a signal) waits for it.

import { pause, requestOptions } from './passkey.js';

/** Renewed this long before the server forgets the challenge, so that a slow pick still fits in. */
const MARGIN = 30;

/** Answers that fail at once must not become a busy loop against the server. */
const LONGEST_WAIT = 60;

/** What fails sooner than this was no person changing their mind. */
const AT_ONCE = 2000;

export async function available() {
  try {
    return Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());
  } catch {
    return false;
  }
}

export class Autofill {
  #challenge;
  #picked;
  #running = null;
  #failures = 0;

  /**
   * @param challenge (signal) => {ceremony, publicKey, expires_in}: asks the server for a new one
   * @param picked (ceremony, credential): returns when it did not lead to a log-in
   */
  constructor(challenge, picked) {
    this.#challenge = challenge;
    this.#picked = picked;
  }

  start() {
    if (this.#running) return;
    const controller = new AbortController();
    this.#running = { controller, ended: this.#run(controller.signal) };
  }

  async stop() {
    const running = this.#running;
    if (!running) return;
    running.controller.abort();
    await running.ended;
    if (this.#running === running) this.#running = null;
    // Chromium frees the slot one task after the promise has settled.
    await pause(0);
  }

  async #run(signal) {
    while (!signal.aborted) {
      await sleep(this.#failures ? Math.min(LONGEST_WAIT, 2 ** this.#failures) : 0, signal);
      if (signal.aborted) return;
      const begun = Date.now();
      try {
        const answer = await this.#ask(signal);
        if (!answer) continue;
        await this.#picked(answer.ceremony, answer.credential);
      } catch {
        // The menu is an extra: when it can not be had, the page works without it.
      }
      this.#failures = Date.now() - begun < AT_ONCE ? this.#failures + 1 : 0;
    }
  }

  /** One challenge's life. Null when it ran out unused. */
  async #ask(signal) {
    const { ceremony, publicKey, expires_in: seconds } = await this.#challenge(signal);
    const round = new AbortController();
    const abort = () => round.abort();
    const life = Math.max(5, seconds - MARGIN) * 1000;
    const deadline = Date.now() + life;
    let renewed = false;
    const renew = () => {
      renewed = true;
      abort();
    };
    // Timers stand still while a laptop sleeps; the clock on the wall does not.
    const wake = () => {
      if (document.visibilityState === 'visible' && Date.now() >= deadline) renew();
    };
    const timer = setTimeout(renew, life);
    signal.addEventListener('abort', abort, { once: true });
    document.addEventListener('visibilitychange', wake);
    if (signal.aborted) abort();
    try {
      const credential = await navigator.credentials.get({
        mediation: 'conditional',
        publicKey: requestOptions({ ...publicKey, allowCredentials: [] }),
        signal: round.signal,
      });
      if (!credential) throw new Error('no credential');
      return { ceremony, credential };
    } catch (error) {
      if (renewed && !signal.aborted) {
        await pause(0);
        return null;
      }
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      document.removeEventListener('visibilitychange', wake);
    }
  }
}

function sleep(seconds, signal) {
  if (!seconds || signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener('abort', () => (clearTimeout(timer), done()), { once: true });
  });
}
