// The blocks of every page, as they are shown, against the Markdown: pairs, listings, line tables,
// terminals, boxes.
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { chosen, fences, launch, open, pages, serve, source } = require('./book.cjs');

const LEADS = /^> \*\*(Claim|In fact|The lesson does not mention|课上说|其实|课上没提)/gm;

/** The places of the two listings of each pair. */
function placesOfPairs() {
    return [...document.querySelectorAll('.pair')].map((pair) =>
        [...pair.children].map((figure) => figure.getBoundingClientRect().toJSON()));
}

/** How many pairs the Markdown has: a Python block, and a Rust one with at most a caption and a short sentence between. */
function pairsIn(path) {
    const blocks = source(path).split(/^(```[\w,]+\n.*?^```\n)/gms);
    const plain = (text) => text.replace(/<!--.*?-->/gs, '').replace(/\[(.*?)\]\(.*?\)/gs, '$1').replace(/[*`]/g, '');
    return blocks.filter((block, at) => {
        const between = plain(blocks[at + 1] ?? '').trim().split(/\n{2,}/).filter(Boolean);
        const follows = block.startsWith('```python') && (blocks[at + 2] ?? '').startsWith('```rust');
        return follows && between.length < 3 && between.every((text) => text.length < 140 && !/^([#|>-]|\d\.)/.test(text));
    }).length;
}

/** How each captioned listing begins: its text, and how far its first letter is from the edge. */
function beginnings() {
    return [...document.querySelectorAll('figure code')].map((code) => {
        const shown = (node) => node.data.trim() && !node.parentElement.closest('[hidden]');
        const filter = (node) => (shown(node) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP);
        const text = document.createTreeWalker(code, NodeFilter.SHOW_TEXT, filter).nextNode();
        const range = document.createRange();
        range.setStart(text, text.data.search(/\S/));
        range.setEnd(text, range.startOffset + 1);
        const left = range.getBoundingClientRect().left - code.parentElement.getBoundingClientRect().left;
        return { start: code.innerText.trimStart().slice(0, 20), left };
    });
}

/** For each row of a line table: its code that a listing of its files has, and the lines that its focus marks. */
function markedLines(listings) {
    const comments = [];
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_COMMENT);
    while (walker.nextNode()) comments.push(walker.currentNode);
    const rows = comments.flatMap((comment) => {
        const files = comment.data.match(/ lines: (\S+) (\S+) /)?.slice(1);
        return files ? [...comment.nextElementSibling.querySelectorAll('tbody tr')].map((row) => [row, files]) : [];
    });
    const text = (file) => Object.entries(listings).filter(([name]) => name.split(' ')[1] === file).map(([, code]) => code).join('\n');
    return rows.map(([row, files]) => {
        row.focus();
        const codes = files.map((file, column) => [file, [...row.cells[column].querySelectorAll('code')]]);
        const wanted = codes.flatMap(([file, all]) => all.map((code) => code.textContent).filter((code) => text(file).includes(code)));
        const marks = row.matches('.on') ? [...document.querySelectorAll('.line-mark')] : [];
        const marked = marks.map((mark) => {
            const { top, height } = mark.getBoundingClientRect();
            const code = mark.parentElement.querySelector('code');
            const first = code.getBoundingClientRect().top + parseFloat(getComputedStyle(code).paddingTop);
            return code.innerText.split('\n')[Math.round((top - first) / height)] ?? '';
        });
        return { wanted, marked };
    });
}

/** The terminals as they are shown. */
function terminals() {
    return [...document.querySelectorAll('pre.terminal')].map((terminal) => ({
        name: terminal.querySelector('.bar span').textContent,
        copied: terminal.querySelector('.bar button')?.dataset.clipboardText,
        shown: terminal.querySelector('code').textContent,
        typed: [...terminal.querySelectorAll('.typed')].map((part) => part.textContent),
    }));
}

/** The terminals as the Markdown has them. */
function terminalsIn(path) {
    const chinese = { server: '服务端', client: '客户端', first: '第一个客户端', second: '第二个客户端', '': '终端' };
    return fences(path).filter(({ language }) => language === 'console').map(({ text }) => {
        const name = text.match(/^\(?([a-z][a-z0-9]*)(?:\)\n|\$ )/)?.[1] ?? '';
        const commands = [...text.matchAll(/^(?:[a-z][a-z0-9]*)?\$ (.*(?:\n> .*)*)/gm)].map(([, command]) => command.replace(/\n> /g, '\n'));
        return {
            name: path.startsWith('zh/') ? chinese[name] ?? name : name || 'terminal',
            copied: commands.length ? commands.join('\n') : undefined,
            shown: text.replace(/^\([a-z0-9]+\)\n/, ''),
            typed: typedIn(text),
        };
    });
}

/** What somebody types in a console block: commands, their further lines, keys, input of a program. */
function typedIn(text) {
    let command = '';
    return text.trimEnd().split('\n').flatMap((line) => {
        const prompt = line.match(/^[a-z0-9]*\$ /)?.[0];
        if (prompt) {
            command = line;
            return [line.slice(prompt.length)];
        }
        if (line.startsWith('> ')) return [line.slice(2)];
        if (/^\^[CD]$/.test(line)) return [line];
        // Input from a pipe or a file is typed by nobody.
        return line.startsWith('>>:') && !/[|<]/.test(command) ? [line.replace(/^>>: ?/, '')] : [];
    });
}

test('blocks', { concurrency: 2 }, async (all) => {
    const server = await serve();
    const browser = await launch();
    all.after(async () => {
        await browser.close();
        server.close();
    });
    let pairs = 0;
    let rows = 0;
    await Promise.all(chosen.map((path) => all.test(path, async () => {
        const { page, errors } = await open(browser);
        await page.goto(server.url + path);

        const wide = await page.evaluate(placesOfPairs);
        assert.equal(wide.length, pairsIn(path), 'pairs');
        pairs += wide.length;
        for (const [left, right] of wide) {
            assert.ok(left.top === right.top && left.right < right.left && left.height === right.height, 'not side by side');
        }

        const starts = await page.evaluate(beginnings);
        assert.deepEqual(starts.filter(({ start, left }) => /^("""|\/\/!)/.test(start) || left < 10), []);
        assert.ok(starts.some(({ left }) => left < 16) || !starts.length, 'excerpts are indented');

        const listings = Object.fromEntries(fences(path).map(({ comment, text }) => [comment ?? '', text]));
        for (const { wanted, marked } of await page.evaluate(markedLines, listings)) {
            for (const code of wanted) assert.ok(marked.some((line) => line.includes(code)), `${code} is not in ${marked}`);
            assert.ok(marked.every((line) => wanted.some((code) => line.includes(code))), `${marked} for ${wanted}`);
            rows += 1;
        }

        assert.deepEqual(await page.evaluate(terminals), terminalsIn(path));
        const shown = await page.locator('.box > :is(.claim, .fact, .silent)').count();
        assert.ok(shown >= [...source(path).matchAll(LEADS)].length, `${shown} parts of boxes`);
        assert.equal(await page.locator('.button').count(), /start/.test(path) ? 1 : 0, 'buttons');

        await page.setViewportSize({ width: 420, height: 800 });
        for (const [first, second] of await page.evaluate(placesOfPairs)) assert.ok(first.bottom < second.top, 'side by side on a phone');
        assert.deepEqual(errors, []);
        await page.context().close();
    })));
    assert.ok(chosen.length < pages.length || pairs > 60 && rows > 100, `only ${pairs} pairs and ${rows} rows`);
});
