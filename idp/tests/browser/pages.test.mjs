// Every page, for everybody: named, accessible in light and dark, and fitting a small phone.

import { test } from './harness.mjs';
import { PLACES } from './places.mjs';
import { fits, isAccessible, isNamed } from './reading.mjs';

for (const [name, open] of Object.entries(PLACES)) {
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
