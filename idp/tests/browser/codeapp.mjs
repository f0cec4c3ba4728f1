// The app on somebody's phone that shows a new code every half minute (RFC 6238). Knows no page.

import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const HALF_MINUTE = 30_000;

/** A code that is typed later than this before the half minute is over might come too late. */
const TIME_TO_TYPE = 6_000;

export class CodeApp {
  #secret;
  /** The half minute whose code was used last. */
  #used = 0;

  /** @param typed the secret as people type it: base32, in groups */
  constructor(typed) {
    this.#secret = bytes(typed.replace(/\s/g, ''));
  }

  /**
   * A code that was not used before. The one that has just gone from the screen is still right, for
   * slow typists, and is taken first: so a test that needs two codes seldom waits for the second.
   */
  async code() {
    for (;;) {
      const now = Date.now();
      const current = Math.floor(now / HALF_MINUTE);
      const step = Math.max(current - 1, this.#used + 1);
      const inTime = step === current || (step < current && HALF_MINUTE - (now % HALF_MINUTE) > TIME_TO_TYPE);
      if (inTime) {
        this.#used = step;
        return this.#at(step);
      }
      await pause(200);
    }
  }

  /** Six digits that are right neither now nor in the next minutes. */
  wrongCode() {
    const current = Math.floor(Date.now() / HALF_MINUTE);
    const right = [-2, -1, 0, 1, 2, 3].map((distance) => this.#at(current + distance));
    return ['123456', '234567', '345678', '456789', '567890', '678901', '789012'].find((code) => !right.includes(code));
  }

  #at(step) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac('sha1', this.#secret).update(counter).digest();
    const offset = digest.at(-1) & 0xf;
    const number = digest.readUInt32BE(offset) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
  }
}

function bytes(base32) {
  const values = [...base32.toUpperCase()].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter));
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
