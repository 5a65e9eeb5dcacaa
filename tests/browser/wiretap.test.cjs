// wiretap's page, over conversations that really run.
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { axe, launch, open, top } = require('./book.cjs');

const tool = (name) => join(process.env.CARGO_TARGET_DIR ?? join(top, 'target'), 'debug', name);

/** Waits for an event, but not for ever. */
const soon = (source, event) => once(source, event, { signal: AbortSignal.timeout(20_000) });

/** Starts a tool, and waits until it has printed a line for each of these beginnings. */
async function start(name, args, beginnings) {
    const child = spawn(tool(name), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    process.on('exit', () => child.kill());
    let printed = '';
    const lines = await new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`${name} has printed only: ${printed}`)), 20_000);
        child.stdout.on('data', (data) => {
            printed += data;
            const found = beginnings.map((begin) => printed.match(new RegExp(`^${begin}(.*)\n`, 'm'))?.[1]);
            if (found.every(Boolean)) {
                clearTimeout(late);
                resolve(found);
            }
        });
    });
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const end = async () => {
        child.stdin.end();
        if (!hasEnded()) await soon(child, 'exit');
    };
    return { child, lines, end };
}

/** Sends each message once the answer to the one before has come. */
async function talk(endpoint, messages) {
    const [host, port] = endpoint.split(':');
    const socket = net.connect(Number(port), host);
    for (const message of messages) {
        socket.write(message);
        for (let missing = Buffer.byteLength(message); missing > 0;) {
            missing -= (await soon(socket, 'data'))[0].length;
        }
    }
    socket.end();
    await soon(socket, 'close');
}

