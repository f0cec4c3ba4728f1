// The walk through every page, for everybody: named, accessible in light and dark, and fitting a small phone. It is the
// longest of all tests, so it goes in parts, side by side.

import { test } from './harness.mjs';
import { PLACES } from './places.mjs';
import { fits, isAccessible, isNamed } from './reading.mjs';

/** Every so many-th page, beginning with one of the first. */
export function walk(first, step) {
  for (const [name, open] of Object.entries(PLACES).filter((_, index) => index % step === first)) {
    test(`the page "${name}"`, async (stage) => {
      const ada = await stage.person();
      const { page } = (await open(ada, stage)) ?? ada;
      await stage.part('has a title, one heading and a language', () => isNamed(page));
      await stage.part('is accessible in light colours', () => isAccessible(page, 'light'));
      await stage.part('is accessible in dark colours', () => isAccessible(page, 'dark'));
      await stage.part('fits a small phone', () => fits(page, 375));
      await stage.part('fits text at four times its size', () => fits(page, 320));
    });
  }
}
