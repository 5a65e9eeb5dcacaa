// What the book's script adds to a page, and what is left without it.
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { built, fences, files, launch, open, pages, serve, source, tools, top } = require('./book.cjs');

const both = pages.filter((path) => path.startsWith('en/') && pages.includes(path.replace('en/', 'zh/')));
const course = [...both, ...both.map((path) => path.replace('en/', 'zh/'))];

test('features', async (all) => {
    const server = await serve();
    const browser = await launch();
    all.after(async () => {
        await browser.close();
        server.close();
    });

    /** A test with a page of its own, which has reported no error at the end. */
    function feature(name, options, run) {
        return all.test(name, async () => {
            const { page, errors } = await open(browser, options);
            await run(page);
            assert.deepEqual(errors, []);
            await page.context().close();
        });
    }

    await all.test('style and script have fewer than 500 lines together', () => {
        const theme = files(join(top, 'docs/theme')).map((file) => readFileSync(join(top, 'docs/theme', file), 'utf8'));
        const lines = theme.join('').match(/\n/g).length;
        assert.ok(lines < 500, `${lines} lines`);
    });

    await feature('the switch leads to the same section and back', {}, async (page) => {
        assert.ok(both.length > 12);
        for (const path of both) {
            await page.goto(server.url + path);
            const count = await page.locator('main :is(h1, h2, h3, h4)').count();
            for (const number of path === both[0] ? [0, 1, Math.floor(count / 2)] : [Math.floor(count / 2)]) {
                await page.goto(server.url + path);
                await page.evaluate((at) => {
                    const heading = document.querySelectorAll('main :is(h1, h2, h3, h4)')[at];
                    heading.style.scrollMarginTop = '60px';
                    heading.scrollIntoView();
                }, number);
                await page.click('.language');
                await page.waitForURL(`**/${path.replace('en/', 'zh/')}*`);
                const there = await sectionOf(page);
                assert.equal(there, number || -1, `${path}, heading ${number}`);
                await page.click('.language');
                await page.waitForURL(`**/${path}*`);
                assert.equal(await sectionOf(page), number || -1);
            }
        }
    });

    /** The number of the heading that the address names, which is in view; -1 for none. */
    function sectionOf(page) {
        return page.evaluate(() => {
            const headings = [...document.querySelectorAll('main :is(h1, h2, h3, h4)')];
            const named = headings.findIndex(({ id }) => id === decodeURIComponent(location.hash.slice(1)));
            const { top } = (headings[named] ?? headings[0]).getBoundingClientRect();
            const bar = document.getElementById('mdbook-menu-bar').getBoundingClientRect();
            return top >= bar.bottom && top < innerHeight ? named : `out of view: ${top}`;
        });
    }

    await feature('previous, next and the table of contents stay within a language', {}, async (page) => {
        const next = {};
        for (const path of pages) {
            await page.goto(server.url + path);
            next[path] = await page.evaluate(() => document.querySelector('.nav-wrapper .next')?.pathname.slice(1));
            const shown = await page.evaluate(() => [...document.querySelectorAll('.sidebar a[href], .nav-wrapper a, .nav-wide-wrapper a')]
                .filter((link) => link.closest('.nav-wide-wrapper') || link.checkVisibility()).map(({ pathname }) => pathname.slice(1)));
            const other = path.startsWith('zh/') ? 'en/' : 'zh/';
            assert.deepEqual(shown.filter((link) => link.startsWith(other)), [], path);
            assert.ok(shown.some((link) => link.startsWith(path.startsWith('zh/') ? 'zh/' : 'en/')), path);
        }
        for (const language of ['en', 'zh']) {
            const seen = [];
            for (let path = `${language}/01-sockets.html`; path && !seen.includes(path); path = next[path]) seen.push(path);
            const missing = both.map((path) => path.replace('en/', `${language}/`)).filter((path) => /\/\d/.test(path) && !seen.includes(path));
            assert.deepEqual(missing, []);
        }
    });

    for (const [language, word, where] of [['zh', '粘包', '06-'], ['en', '粘包', '06-'], ['en', 'sticky', '06-'], ['zh', 'TIME_WAIT', '04-'],
        ['zh', 'time_wait 地址', '04-'], ['zh', '两次recv', '06-'], ['zh', 'sticky', '06-']]) {
        await feature(`search on a page in ${language} finds ${word}`, {}, async (page) => {
            await page.goto(`${server.url}${language}/09-udp.html`);
            await page.click('#mdbook-search-toggle');
            await page.keyboard.type(word);
            await page.waitForURL((url) => url.searchParams.get('search') === word);
            await page.waitForSelector('#mdbook-searchresults > li');
            const found = await page.locator('#mdbook-searchresults > li > a').evaluateAll((links) => links.map(({ href }) => href));
            assert.ok(found.some((link) => link.includes(`/${where}`)), found.join('\n'));
            assert.ok(found[0].includes(`/${language}/`) || language === 'en' && word === '粘包', `first is ${found[0]}`);
            const teasers = await page.locator('#mdbook-searchresults .teaser').allTextContents();
            assert.ok(teasers.some((teaser) => teaser.toLowerCase().includes(word.split(' ')[0].toLowerCase())), teasers.join('\n'));
            await page.click('#mdbook-searchresults > li > a');
            await page.waitForURL(/highlight=/);
            const text = (await page.locator('main').innerText()).replace(/\s/g, '').toLowerCase();
            for (const part of word.toLowerCase().split(' ')) assert.ok(text.includes(part), `${page.url()} has no ${part}`);
        });
    }

    await feature('the two listings of a pair scroll sideways together', {}, async (page) => {
        await page.goto(`${server.url}en/02-tcp-pair.html`);
        const [left, right] = await page.locator('.pair').first().locator('pre').all();
        for (const [own, other] of [[left, right], [right, left]]) {
            await own.hover();
            await own.locator('code').evaluate((code) => { code.scrollLeft = 30; });
            await page.waitForFunction((code) => code.scrollLeft === 30, await other.locator('code').elementHandle());
            await own.locator('code').evaluate((code) => { code.scrollLeft = 0; });
            await page.waitForFunction((code) => code.scrollLeft === 0, await other.locator('code').elementHandle());
        }
    });

    await feature('a row of a line table leads to its lines', {}, async (page) => {
        await page.goto(`${server.url}zh/02-tcp-pair.html`);
        await page.locator('tr.jump').nth(2).hover();
        assert.ok(await page.locator('.line-mark').count() >= 2);
        await page.locator('tr.jump').nth(2).press('Enter');
        await page.waitForFunction(() => {
            const { top } = document.querySelector('.line-mark').getBoundingClientRect();
            return top > 0 && top < innerHeight;
        });
    });

    await feature('the comment at the head of a file opens and closes', {}, async (page) => {
        const isWhole = ({ comment, text }) => comment?.startsWith('listing:') && /^("""|\/\/!)/.test(text);
        const path = course.find((path) => fences(path).some(isWhole));
        if (!path) return; // all listings are excerpts
        await page.goto(server.url + path);
        const figure = page.locator('figure:has(figcaption > button)').first();
        for (const opened of [true, false]) {
            await figure.locator('figcaption > button').click();
            assert.equal(/^("""|\/\/!)/.test(await figure.locator('code').innerText()), opened);
        }
    });

    await feature('the copy button copies the commands', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
        await page.goto(`${server.url}en/05-running-commands.html`);
        const button = page.locator('.bar button').first();
        await button.click();
        await page.waitForFunction((element) => element.textContent === 'copied', await button.elementHandle());
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await button.getAttribute('data-clipboard-text'));
    });

    await feature('a link to a source file shows the file', { acceptDownloads: true }, async (page) => {
        const downloads = [];
        page.on('download', (download) => downloads.push(download.url()));
        const linking = course.filter((path) => /\]\([^)]*\.rs\)/.test(source(path)));
        assert.ok(linking.length > 8);
        for (const path of [linking[0], linking.at(-1)]) {
            await page.goto(server.url + path);
            const link = page.locator('main a[href$=".rs"]').first();
            const file = await link.evaluate(({ pathname }) => pathname);
            await link.click();
            const text = readFileSync(join(built, file), 'utf8');
            assert.equal(await page.locator('dialog[open] code').textContent(), text);
            await page.keyboard.press('Escape');
            await page.waitForSelector('dialog', { state: 'detached' });
        }
        assert.deepEqual(downloads, []);
    });

    await feature('without the script a page is one column, and the contents have both languages', { javaScriptEnabled: false }, async (page) => {
        for (const path of course) {
            await page.goto(server.url + path);
            const text = await page.locator('main').innerText();
            for (const { text: block, language } of fences(path).filter(({ language }) => language !== 'text')) {
                const [line] = block.split('\n').filter((line) => line.length > 12);
                assert.ok(text.includes((line ?? '').trim()), `${path}: ${language} ${line}`);
            }
            const contents = page.frameLocator('iframe.sidebar-iframe-outer').locator('a');
            const links = await contents.evaluateAll((all) => all.map(({ pathname }) => pathname.slice(1)));
            for (const other of course) assert.ok(links.includes(other), `${path}: no link to ${other}`);
        }
    });

    await feature('a start page has a promise, a picture and a button', {}, async (page) => {
        for (const language of ['en', 'zh']) {
            await page.goto(`${server.url}${language}/start.html`);
            assert.ok(await page.locator('h1 + p > strong:first-child').isVisible());
            assert.ok(await page.locator('main img').first().isVisible());
            await page.click('.button');
            await page.waitForURL(`**/${language}/01-sockets.html`);
        }
    });

    await feature('links to a repository are a setting', {}, async (page) => {
        const folder = mkdtempSync(join(tmpdir(), 'book-'));
        const settings = {
            MDBOOK_OUTPUT__HTML__GIT_REPOSITORY_URL: 'https://example.com/dialtone',
            MDBOOK_OUTPUT__HTML__EDIT_URL_TEMPLATE: 'https://example.com/dialtone/edit/main/docs/{path}',
        };
        execFileSync(join(tools, 'bin/mdbook'), ['build', join(top, 'docs'), '--dest-dir', folder], { env: { ...process.env, ...settings }, stdio: 'pipe' });
        const links = () => page.locator('.right-buttons a').evaluateAll((all) => all.map(({ href }) => href).filter((link) => link.includes('example')));
        await page.goto(pathToFileURL(join(folder, 'zh/06-sticky-packets.html')).href);
        assert.deepEqual(await links(), ['https://example.com/dialtone', 'https://example.com/dialtone/edit/main/docs/zh/06-sticky-packets.md']);
        await page.goto(`${server.url}zh/06-sticky-packets.html`);
        assert.deepEqual(await links(), []);
        rmSync(folder, { recursive: true });
    });

    await feature('a page that is not there leads on', {}, async (page) => {
        await page.goto(`${server.url}404.html`);
        await page.locator('.sidebar a').first().click();
        await page.waitForURL(`${server.url}index.html`);
        await page.click('.language');
        await page.waitForURL('**/zh/start.html');
    });

    await feature('the book works from a folder of files', {}, async (page) => {
        await page.goto(pathToFileURL(join(built, 'en/06-sticky-packets.html')).href);
        assert.ok(await page.locator('.pair').count() > 0);
        await page.click('.language');
        await page.waitForURL('**/zh/06-sticky-packets.html*');
        assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
    });
});