test('wiretap', async (all) => {
    const folder = mkdtempSync(join(tmpdir(), 'wiretap-'));
    const server = await start('tcp-server', ['--quiet', '--stop-on-eof', '127.0.0.1:0'], ['listening on ']);
    const browser = await launch();
    all.after(async () => {
        await browser.close();
        await server.end();
        rmSync(folder, { recursive: true });
    });
    const tap = (...flags) => start('wiretap', ['--quiet', '--stop-on-eof', ...flags, '127.0.0.1:0', server.lines[0]], ['listening on ', 'watch at ']);

    /** The rows of the page: what a screen reader says of each. */
    const rows = (page) => page.locator('.row').evaluateAll((all) => all.map(({ textContent }) => textContent.replace(/^[+\d.]+/, '')));

    /** A test with a wiretap and a page of its own, which has reported no error at the end. */
    function feature(name, flags, options, run) {
        return all.test(name, async () => {
            const { child, lines: [endpoint, url], end } = await tap(...flags);
            const { page, errors } = await open(browser, options);
            try {
                await page.goto(url);
                await page.waitForSelector('#state.live');
                await run(page, endpoint, child);
                assert.deepEqual(errors, []);
            } finally {
                await page.context().close();
                await end();
            }
        });
    }

    await feature('events appear as they come, with their bytes and colours', [], {}, async (page, endpoint) => {
        await talk(endpoint, ['hello', 'a\nb']);
        await page.waitForFunction(() => document.querySelectorAll('.row').length >= 8);
        const shown = await rows(page);
        for (const words of ['connects from 127.0.0.1:', 'client → serverhello5 bytes', 'server → clientHELLO5 bytes', 'client → servera\\nb3 bytes', 'client closes its side', 'over: 8 bytes from the client, 8 from the server']) {
            assert.ok(shown.some((row) => row.includes(words)), `${words} is not in\n${shown.join('\n')}`);
        }
        const colours = await page.locator('.row.data .box').evaluateAll((boxes) => boxes.map((box) => getComputedStyle(box).backgroundImage));
        assert.equal(new Set(colours).size, 4);
    });

    await feature('a switch bends the line, and says what is wrong with a value', [], {}, async (page, endpoint) => {
        await page.click('#bend');
        await page.getByLabel('chop, server → client').fill('2');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#bends input.set');
        await talk(endpoint, ['hello']);
        await page.waitForFunction(() => document.querySelectorAll('.row.data').length >= 5);
        const shown = await rows(page);
        assert.ok(shown.some((row) => row.includes('wiretap → clientHE2 bytes chopped to 2')), shown.join('\n'));
        await page.getByLabel('hold, client → server').fill('soon');
        await page.keyboard.press('Tab');
        await page.waitForFunction(() => /soon/.test(document.getElementById('complaint').textContent));
        await page.getByRole('button', { name: 'Straight' }).click();
        await page.waitForFunction(() => !document.querySelector('#bends input.set'));
    });

    await feature('two sends that are held arrive as one box of two colours', ['--hold', 'client:2s'], {}, async (page, endpoint) => {
        const socket = net.connect(Number(endpoint.split(':')[1]), '127.0.0.1');
        socket.setNoDelay(true);
        socket.write('one');
        await page.waitForFunction(() => document.querySelectorAll('.row.data').length >= 1);
        socket.write('two');
        const box = page.locator('.row.w-s.right .box', { hasText: 'onetwo' });
        await box.waitFor();
        const colour = await box.evaluate((element) => getComputedStyle(element).backgroundImage);
        assert.equal(colour.match(/rgb/g).length, 4, colour);
        socket.destroy();
    });

    await feature('the keyboard does all of it', [], {}, async (page, endpoint) => {
        await talk(endpoint, ['hello']);
        await page.waitForFunction(() => document.querySelectorAll('.row').length >= 6);
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        assert.match(await page.locator('.bytes').textContent(), /68 65 6c 6c 6f +hello/);
        await page.keyboard.press('r');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('r');
        assert.match(await page.locator('#ruler').textContent(), /^[\d.]+ ms between/);
        await page.keyboard.press('p');
        await talk(endpoint, ['while it is paused']);
        await page.waitForFunction(() => /waiting/.test(document.getElementById('state').textContent));
        assert.ok(!(await rows(page)).some((row) => row.includes('paused')));
        await page.keyboard.press('p');
        await page.waitForFunction(() => /WHILE IT IS PAUSED/.test(document.getElementById('lanes').textContent));
        await page.selectOption('#which', '1');
        assert.equal(await page.locator('.lane:visible').count(), 1);
        await page.locator('.row').first().focus();
        await page.keyboard.press('c');
        assert.equal(await page.locator('.row').count(), 0);
    });

    await feature('thousands of events leave the page quick, and the newest on it', [], {}, async (page, endpoint) => {
        await talk(endpoint, Array.from({ length: 4000 }, (_, number) => `message ${number}`));
        await page.waitForFunction(() => /MESSAGE 3999/.test(document.getElementById('lanes').textContent), null, { timeout: 60_000 });
        const count = await page.locator('.row').count();
        assert.ok(count > 500 && count <= 2200, `${count} rows`);
        await page.click('#pause');
        assert.equal(await page.locator('#pause').getAttribute('aria-pressed'), 'true');
    });

    await feature('thousands of short conversations leave the page quick, and the newest on it', [], {}, async (page, endpoint) => {
        for (let number = 0; number < 3000; number += 20) {
            await Promise.all(Array.from({ length: 20 }, () => talk(endpoint, ['hello'])));
        }
        await talk(endpoint, ['the last']);
        await page.waitForFunction(() => /THE LAST/.test(document.getElementById('lanes').textContent), null, { timeout: 60_000 });
        for (const part of ['.lane', '#which option']) {
            const count = await page.locator(part).count();
            assert.ok(count > 100 && count < 1000, `${count} of ${part}`);
        }
    });

    await all.test('a record is replayed as the same rows', async () => {
        const file = join(folder, 'talk.jsonl');
        const live = await tap('--record', file);
        const { page } = await open(browser);
        await page.goto(live.lines[1]);
        await talk(live.lines[0], ['hello', '你好']);
        await page.waitForFunction(() => /over:/.test(document.getElementById('lanes').textContent));
        const shown = await rows(page);
        await live.end();
        const replay = await start('wiretap', ['--stop-on-eof', '--replay', file], ['watch at ']);
        await page.goto(replay.lines[0]);
        await page.waitForFunction(() => /over:/.test(document.getElementById('lanes').textContent));
        assert.deepEqual(await rows(page), shown);
        assert.match(await page.locator('#state').textContent(), /all of it/);
        assert.ok(!await page.locator('#bend').isVisible(), 'a record cannot be bent');
        await replay.end();
        await page.context().close();
    });

    await all.test('only what does something to the traffic can be switched, and a picture is in the language of the page', async () => {
        for (const [flags, there, missing] of [[[], 'chop', 'drop'], [['--udp'], 'drop', 'chop']]) {
            const { lines: [, url], end } = await tap(...flags);
            const { page } = await open(browser, { locale: 'zh-CN' });
            await page.goto(url);
            await page.click('#bend');
            await page.waitForSelector('#bends tbody tr');
            assert.equal(await page.getByRole('rowheader', { name: there, exact: true }).count(), 1);
            assert.equal(await page.getByRole('rowheader', { name: missing, exact: true }).count(), 0);
            assert.deepEqual(await page.getByRole('button', { name: '丢三分之一' }).count(), flags.length);
            const [download] = await Promise.all([page.waitForEvent('download'), page.click('#picture')]);
            const svg = readFileSync(await download.path(), 'utf8');
            assert.ok(svg.includes('>客户端<') && !svg.includes('>client<'), svg);
            await page.context().close();
            await end();
        }
    });

    for (const [width, colorScheme, locale] of [[420, 'light', 'en-US'], [420, 'dark', 'zh-CN'], [1400, 'dark', 'en-US'], [1400, 'light', 'zh-CN']]) {
        await feature(`${width} px, ${colorScheme}, ${locale}: nothing is cut off, and axe-core has no complaint`, ['--chop', 'server:7'], { viewport: { width, height: 900 }, colorScheme, locale }, async (page, endpoint) => {
            await talk(endpoint, ['hello', 'x'.repeat(200), '\x00\x01 and \u{1f600}']);
            await page.waitForFunction(() => document.querySelectorAll('.row').length > 20);
            await page.click('#bend');
            await page.locator('.row.data').first().focus();
            await page.keyboard.press('Enter');
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
            assert.equal(await page.evaluate(() => document.documentElement.lang), locale === 'zh-CN' ? 'zh-CN' : 'en');
            // By evaluation, because the page's own rules let no script in.
            await page.evaluate(axe);
            const { violations } = await page.evaluate(() => window.axe.run());
            assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
        });
    }

    await all.test('without the key, or with another, it says what to open', async () => {
        const { lines: [, url], end } = await tap();
        const { page } = await open(browser);
        for (const address of [url.split('#')[0], `${url.split('#')[0]}#0123`]) {
            await page.goto('about:blank');
            await page.goto(address);
            await page.waitForFunction(() => /whole address/.test(document.getElementById('state').textContent));
        }
        await page.context().close();
        await end();
    });
});
