// A test program in Python, run in the environment beside it and told where the provider is. It talks in lines of
// JSON: it asks for people to be sent somewhere, and reports each of its tests.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = fileURLToPath(new URL('.venv/bin/python', import.meta.url));

/**
 * @param t the test that it is part of
 * @param whereabouts what it is told at the beginning
 * @param send (address) => where a person comes out who is sent there
 */
export async function runPython(t, program, { whereabouts, send, warnings = [], environment = {} }) {
  assert.ok(existsSync(PYTHON), 'Please run: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt');
  // Writes nothing beside the tests.
  const env = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', ...environment };
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(PYTHON, [...warnings.flatMap((warning) => ['-W', warning]), file], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  child.stdin.on('error', () => {});
  const tell = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  tell(whereabouts);
  let reported = 0;
  for await (const line of createInterface(child.stdout)) {
    const { authorize, test: name, error } = JSON.parse(line);
    if (authorize) {
      tell({ at: (await send(authorize)).url });
    } else {
      reported += 1;
      await t.test(name, () => assert.ok(!error, error));
    }
  }
  assert.equal(await ended, 0);
  assert.ok(reported > 0, 'no test was reported');
}
