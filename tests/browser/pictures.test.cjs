// The pictures: readable on a phone, in both languages, in the colours of the page's theme.
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { launch, open, pages, serve, source, top } = require('./book.cjs');

const folder = join(top, 'docs/img');
const pictures = readdirSync(folder).filter((name) => name.endsWith('.svg'));

/** What is wrong with the labels of the picture in this page, drawn as wide as a phone shows it. */
function faults(width) {
    const svg = document.querySelector('svg');
    svg.setAttribute('width', width);
    svg.removeAttribute('height');
    const ground = svg.getBoundingClientRect();
    const shapes = [...svg.querySelectorAll('rect')];
    const labels = [...svg.querySelectorAll('text')].map((text) => ({ text, box: text.getBoundingClientRect() }));
    const light = (colour) => {
        const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => part / 255)
            .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const contrast = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    return labels.flatMap(({ text, box }, at) => {
        const found = [];
        const style = getComputedStyle(text);
        const size = parseFloat(style.fontSize) * text.getScreenCTM().a;
        if (size < 11.4) found.push(`${size.toFixed(1)} px high`);
        if (box.left < ground.left || box.right > ground.right || box.bottom > ground.bottom) found.push('beyond the edge');
        const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        const under = shapes.filter((shape) => {
            const { left, right, top: upper, bottom } = shape.getBoundingClientRect();
            return getComputedStyle(shape).fill !== 'none' && left <= middle[0] && right >= middle[0] && upper <= middle[1] && bottom >= middle[1];
        }).at(-1);
        const ratio = contrast(style.fill, getComputedStyle(under).fill);
        if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}`);
        for (const other of labels.slice(at + 1)) {
            const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
            const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
            // Boxes of text are higher than its letters.
            if (across > 1 && down > 5) found.push(`over "${other.text.textContent}"`);
        }
        return found.map((fault) => `"${text.textContent}" is ${fault}`);
    });
}

test('pictures', async (all) => {
    const server = await serve();
    const browser = await launch();
    all.after(async () => {
        await browser.close();
        server.close();
    });

    await all.test('every picture is there in both languages, with as many labels, and a page shows it', () => {
        const shown = pages.map(source).join('\n');
        const labels = (name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/<text/g)].length;
        for (const name of pictures) {
            assert.ok(shown.includes(`img/${name})`), `no page shows ${name}`);
            if (name.endsWith('.en.svg')) assert.equal(labels(name), labels(name.replace('.en.', '.zh.')), name);
        }
        assert.ok(pictures.length > 20);
    });

    for (const name of pictures) {
        await all.test(`${name} is readable on a phone, light and dark`, async () => {
            const { page, errors } = await open(browser, { viewport: { width: 420, height: 900 } });
            await page.setContent(`<body style="margin:16px">${readFileSync(join(folder, name), 'utf8')}`);
            for (const colorScheme of ['light', 'dark']) {
                await page.emulateMedia({ colorScheme });
                assert.deepEqual(await page.evaluate(faults, 388), [], colorScheme);
            }
            assert.deepEqual(errors, []);
            await page.context().close();
        });
    }

    await all.test('a picture follows the theme that the reader has chosen, not only the system', async () => {
        for (const [colorScheme, theme] of [['light', 'navy'], ['dark', 'light']]) {
            const { page } = await open(browser, { colorScheme });
            await page.goto(`${server.url}en/02-tcp-pair.html`);
            const before = await colourOf(page);
            await page.click('#mdbook-theme-toggle');
            await page.click(`#mdbook-theme-${theme}`);
            const after = await colourOf(page);
            assert.equal(before > 128, colorScheme === 'light');
            assert.equal(after > 128, theme === 'light');
            await page.context().close();
        }
    });

    /** How light the ground of the page's picture is as the browser paints it: the middle of all its bytes. */
    async function colourOf(page) {
        const picture = page.locator('main img').first();
        await picture.scrollIntoViewIfNeeded();
        const png = (await picture.screenshot()).toString('base64');
        return page.evaluate(async (data) => {
            const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
            const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
            const pen = canvas.getContext('2d');
            pen.drawImage(bitmap, 0, 0);
            const bytes = pen.getImageData(0, 0, bitmap.width, bitmap.height).data.filter((_, at) => at % 4 === 0).sort();
            return bytes[bytes.length >> 1];
        }, png);
    }
});
