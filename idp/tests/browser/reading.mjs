// Whether a page can be used by everybody: judged by axe-core and by its width. Looks, touches nothing.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const AXE = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/**
 * The contrast that WCAG 2.2 asks for (§1.4.3, level AA). `ignorePseudo`, because axe-core otherwise
 * gives up on all text near a drawn ::before or ::after, which on our pages is all of it; the other
 * options are axe-core's own, which it does not add by itself.
 */
const CONTRAST = {
  ignorePseudo: true,
  ignoreUnicode: true,
  ignoreLength: false,
  boldValue: 700,
  boldTextPt: 14,
  largeTextPt: 18,
  contrastRatio: { normal: { expected: 4.5 }, large: { expected: 3 } },
  pseudoSizeThreshold: 0.25,
  shadowOutlineEmMax: 0.2,
  textStrokeEmMin: 0.03,
};

/** What axe-core is not sure about is left to people, except contrast, where doubt is no pass. */
const CHECK = `
  axe.configure({ checks: [{ id: 'color-contrast', options: ${JSON.stringify(CONTRAST)} }] });
  axe.run(document, { resultTypes: ['violations', 'incomplete'] })
    .then(({ violations, incomplete }) => [
      ...violations,
      ...incomplete.filter(({ id }) => id === 'color-contrast'),
    ])`;

export async function isAccessible(page, colorScheme) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  const problems = await page.evaluate(`${AXE}; ${CHECK}`);
  const found = problems.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html} ${failureSummary}`));
  assert.deepEqual(found, []);
}

export async function fits(page, width) {
  const before = page.viewportSize();
  await page.setViewportSize({ width, height: before.height });
  const wide = await page.evaluate(() => {
    const { clientWidth } = document.documentElement;
    const over = [...document.body.querySelectorAll('*')].filter((element) => {
      const { right, width, left } = element.getBoundingClientRect();
      return width > 1 && (right > clientWidth + 1 || left < -1) && element.closest('.skip') === null;
    });
    const scroll = document.documentElement.scrollWidth - clientWidth;
    return { scroll, over: over.map((element) => element.outerHTML.slice(0, 120)) };
  });
  await page.setViewportSize(before);
  assert.ok(wide.scroll <= 0, `the page is ${wide.scroll} pixels too wide: ${wide.over.join('\n')}`);
}

/** One main heading, a title of its own, a language and the landmarks screen readers jump to. */
export async function isNamed(page) {
  const headings = await page.getByRole('heading', { level: 1 }).allInnerTexts();
  assert.equal(headings.length, 1, 'one main heading');
  assert.match(await page.title(), /^\S.* · Portico$/);
  assert.match(await page.locator('html').getAttribute('lang'), /^(en|de)$/);
  assert.equal(await page.getByRole('main').count(), 1, 'one main landmark');
}
