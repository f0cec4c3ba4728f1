// scripts/cluster as a process, as somebody at a terminal has it: what it says, and what runs because of it.

import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../browser/patience.mjs';
import { run } from '../browser/processes.mjs';
import { mailsIn } from '../browser/mailbox.mjs';
import { ROOT } from './files.mjs';

const BINARIES = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug');
const START = 60_000;
/** Nodes go on for five seconds after they are told to stop. */
const END = 60_000;

export class Cluster {
  #service;

  static async open(...options) {
    const cluster = new Cluster(options);
    await cluster.#started();
    return cluster;
  }

  constructor(options) {
    this.#service = run(join(ROOT, 'scripts/cluster'), ['--binaries', BINARIES, ...options]);
  }

  get said() {
    return this.#service.output;
  }

  async #started() {
    const started = async () => {
      while (!this.said.includes('Ctrl-C ends it.')) await pause(50);
    };
    const ended = this.#service.ended.then((code) => {
      throw new Error(`it ended with ${code}: ${this.said}`);
    });
    await within(START, 'the cluster', Promise.race([started(), ended]));
  }

  #find(pattern) {
    const found = this.said.match(pattern);
    if (!found) throw new Error(`it did not say ${pattern}:\n${this.said}`);
    return found[1];
  }

  get url() {
    return this.#find(/^Portico +(\S+)/m);
  }

  get clinic() {
    return this.#find(/^Clinic +(\S+)/m);
  }

  get data() {
    return this.#find(/^Data +(\S+)/m);
  }

  get setUpLink() {
    return this.#find(/^Set-up: (\S+)/m);
  }

  /** Every start of a node: its number and its process. */
  get nodes() {
    return [...this.said.matchAll(/^Node (\d) +\S+ \(process (\d+)\)/gm)].map(([, number, pid]) => [number, Number(pid)]);
  }

  /** Processes that run for it: each has its folder in its arguments, in its environment or as its folder. */
  get processes() {
    return runningFor(this.data);
  }

  /** The newest mail to an address under a subject: in Mailpit where that is installed, else in a folder. */
  async mail(address, subject) {
    const mailbox = this.#find(/^Mail +(\S+)/m);
    if (mailbox.startsWith('/')) {
      return (await mailsIn(mailbox)).findLast((mail) => mail.to === address && mail.subject === subject);
    }
    const { messages } = await (await fetch(`${mailbox}/api/v1/messages`)).json();
    return messages.find(({ To, Subject }) => To[0].Address === address && Subject === subject);
  }

  kill(signal) {
    this.#service.child.kill(signal);
  }

  /** @returns its exit code */
  ended() {
    return within(END, 'the end of the cluster', this.#service.ended);
  }
}

function runningFor(folder) {
  const about = (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      // It has ended, or is a stranger's.
      return '';
    }
  };
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.filter((pid) => about(pid, 'cmdline').includes(folder) || about(pid, 'environ').includes(folder));
}
