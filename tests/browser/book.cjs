// What the tests share: the book as it was built, a server for it, a browser, and its sources.
'use strict';
const { createRequire } = require('node:module');
const { readFileSync, readdirSync, statSync } = require('node:fs');
const { createServer } = require('node:http');
const { extname, join, relative } = require('node:path');

const top = join(__dirname, '../..');
const tools = process.env.DIALTONE_TOOLS ?? join(top, 'target/tools');
const packages = createRequire(join(tools, 'browser/package.json'));
const { chromium } = packages('playwright-core');
const built = join(top, 'target/book');
const axe = readFileSync(packages.resolve('axe-core'), 'utf8');

const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

/** All files below a folder, as paths from it. */
function files(folder, from = folder) {
    return readdirSync(folder).flatMap((name) => {
        const path = join(folder, name);
        return statSync(path).isDirectory() ? files(path, from) : [relative(from, path)];
    }).sort();
}

/** The pages of the book: `en/02-tcp-pair.html` and so on. */
const pages = files(built).filter((path) => path.endsWith('.html') && !['toc.html', '404.html'].includes(path));

/** The Markdown of a page. */
function source(page) {
    return readFileSync(join(top, 'docs', page === 'index.html' ? 'README.md' : page.replace(/html$/, 'md')), 'utf8');
}

/** The fenced blocks of a page: language, text, and the comment right above. */
function fences(page) {
    const blocks = source(page).matchAll(/^(?:<!-- ([^\n]*?) -->\n)?```([\w,]+)\n(.*?)^```$/gms);
    return [...blocks].map(([, comment, language, text]) => ({ comment, language: language.split(',')[0], text }));
}

/** Serves a folder on a free port of this machine, as a plain host of pages does. */
async function serve(folder = built) {
    const server = createServer((request, response) => {
        const path = join(folder, decodeURIComponent(new URL(request.url, 'http://x').pathname));
        try {
            const body = readFileSync(path.endsWith('/') ? `${path}index.html` : path);
            response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(body);
        } catch {
            response.writeHead(404).end();
        }
    });
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Starts Debian's Chromium. Only the pages of this book run in it, so root needs no sandbox. */
function launch() {
    return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A page that notes every error that the browser reports. */
async function open(browser, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    const errors = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    // A request that the next page has ended is none that failed.
    page.on('requestfailed', (request) => request.failure().errorText !== 'net::ERR_ABORTED' && errors.push(`${request.url()} failed`));
    return { page, errors };
}

/** The pages that a writer has asked for with DOCS_PAGE, or all of them. */
const chosen = pages.filter((path) => path.includes(process.env.DOCS_PAGE ?? ''));

module.exports = { axe, built, chosen, fences, files, launch, open, pages, serve, source, tools, top };
