// Every page of both languages, narrow and wide, light and dark.
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { axe, chosen, launch, open, pages, serve } = require('./book.cjs');

/** What axe finds that is serious. Text of any size needs a contrast of 4.5 to 1; dark pages differ in it alone. */
function serious(colorScheme) {
    const contrastRatio = { normal: { expected: 4.5 }, large: { expected: 4.5 } };
    window.axe.configure({ checks: [{ id: 'color-contrast', options: { contrastRatio } }] });
    const runOnly = colorScheme === 'dark' ? ['color-contrast'] : undefined;
    return window.axe.run(document, { resultTypes: ['violations'], ...(runOnly && { runOnly }) }).then(({ violations }) =>
        violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id, nodes }) =>
            `${id}: ${nodes.length} times, ${nodes[0].html.slice(0, 120)} ${nodes[0].failureSummary.slice(0, 200)}`));
}

/** The boxes that are wider than the window and do not scroll by themselves. */
function tooWide() {
    const boxes = [document.documentElement, ...document.querySelectorAll('.page, .content, main')];
    const wide = boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.className || box.tagName);
    const scrolls = (element) => element.closest('.table-wrapper, pre, p:has(img)');
    const beyond = [...document.querySelectorAll('main *')].filter((element) =>
        element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element));
    return [...wide, ...beyond.map((element) => element.outerHTML.slice(0, 100))];
}

/** The characters that no font here has: they look like one that has no meaning. */
function missingGlyphs() {
    const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 40 });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const look = (text, font) => {
        pen.clearRect(0, 0, 40, 40);
        pen.font = font;
        pen.fillText(text, 4, 30);
        return pen.getImageData(0, 0, 40, 40).data.join();
    };
    const missing = new Set();
    for (const element of [document.querySelector('main'), ...document.querySelectorAll('main pre code, main td code')]) {
        const font = `24px ${getComputedStyle(element).fontFamily}`;
        const nothing = look('\u{10fffd}', font);
        for (const character of new Set(element.textContent)) {
            if (character > ' ' && look(character, font) === nothing) missing.add(`${character} in ${font}`);
        }
    }
    return [...missing];
}

/** Line ends that a Chinese page would show as a space within a sentence. */
function gaps() {
    const blocks = [...document.querySelectorAll('main :is(p, li, td, h1, h2, h3)')];
    return blocks.flatMap((block) => block.textContent.match(/.{0,8}[\u4e00-\u9fff，。；：]\s*\n\s*[\u4e00-\u9fff，。；：].{0,8}/g) ?? []);
}

/** The names of the fonts that draw the first elements of a selector. */
async function fonts(page, selector) {
    const session = await page.context().newCDPSession(page);
    await session.send('DOM.enable');
    await session.send('CSS.enable');
    const { root } = await session.send('DOM.getDocument');
    const { nodeIds } = await session.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector });
    const names = new Set();
    for (const nodeId of nodeIds.slice(0, 12)) {
        const used = await session.send('CSS.getPlatformFontsForNode', { nodeId });
        used.fonts.forEach(({ familyName }) => names.add(familyName));
    }
    await session.detach();
    return [...names];
}

/** Chinese characters have the forms of China, and code has letters of one width. */
async function wrongFonts(page, chinese) {
    const lang = await page.evaluate(() => document.documentElement.lang);
    const prose = await fonts(page, 'main > p');
    const code = await fonts(page, 'main pre > code span, main :not(pre) > code');
    const problems = [...prose, ...code].filter((name) => /CJK (JP|KR|TC|HK)/.test(name));
    problems.push(...code.filter((name) => !/Mono|Code|CJK/.test(name)));
    if (code.length && !code.some((name) => /Mono|Code/.test(name))) problems.push(`code in ${code}`);
    if (chinese && !prose.some((name) => /CJK SC/.test(name))) problems.push('no Chinese font');
    if (lang !== (chinese ? 'zh-CN' : 'en')) problems.push(`lang is ${lang}`);
    return problems.map((problem) => `fonts: ${problem}`);
}

test('every page', { concurrency: 2 }, async (all) => {
    const server = await serve();
    const browser = await launch();
    all.after(async () => {
        await browser.close();
        server.close();
    });
    assert.ok(pages.length > 26, `only ${pages}`);
    await Promise.all(chosen.map((path) => all.test(path, async () => {
        const problems = [];
        for (const [width, height] of [[420, 800], [1400, 900]]) {
            const { page, errors } = await open(browser, { viewport: { width, height }, colorScheme: 'light' });
            await page.goto(server.url + path);
            const found = [...await page.evaluate(tooWide), ...await page.evaluate(gaps)];
            await page.evaluate(axe);
            for (const colorScheme of ['light', 'dark']) {
                await page.emulateMedia({ colorScheme });
                await page.waitForFunction((scheme) => getComputedStyle(document.documentElement).colorScheme === scheme, colorScheme);
                found.push(...(await page.evaluate(serious, colorScheme)).map((finding) => `${colorScheme}: ${finding}`));
            }
            if (width > 420) found.push(...await page.evaluate(missingGlyphs), ...await wrongFonts(page, path.startsWith('zh/')));
            problems.push(...[...found, ...errors].map((finding) => `${width} px: ${finding}`));
            await page.context().close();
        }
        assert.deepEqual(problems, []);
    })));
});
